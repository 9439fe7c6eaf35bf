/**
 * A writable branch as it lies on disk. What is in it belongs to the container's processes, so it is walked by programs
 * that follow no link: GNU find for names and kinds, and GNU tar, over directories and devices alone, for what Node can't
 * read, extended attributes. Both run where the container's ids are known: for an ordinary user with granted ids, in a user
 * namespace with the same map.
 */

import {ClocheError} from '../../base/errors.js';
import {startSupervisor} from '../../helper/start.js';
import type {Plan} from '../../helper/plan.js';
import {nsinitPath, nsinitRemedy} from '../../host/assets.js';
import {machineFacts} from '../facts.js';
import {parsePax} from '../files/gnu-format.js';
import {readSome} from '../files/inside.js';
import {planUserMap} from '../plan/namespaces.js';

export interface Entry {
	/** As of find: f d l c b p s. */
	type: string;
	/** Permission bits. */
	mode: number;
	uid: number;
	gid: number;
	size: number;
	/** Seconds and nanoseconds, as `1700000000.123456789`. */
	mtime: string;
	/** A link's text. */
	link: string;
	/** It hides what is below it, by overlay's mark. */
	whiteout: boolean;
	/** Nothing of the lower branches shows in this directory. */
	opaque: boolean;
	/** The lower branches' directory that shows in it instead: absolute, or a name beside it. */
	redirect: string | undefined;
	children: Map<string, Entry>;
}

const BLOCK = 512;

const runHere = async (argv: readonly string[], input: string): Promise<Buffer> => {
	const facts = machineFacts();
	const plan: Plan = {
		namespaces: facts.privileged ? [] : ['user'], join: [],
		...(facts.privileged ? {} : {userMap: planUserMap(facts)}),
		streams: {stdin: 'pipe', stdout: 'pipe', stderr: 'pipe'},
		terminal: false, init: false, cgroups: [], remove: [], create: [],
		start: [{op: 'exec', argv: [...argv], env: [`PATH=${process.env['PATH'] ?? '/usr/bin:/bin'}`, 'LC_ALL=C']}],
	};
	const supervisor = startSupervisor({path: nsinitPath(), remedy: nsinitRemedy(), stdin: 'ignore', stdout: 'ignore'});
	try {
		const launch = supervisor.launch(plan);
		const {stdin, stdout, stderr} = await launch.streams;
		stdin?.end(input);
		const [exit, bytes, said] = await Promise.all([launch.exited, readSome(stdout, Infinity), readSome(stderr)]);
		await launch.released;
		// What went away while it was looked at is no failure: find ends with 1 then, tar with 1 or 2, and both say so.
		const lines = said.toString().split('\n').filter(line => line !== '' && !/No such file or directory|changed as we read it|removed before we read it|^tar: (?:Exiting|Removing)/.test(line));
		if (exit.code === undefined || lines.length > 0) {
			throw new ClocheError(argv[0] ?? '', {why: lines[0] ?? `signal ${exit.signal ?? '?'}`});
		}

		return bytes;
	} finally {
		await supervisor.close();
	}
};

const emptyEntry = (): Entry => ({type: 'd', mode: 0o755, uid: 0, gid: 0, size: 0, mtime: '', link: '', whiteout: false, opaque: false, redirect: undefined, children: new Map()});

/** Type, mode, uid, gid, size, time; then name and link's text, which hold anything but NUL. */
const FORMAT = '%y %m %U %G %s %T@\\0%P\\0%l\\0';

