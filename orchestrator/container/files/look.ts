/** What is where, inside a container and here. */

import {lstatSync, realpathSync, statSync, type Stats} from 'node:fs';
import {posix} from 'node:path';
import {ClocheError, isErrno} from '../../base/errors.js';
import type {Inside, Said} from './inside.js';
import type {Kind, Place} from './rules.js';

const S_IFMT = 0o170_000;
const S_IFDIR = 0o040_000;

/** The words of errno, with which busybox's line ends; a name before them may hold anything. */
const reasonOf = ({stderr, code, signal}: Said): string => {
	const text = stderr.trimEnd();
	return text.includes(': ') ? text.slice(text.lastIndexOf(': ') + 2) : text === '' ? signal === undefined ? `status ${code ?? '?'}` : `signal ${signal}` : text;
};

/** What an applet said in vain, as an error. */
export const insideError = (what: string, where: string, said: Said): ClocheError => new ClocheError(what, {where, why: reasonOf(said)});

const MISSING = 'No such file or directory';

/** @param follow whether a link counts as what it leads to */
export const kindInside = async (inside: Inside, {path, slash}: Pick<Place, 'path' | 'slash'>, follow: boolean): Promise<Kind> => {
	const said = await inside.output(['stat', ...(follow ? ['-L'] : []), '-c', '%f', '--', slash && path !== '/' ? `${path}/` : path]);
	if (said.code !== 0) {
		if (reasonOf(said) === MISSING) {
			return 'missing';
		}

		throw insideError('cannot look into the container', path, said);
	}

	return (Number.parseInt(said.stdout, 16) & S_IFMT) === S_IFDIR ? 'directory' : 'other';
};

/** The destination without links, which may be missing itself. */
export const resolveInside = async (inside: Inside, path: string): Promise<string> => {
	const said = await inside.output(['readlink', '-f', '-n', '--', path]);
	if (said.code !== 0 || said.stdout === '') {
		throw new ClocheError('cannot copy', {where: path, why: 'there is no such directory in the container', remedy: `make it first: ${posix.dirname(path)}`});
	}

	return said.stdout;
};

const statusHere = (path: string, follow: boolean): Stats | undefined => {
	try {
		return (follow ? statSync : lstatSync)(path);
	} catch (error) {
		if (isErrno(error, 'ENOENT')) {
			return undefined;
		}

		throw new ClocheError('cannot copy', {where: path, cause: error});
	}
};

export const kindHere = ({path, slash}: Pick<Place, 'path' | 'slash'>, follow: boolean): Kind => {
	const status = statusHere(slash && path !== '/' ? `${path}/` : path, follow);
	return status === undefined ? 'missing' : status.isDirectory() ? 'directory' : 'other';
};

/**
 * Whoever unpacks a file puts it in the place of what is there: a device, a pipe or a socket would be gone (docker cp
 * refuses these, too).
 *
 * @throws ClocheError where it is one
 */
export const refuseSpecial = (path: string): void => {
	const status = statusHere(path, false);
	if (status !== undefined && !status.isFile() && !status.isDirectory() && !status.isSymbolicLink()) {
		throw new ClocheError('cannot copy', {where: path, why: 'it is neither a file nor a directory', remedy: 'name another destination, or - for a tar stream'});
	}
};

/** The same of a destination, links in it followed. */
export const resolveHere = (path: string): string => {
	if (statusHere(path, true) !== undefined) {
		return realpathSync(path);
	}

	if (statusHere(path, false) !== undefined) {
		throw new ClocheError('cannot copy', {where: path, why: 'it is a link that leads nowhere', remedy: 'name another destination'});
	}

	const parent = posix.dirname(path);
	if (statusHere(parent, true)?.isDirectory() !== true) {
		throw new ClocheError('cannot copy', {where: path, why: 'there is no such directory', remedy: `make it first: ${parent}`});
	}

	return posix.join(realpathSync(parent), posix.basename(path));
};
