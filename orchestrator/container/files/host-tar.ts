/**
 * GNU tar on this machine's side. What it is fed names what a container's processes chose, so nothing it says may reach
 * outside of the directory: without -P, GNU tar refuses `..`, makes absolute names relative, and makes links that could
 * lead out only when all else is done; without --keep-directory-symlink a link that stands where a directory is to be is
 * replaced, not followed. No package of npm does as much: tar-fs has no devices, tar none and refuses absolute links.
 */

import {type ChildProcess, spawn} from 'node:child_process';
import {dirname, basename} from 'node:path';
import {ClocheError, isErrno} from '../../base/errors.js';
import {readSome} from './inside.js';

export interface HostTar {
	child: ChildProcess;
	/** Resolves with what it said where it went well, else rejects. */
	ended: Promise<string[]>;
}

/** All paths are bytes to it, and its messages English. */
const ENVIRONMENT = {PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C'};

/** GNU tar's own statuses: 1 is "some files differ", as one that changed while it was read. */
const DIFFERS = 1;

const watch = async (child: ChildProcess): Promise<string[]> => {
	const exit = new Promise<number>((resolve, reject) => {
		child.on('error', cause => {
			reject(new ClocheError('cannot run tar', {cause, ...(isErrno(cause, 'ENOENT') ? {remedy: 'install GNU tar'} : {})}));
		});
		child.on('exit', (code, signal) => {
			resolve(signal === null ? code ?? 0 : -1);
		});
	});
	const [code, said] = await Promise.all([exit, readSome(child.stderr ?? undefined)]);
	const lines = said.toString().split('\n').filter(line => line !== '');
	if (code !== 0 && code !== DIFFERS) {
		throw new ClocheError('tar', {why: lines[0]?.replace(/^tar: /, '') ?? `it ended with status ${code}`});
	}

	return lines;
};

/** The only thing it doesn't take from its arguments is the mask of the modes that it makes. */
const spawnTar = (args: readonly string[], stdio: ['pipe' | 'ignore', 'pipe' | 'ignore', 'pipe']): HostTar => {
	const mask = process.umask(0);
	try {
		const child = spawn('tar', args, {stdio, env: ENVIRONMENT});
		const ended = watch(child);
		ended.catch(() => undefined); // Marks it as handled; whoever awaits it still gets the error.
		return {child, ended};
	} finally {
		process.umask(mask);
	}
};

/** A sed expression that gives every member this name (link targets stay). */
const renaming = (name: string): string => `--transform=flags=r;s|.*|${name.replaceAll(/[\\&|]/g, '\\$&').replaceAll('\n', '\\n')}|`;

const PLAIN = ['--numeric-owner', '--no-xattrs', '--no-acls', '--no-selinux'];

export interface Extraction {
	directory: string;
	/** Give the only member this name. */
	rename?: string | undefined;
	/** Keep owners and set-id bits; else all is the caller's. */
	archive: boolean;
	/** The directory is new, so that it gets its mode from the archive; one that was there stays as it is. */
	fresh: boolean;
}

/** Unpack what is written to its stdin. */
export const extractHere = ({directory, rename, archive, fresh}: Extraction): HostTar => spawnTar([
	'--extract', '--file=-', `--directory=${directory}`, ...PLAIN, '--delay-directory-restore', '--warning=no-timestamp',
	// Without --same-permissions set-id bits go: with the caller's uid they would give what is his to whoever runs them.
	...(archive ? ['--same-owner', '--same-permissions'] : ['--no-same-owner', '--no-same-permissions']),
	...(fresh ? [] : ['--no-overwrite-dir']),
	...(rename === undefined ? [] : [renaming(rename)]),
], ['pipe', 'ignore', 'pipe']);

export interface Packing {
	path: string;
	/** What it is called in the archive; `undefined` for what is in the directory alone. */
	name: string | undefined;
	/** Keep owners; else all is root's. */
	archive: boolean;
}

/** Pack a path of this machine to its stdout. */
export const packHere = ({path, name, archive}: Packing): HostTar => {
	const [directory, member] = name === undefined ? [path, '.'] : [dirname(path), basename(path)];
	return spawnTar([
		'--create', '--file=-', `--directory=${directory}`, '--format=gnu', ...PLAIN,
		...(archive ? [] : ['--owner=root:0', '--group=root:0']),
		...(name === undefined || name === member ? [] : [renaming(name)]),
		'--', member,
	], ['ignore', 'pipe', 'pipe']);
};