/** What `find -printf` printed, as a tree; find names a directory before what is in it. */
export const parseListing = (text: string): {root: Entry; directories: Map<string, Entry>; devices: Map<string, Entry>} => {
	const root = emptyEntry();
	const directories = new Map([['', root]]);
	const devices = new Map<string, Entry>();
	const fields = text.split('\0');
	for (let at = 0; at + 2 < fields.length; at += 3) {
		const [type = '', mode = '', uid = '', gid = '', size = '', mtime = ''] = fields[at]?.split(' ') ?? [];
		const path = fields[at + 1] ?? '';
		const slash = path.lastIndexOf('/');
		const entry: Entry = {...emptyEntry(), type, mode: Number.parseInt(mode, 8), uid: Number(uid), gid: Number(gid), size: Number(size), mtime: mtime.replace(/(\.\d{9}).*$/, '$1'), link: fields[at + 2] ?? ''};
		directories.get(slash < 0 ? '' : path.slice(0, slash))?.children.set(path.slice(slash + 1), entry);
		if (type === 'd') {
			directories.set(path, entry);
		} else if (type === 'c') {
			devices.set(path, entry);
		}
	}

	return {root, directories, devices};
};

const octal = (bytes: Buffer, offset: number, length: number): number => Number.parseInt(bytes.toString('latin1', offset, offset + length).replace(/\0.*$/s, '').trim() || '0', 8);

/** Overlay's marks, out of a pax archive of directories and devices alone. */
export const readMarks = (archive: Buffer, directories: ReadonlyMap<string, Entry>, devices: ReadonlyMap<string, Entry>): void => {
	let records = new Map<string, Buffer>();
	for (let at = 0; at + BLOCK <= archive.length; at += BLOCK) {
		const type = String.fromCharCode(archive[at + 156] ?? 0);
		if (type === '\0') {
			break; // The end: two empty blocks.
		}

		if (type === 'x') {
			const size = octal(archive, at + 124, 12);
			records = parsePax(archive.subarray(at + BLOCK, at + BLOCK + size));
			at += Math.ceil(size / BLOCK) * BLOCK;
			continue;
		}

		const mark = (name: string): string | undefined => (records.get(`SCHILY.xattr.trusted.overlay.${name}`) ?? records.get(`SCHILY.xattr.user.overlay.${name}`))?.toString();
		const path = (records.get('path')?.toString() ?? archive.toString('utf8', at, at + 100).replace(/\0.*$/s, '')).replace(/^\.\//, '').replace(/\/$/, '');
		const directory = directories.get(path);
		const device = devices.get(path);
		if (type === '5' && directory !== undefined) {
			directory.opaque = mark('opaque') === 'y';
			directory.redirect = mark('redirect');
		} else if (type === '3' && device !== undefined) {
			device.whiteout = octal(archive, at + 329, 8) === 0 && octal(archive, at + 337, 8) === 0;
		}

		records = new Map();
	}
};

/** aufs' marks, which are files. */
export const readAufsMarks = (directory: Entry): void => {
	for (const [name, entry] of [...directory.children]) {
		if (!name.startsWith('.wh.')) {
			readAufsMarks(entry);
			continue;
		}

		directory.children.delete(name);
		if (name === '.wh..wh..opq') {
			directory.opaque = true;
		} else if (!name.startsWith('.wh..wh.')) {
			directory.children.set(name.slice(4), {...emptyEntry(), type: 'c', whiteout: true});
		}
	}
};

/**
 * All that is in a branch.
 *
 * @param driver its storage driver, whose marks are read
 */
export const readBranch = async (directory: string, driver: string): Promise<Entry> => {
	const listing = await runHere(['find', directory, '-mindepth', '1', '-printf', FORMAT], '');
	const {root, directories, devices} = parseListing(listing.toString());
	if (driver === 'aufs') {
		readAufsMarks(root);
	} else if (driver === 'overlay') {
		const names = ['.', ...[...directories.keys(), ...devices.keys()].filter(path => path !== '').map(path => `./${path}`)];
		const archive = await runHere([
			'tar', '--create', '--file=-', `--directory=${directory}`, '--format=pax', '--xattrs', '--xattrs-include=trusted.overlay.*', '--xattrs-include=user.overlay.*',
			'--no-recursion', '--null', '--verbatim-files-from', '--files-from=-',
		], `${names.join('\0')}\0`);
		readMarks(archive, directories, devices);
	}

	return root;
};
