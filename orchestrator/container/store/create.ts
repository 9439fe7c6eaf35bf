/**
 * A container's place on disk. In the way of every start, so it costs as few system calls as it can: the claim, the
 * directory, the record. The claim comes first and goes last; from it `gc` finds the rest, whoever dies in between.
 */

import {chmodSync, existsSync, mkdirSync, writeFileSync} from 'node:fs';
import {writeAtomic} from '../../base/atomic.js';
import {ClocheError, isErrno} from '../../base/errors.js';
import {newId} from '../../base/id.js';
import type {ProcessIdentity} from '../../base/process.js';
import {type Claim, dropClaim, makeClaim} from './claim.js';
import {initPath} from './exit.js';
import {collectGarbage} from './gc.js';
import {NAME_RULE, claimName, isName, nameDirectory, nameEntry, nameHolder, releaseName} from './names.js';
import {markOccupied} from './occupied.js';
import {type ContainerRecord, RECORD_VERSION, recordPath} from './record.js';
import {removeTree} from './remove-tree.js';
import {containerDirectory, runDirectory, type StateRoots} from './roots.js';

export interface NewContainer extends Omit<ContainerRecord, 'version' | 'id' | 'created'> {
	/** A fresh one where it isn't given. */
	id?: string;
	/** The process that answers for it: the supervisor that is to run it. */
	owner: ProcessIdentity;
	/** It has a directory of its own for branches; without one, its record is all that it has on disk. */
	branches?: boolean;
	/** Ids that are nobody's outside must be able to reach the branches: the container has a user namespace with a range of ids. */
	traversable?: boolean;
}

export interface StoredContainer {
	id: string;
	/** For the storage driver to fill. */
	directory: string;
	record: ContainerRecord;
	claim: Claim;
	/** What the helper is to remove once the container is gone, in this order: all of it, or for a kept one nothing. */
	remove: string[];
}

const idTaken = (id: string): ClocheError => new ClocheError('the container id is taken', {where: id, remedy: 'choose another'});

const makeDirectory = (directory: string, id: string, traversable: boolean): void => {
	try {
		mkdirSync(directory, 0o700);
	} catch (error) {
		throw isErrno(error, 'EEXIST') ? idTaken(id) : error;
	}

	if (traversable) {
		chmodSync(directory, 0o711);
	}
};

const takeName = (roots: StateRoots, name: string, id: string): void => {
	if (!isName(name)) {
		throw new ClocheError('not a container\'s name', {where: name, remedy: NAME_RULE});
	}

	if (claimName(roots, name, id)) {
		return;
	}

	// Whoever has it may be dead. This is the only place where a start has to know.
	collectGarbage(roots);
	for (let holder = nameHolder(roots, name); !claimName(roots, name, id); holder = nameHolder(roots, name)) {
		if (holder !== undefined && !releaseIfStale(roots, name, holder)) {
			throw new ClocheError('the name is taken', {where: name, why: `by container ${holder}`, remedy: 'choose another, or remove that container'});
		}
	}
};

/** A container's directory is made before its name is claimed, so a name without one is a dead one's. */
const releaseIfStale = (roots: StateRoots, name: string, holder: string): boolean => {
	const stale = !existsSync(containerDirectory(roots, holder));
	if (stale) {
		releaseName(roots, name, holder);
	}

	return stale;
};

const makePlace = (roots: StateRoots, {id = newId(), owner, branches = true, traversable = false, ...rest}: NewContainer): StoredContainer => {
	if (!isName(id)) {
		throw new ClocheError('not a container\'s id', {where: id, remedy: NAME_RULE});
	}

	const record: ContainerRecord = {version: RECORD_VERSION, id, created: new Date().toISOString(), ...rest};
	const {name, keep} = record;
	const directory = containerDirectory(roots, id);
	const claim = makeClaim(roots, id, owner);
	if (claim === undefined) {
		throw idTaken(id);
	}

	let made = false;
	try {
		if (branches) {
			makeDirectory(directory, id, traversable);
			made = true;
		}

		const text = `${JSON.stringify(record)}\n`;
		if (keep) {
			writeAtomic(recordPath(directory), text, 0o600);
			markOccupied(directory, owner);
		} else {
			// Not by a rename: half a record of a container that is removed anyway harms nobody.
			writeFileSync(branches ? recordPath(directory) : directory, text, {mode: 0o600, flag: 'wx'});
			made = true;
		}

		if (name !== undefined) {
			takeName(roots, name, id);
		}
	} catch (error) {
		if (made) {
			removeTree(directory);
		}

		dropClaim(claim);
		throw error;
	}

	return {id, directory, record, claim, remove: keep ? [] : removalPaths(roots, record, claim)};
};

/** A symbolic link's error names its text first. */
const placeOf = (error: unknown): string | undefined => {
	const named = error instanceof Error ? ['dest', 'path'].map(key => Reflect.get(error, key) as unknown) : [];
	return named.find(path => typeof path === 'string');
};

/**
 * Make a container's place. Synchronous; nothing of it is left if it throws.
 *
 * @throws ClocheError where the name or the id is taken
 */
export const createContainer = (roots: StateRoots, container: NewContainer): StoredContainer => {
	try {
		return makePlace(roots, container);
	} catch (cause) {
		throw cause instanceof ClocheError ? cause
			: new ClocheError('cannot write state', {where: placeOf(cause) ?? roots.data, cause, remedy: 'put it elsewhere with --root DIR or CLOCHE_ROOT'});
	}
};

/** Everything of a container, in the order in which it may vanish: its name, what it holds, and the claim last. */
export const removalPaths = (roots: StateRoots, {id, name}: Pick<ContainerRecord, 'id' | 'name'>, claim: Claim): string[] => [
	// The helper removes what ends in / only where it is empty: somebody else may have the name by then.
	...(name === undefined ? [] : [nameEntry(roots, name, id), `${nameDirectory(roots, name)}/`]),
	runDirectory(roots, id),
	initPath(containerDirectory(roots, id)),
	containerDirectory(roots, id),
	claim.path,
];
