/**
 * Claims: who answers for a container. One directory entry each, `live/BOOT-PID-START-ID`, made before anything of the
 * container and removed after everything of it, so that one readdir tells what the dead have left.
 *
 * It is a symbolic link: one system call makes it, and its text has room for the owner's pid namespace. A pid means
 * something only there; a claim from another one (a container that shares our state directory) is never taken for dead.
 */

import {readdirSync, readlinkSync, renameSync, symlinkSync, unlinkSync} from 'node:fs';
import {ignoring, isErrno} from '../../base/errors.js';
import {type ProcessIdentity, bootId, formatIdentity, isAlive, parseIdentity} from '../../base/process.js';
import {liveDirectory, makeRoots, type StateRoots} from './roots.js';

export interface Claim {
	path: string;
	/** The process that answers: the supervisor; an orchestrator that creates, removes or cleans up. */
	owner: ProcessIdentity;
	/** The container. */
	id: string;
}

let namespace: string | undefined;

/** `pid:[4026531836]` */
const ownNamespace = (): string => namespace ??= readlinkSync('/proc/self/ns/pid');

/** Where it stands that `owner` answers for a container. */
export const claimPath = (roots: StateRoots, owner: ProcessIdentity, id: string): string => `${liveDirectory(roots)}/${formatIdentity(owner)}-${id}`;

const parseClaim = (name: string): {owner: ProcessIdentity; id: string} | undefined => {
	const [, identity, id] = /^([\da-f]{8}-\d+-\d+)-([a-zA-Z\d].*)$/.exec(name) ?? [];
	const owner = identity === undefined ? undefined : parseIdentity(identity);
	return owner === undefined || id === undefined ? undefined : {owner, id};
};

/**
 * Claim a container for a process. Makes the state directories where they are missing.
 *
 * @returns `undefined` where that process has that claim already
 */
export const makeClaim = (roots: StateRoots, id: string, owner: ProcessIdentity): Claim | undefined => {
	const path = claimPath(roots, owner, id);
	try {
		symlinkSync(ownNamespace(), path);
	} catch (error) {
		if (isErrno(error, 'EEXIST')) {
			return undefined;
		}

		// Asked for only when it fails: this is in the way of every start.
		if (!isErrno(error, 'ENOENT')) {
			throw error;
		}

		makeRoots(roots);
		symlinkSync(ownNamespace(), path);
	}

	return {path, owner, id};
};

export const dropClaim = ({path}: Claim): void => {
	ignoring(['ENOENT'], () => {
		unlinkSync(path);
	});
};

/** All claims; entries that are none (a newer version's, say) are named in `unknown`, and nobody touches them. */
export const readClaims = (roots: StateRoots): {claims: Claim[]; unknown: string[]} => {
	const claims: Claim[] = [];
	const unknown: string[] = [];
	for (const name of readNames(liveDirectory(roots))) {
		const parsed = parseClaim(name);
		if (parsed === undefined) {
			unknown.push(name);
		} else {
			claims.push({path: `${liveDirectory(roots)}/${name}`, ...parsed});
		}
	}

	return {claims, unknown};
};

/** The names in a directory; none where there is no directory. */
export const readNames = (directory: string): string[] => {
	try {
		return readdirSync(directory);
	} catch (error) {
		if (isErrno(error, 'ENOENT')) {
			return [];
		}

		throw error;
	}
};

/** Where the claim was made; `undefined` where it is gone by now. */
const namespaceOf = ({path}: Claim): string | undefined => {
	try {
		return readlinkSync(path);
	} catch (error) {
		if (isErrno(error, 'ENOENT')) {
			return undefined;
		}

		throw error;
	}
};

/** Whether the owner is gone for certain: of another boot, or not to be found where it was a process. */
export const isAbandoned = (claim: Claim): boolean => {
	if (claim.owner.boot !== bootId()) {
		return true;
	}

	return !isAlive(claim.owner) && namespaceOf(claim) === ownNamespace();
};

/**
 * Take an abandoned claim over: of all who try, one gets it, and if that one dies at it, the next finds it abandoned again.
 *
 * @returns the new claim, or `undefined` where someone else was first
 */
export const takeOver = (roots: StateRoots, claim: Claim, owner: ProcessIdentity): Claim | undefined => {
	const path = claimPath(roots, owner, claim.id);
	try {
		renameSync(claim.path, path);
	} catch (error) {
		if (isErrno(error, 'ENOENT')) {
			return undefined;
		}

		throw error;
	}

	return {path, owner, id: claim.id};
};
