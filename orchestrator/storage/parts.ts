/**
 * A machine's root for an ordinary user.
 *
 * Inside a user namespace the mounts that came with it are locked together, and overlayfs refuses a lower directory with
 * locked mounts below it: it would show what they cover (clone_private_mount() in the kernel's fs/namespace.c). So `/`
 * can't be a lower branch there, but `/usr` can. This puts such a root together from its entries, each with an overlay of
 * its own; what has mounts below is shown as it is, read-only.
 */

import {accessSync, constants, readdirSync, readFileSync, readlinkSync, symlinkSync} from 'node:fs';
import {join} from 'node:path';
import {isErrno} from '../base/errors.js';
import type {CreateOp} from '../helper/plan.js';
import {isWithin} from './branch-paths.js';
import {makeDirectory, makeLike, makePrivate} from './directories.js';
import type {Part, RootRequest} from './driver.js';
import {overlayOptions} from './overlay-options.js';

/** Kernel views and run-time state of the machine: the container has its own, or none. */
const OWN = new Set(['dev', 'proc', 'run', 'sys']);
/** Everyone writes there; copying such a directory up would need to give it to root, whom the namespace doesn't know. */
const SCRATCH = new Set(['tmp']);

/** The mount points of a text like /proc/self/mountinfo (proc(5): field 5, its spaces and the like in octal). */
export const parseMountPoints = (text: string): string[] =>
	text.split('\n').filter(line => line !== '').map(line =>
		(line.split(' ')[4] ?? '').replaceAll(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))));

/** What to show of `lower` and how, or `undefined` where it has no mounts below and can be a branch in one piece. */
export const readParts = (lower: string): Part[] | undefined => {
	const mounts = parseMountPoints(readFileSync('/proc/self/mountinfo', 'utf8')).filter(point => point !== lower && isWithin(point, lower));
	return mounts.length === 0 ? undefined : readdirSync(lower, {withFileTypes: true}).map((entry): Part => {
		const {name} = entry;
		const path = join(lower, name);
		if (entry.isSymbolicLink()) {
			return {name, show: 'symlink', text: readlinkSync(path)};
		}

		if (!entry.isDirectory()) {
			return {name, show: 'bind', directory: false};
		}

		if (SCRATCH.has(name)) {
			return {name, show: 'directory', mode: 0o1777};
		}

		if (OWN.has(name) || !isReadable(path)) {
			return {name, show: 'directory', mode: OWN.has(name) ? 0o755 : 0o700};
		}

		return mounts.some(point => point !== path && isWithin(point, path)) ? {name, show: 'bind', directory: true} : {name, show: 'overlay'};
	});
};

const isReadable = (path: string): boolean => {
	try {
		accessSync(path, constants.R_OK | constants.X_OK);
		return true;
	} catch (error) {
		if (isErrno(error, 'EACCES')) {
			return false;
		}

		throw error;
	}
};

const places = (directory: string, name: string) => ({upper: join(directory, 'upper', name), work: join(directory, 'work', name)});

/** Make the skeleton: a root directory with every entry's name in it, and branches for those that get an overlay. */
export const prepareParts = ({lowers: [lower = '/'], directory}: RootRequest, parts: readonly Part[]): void => {
	const root = join(directory, 'root');
	makePrivate(join(directory, 'upper'));
	makePrivate(join(directory, 'work'));
	makeLike(root, lower, false);
	for (const part of parts) {
		const path = join(root, part.name);
		if (part.show === 'symlink') {
			makeLink(part.text, path);
		} else if (part.show === 'overlay') {
			const {upper, work} = places(directory, part.name);
			makePrivate(path);
			makeLike(upper, join(lower, part.name), false);
			makePrivate(work);
		} else if (part.show === 'directory') {
			makeDirectory(path, part.mode);
		}
	}
};

const makeLink = (text: string, path: string): void => {
	try {
		symlinkSync(text, path);
	} catch (error) {
		if (!isErrno(error, 'EEXIST')) {
			throw error;
		}
	}
};

/** The operations: the skeleton is the root, and every entry is mounted upon it. */
export const partOperations = ({lowers: [lower = '/'], directory, keep, attributes}: RootRequest, parts: readonly Part[]): CreateOp[] => {
	const own = attributes === undefined ? {} : {attributes: [...attributes]};
	const operations: CreateOp[] = [{
		op: 'bind', source: join(directory, 'root'), target: '/', root: true, ...own,
		why: 'an ordinary user can\'t stack anything on a directory with mounts below it, so the root is put together from its entries',
	}];
	for (const {name, show, ...rest} of parts) {
		const target = `/${name}`;
		if (show === 'overlay') {
			operations.push({
				op: 'overlay', target, lowers: [join(lower, name)], ...places(directory, name),
				options: overlayOptions({volatile: !keep, privileged: false}), ...own,
			});
		} else if (show === 'bind') {
			const directoryToo = 'directory' in rest && rest.directory;
			operations.push({
				op: 'bind', source: join(lower, name), target, create: directoryToo ? 'directory' : 'file', recursive: directoryToo,
				attributes: [...new Set([...attributes ?? [], 'rdonly' as const])],
			});
		}
	}

	return operations;
};
