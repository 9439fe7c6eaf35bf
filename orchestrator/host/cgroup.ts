/**
 * A container's cgroups: one of version 2, which freezes and counts, and where version 2 has no memory controller, one of
 * version 1 that knows of memory. `…/cloche-ROOT-ID`, where ROOT tells state roots apart; below our own cgroup without
 * privilege. (A directory of ours above them would be left when they are gone.) What this machine doesn't let us have is simply not there.
 */

import {accessSync, constants, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync} from 'node:fs';
import {ClocheError, isErrno} from '../base/errors.js';
import {hash} from '../base/hash.js';
import {pauseSync} from '../base/pause.js';
import {type CgroupMounts, directoryOf, parseCgroupMounts, parseOwnCgroups} from './cgroup-mounts.js';
import {isPrivileged} from './privilege.js';

const OURS = 'cloche-';
/** Of version 2, where it can be had: it knows of the OOM killer and the peak. No other, while nothing asks for its limits. */
const WANTED = ['memory'];
/** A process that has just ended keeps its cgroup busy until it is reaped. */
const BUSY_ROUNDS = 50;
const PAUSE_MS = 2;

const readText = (path: string): string => {
	try {
		return readFileSync(path, 'latin1');
	} catch {
		return ''; // It isn't there, or nothing we may know.
	}
};

const canUse = (directory: string): boolean => {
	try {
		accessSync(directory, constants.W_OK);
		return true;
	} catch {
		return false; // Mounted read-only, say, as inside a container.
	}
};

/** Who isn't root can move processes only between cgroups below one whose cgroup.procs is his (cgroups(7), delegation). */
const mayMove = (directory: string): boolean => {
	try {
		accessSync(`${directory}/cgroup.procs`, constants.W_OK);
		return true;
	} catch {
		return false;
	}
};

/** One by one: whoever lacks one still gets the others. */
const enableControllers = (directory: string): void => {
	for (const name of WANTED) {
		try {
			writeFileSync(`${directory}/cgroup.subtree_control`, `+${name}`);
		} catch {
			// It has processes of its own, or this controller belongs to version 1.
		}
	}
};

const parentIn = (mounts: CgroupMounts, name: string): string | undefined => {
	const mount = mounts.get(name);
	if (mount === undefined) {
		return undefined;
	}

	if (isPrivileged()) {
		return canUse(mount.path) ? mount.path : undefined;
	}

	const cgroup = parseOwnCgroups(readText('/proc/self/cgroup')).get(name);
	const own = cgroup === undefined ? undefined : directoryOf(mount, cgroup);
	return own !== undefined && mayMove(own) && canUse(own) ? own : undefined;
};

const findParents = (): readonly string[] => {
	const mounts = parseCgroupMounts(readText('/proc/self/mountinfo'));
	const v2 = parentIn(mounts, 'v2');
	if (v2 !== undefined && readText(`${v2}/cgroup.controllers`).trim() !== '') {
		enableControllers(v2);
	}

	const hasMemory = v2 !== undefined && readText(`${v2}/cgroup.subtree_control`).split(/\s/u).includes('memory');
	const names = [...(hasMemory ? [] : ['memory']), ...(v2 === undefined ? ['freezer'] : [])];
	const parents = [v2, ...names.map(name => parentIn(mounts, name))].filter(path => path !== undefined);
	return [...new Set(parents)]; // Version 1 can have several controllers in one hierarchy.
};

let known: readonly string[] | undefined;

/** The directories in which containers have theirs; none where we may have none. Looked for once. */
const ownParents = (): readonly string[] => known ??= findParents();

/**
 * The cgroup directories to make for a container; none where there can be none.
 *
 * @param data the state's data root: containers of another one are never taken for ours
 */
export const cgroupsFor = (id: string, data: string): string[] => ownParents().map(parent => `${parent}/${OURS}${hash(data)}-${id}`);

/** All there are of a state root's containers, with the container's id. */
export const listCgroups = (data: string): Array<{id: string; path: string}> => {
	const prefix = `${OURS}${hash(data)}-`;
	return ownParents().flatMap(parent => readdirSync(parent)
		.filter(name => name.startsWith(prefix))
		.map(name => ({id: name.slice(prefix.length), path: `${parent}/${name}`})));
};

/** Make them. They are written down by now. */
export const makeCgroups = (paths: readonly string[]): void => {
	for (const path of paths) {
		try {
			mkdirSync(path, 0o755);
		} catch (cause) {
			if (!isErrno(cause, 'EEXIST')) {
				throw new ClocheError('cannot make the container\'s cgroup', {where: path, cause});
			}
		}
	}
};

/** Those that a payload made in it go first. */
const removeBelow = (path: string): void => {
	for (const entry of readdirSync(path, {withFileTypes: true})) {
		if (entry.isDirectory()) {
			removeCgroup(`${path}/${entry.name}`);
		}
	}
};

const removeCgroup = (path: string): void => {
	for (let round = 1; ; round++) {
		try {
			removeBelow(path);
			rmdirSync(path);
			return;
		} catch (cause) {
			if (isErrno(cause, 'ENOENT')) {
				return;
			}

			if (!isErrno(cause, 'EBUSY') || round === BUSY_ROUNDS) {
				throw new ClocheError('cannot remove a container\'s cgroup', {where: path, cause});
			}

			pauseSync(PAUSE_MS);
		}
	}
};

/**
 * Remove them; what isn't there is fine.
 *
 * @throws ClocheError where processes stay in one
 */
export const removeCgroups = (paths: readonly string[]): void => {
	for (const path of paths) {
		removeCgroup(path);
	}
};
