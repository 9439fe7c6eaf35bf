/** The read-only branches together, as a union shows them. No link is followed: of each component it is looked whether it is a directory. */

import {type BigIntStats, type Dirent, lstatSync, readdirSync, readlinkSync} from 'node:fs';
import {isErrno} from '../../base/errors.js';

/** A name in the union: the places that it is made of, the topmost first; more than one only of directories. */
export interface Lower {
	directory: boolean;
	paths: string[];
}

const PREFIX = '.wh.';
const OPAQUE = '.wh..wh..opq';

export const rootOf = (lowers: readonly string[]): Lower => ({directory: true, paths: [...lowers]});

const read = (path: string): Dirent[] => {
	try {
		return readdirSync(path, {withFileTypes: true});
	} catch (error) {
		// As the machine's own root has some that an ordinary user can't list; what is there is not known, so nothing of it differs.
		if (isErrno(error, 'EACCES') || isErrno(error, 'ENOENT') || isErrno(error, 'ENOTDIR')) {
			return [];
		}

		throw error;
	}
};

const hiddenBy = (entry: Dirent, path: string): string | undefined =>
	entry.name.startsWith(PREFIX) ? entry.name.slice(PREFIX.length)
		: entry.isCharacterDevice() && lstatSync(`${path}/${entry.name}`).rdev === 0 ? entry.name : undefined;

const known = new WeakMap<Lower, Map<string, Lower>>();

const merge = ({paths}: Lower): Map<string, Lower> => {
	const children = new Map<string, Lower>();
	const closed = new Set<string>();
	for (const path of paths) {
		const entries = read(path);
		const hidden: string[] = [];
		for (const entry of entries) {
			const {name} = entry;
			const hides = hiddenBy(entry, path);
			if (hides !== undefined) {
				hidden.push(hides);
				continue;
			}

			const above = children.get(name);
			if (above === undefined && !closed.has(name)) {
				children.set(name, {directory: entry.isDirectory(), paths: [`${path}/${name}`.replace('//', '/')]});
			} else if (above?.directory === true && entry.isDirectory() && !closed.has(name)) {
				above.paths.push(`${path}/${name}`);
			}

			if (!entry.isDirectory()) {
				closed.add(name);
			}
		}

		for (const name of hidden) {
			closed.add(name);
		}

		if (entries.some(({name}) => name === OPAQUE)) {
			break;
		}
	}

	return children;
};

/** What is in a directory; nothing is in what is none. */
export const childrenOf = (lower: Lower | undefined): ReadonlyMap<string, Lower> => {
	if (lower?.directory !== true) {
		return new Map();
	}

	const found = known.get(lower) ?? merge(lower);
	known.set(lower, found);
	return found;
};

/** What a path means there; `undefined` where nothing is. */
export const find = (root: Lower, path: string): Lower | undefined => {
	let here: Lower | undefined = root;
	for (const name of path.split('/').filter(part => part !== '')) {
		here = childrenOf(here).get(name);
	}

	return here;
};

export const statusOf = ({paths: [path = '']}: Lower): BigIntStats => lstatSync(path, {bigint: true});

export const linkOf = ({paths: [path = '']}: Lower): string => readlinkSync(path);
