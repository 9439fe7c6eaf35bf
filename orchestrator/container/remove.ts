/** Removes a container, whoever else is at it. */

import {existsSync} from 'node:fs';
import {setTimeout as pause} from 'node:timers/promises';
import {ClocheError, isErrno} from '../base/errors.js';
import {isAlive} from '../base/process.js';
import {ownIdentity} from './owner.js';
import {killContainer} from './stop.js';
import {dropCgroups} from './store/cgroups.js';
import type {Claim} from './store/claim.js';
import {appendEvent, subjectOf} from './store/events.js';
import {readInit} from './store/exit.js';
import {findContainer, type FoundContainer, isUp, resolveId} from './store/find.js';
import {occupyContainer, removeContainer} from './store/keep.js';
import {containerDirectory, type StateRoots} from './store/roots.js';

/** A removal by somebody else takes as long as its branch is large. */
const PATIENCE_MS = 60_000;
const PAUSE_MS = 10;

/** `undefined` where its files can't be read: it can be removed all the same. */
const findReadable = (roots: StateRoots, id: string): FoundContainer | undefined => {
	try {
		return findContainer(roots, id);
	} catch (error) {
		if (error instanceof ClocheError) {
			return undefined;
		}

		throw error;
	}
};

/** What it does by then is for the next look at it to tell. */
const kill = async (roots: StateRoots, id: string, found: FoundContainer | undefined): Promise<void> => {
	const init = readInit(containerDirectory(roots, id));
	if (found === undefined && init !== undefined && isAlive(init)) {
		try {
			process.kill(init.pid, 'SIGKILL');
		} catch (error) {
			if (!isErrno(error, 'ESRCH')) {
				throw error;
			}
		}
	} else if (found !== undefined && isUp(found.state)) {
		await killContainer(found, roots);
	}
};

const isThere = (roots: StateRoots, id: string): boolean => existsSync(containerDirectory(roots, id));

/** `undefined` where it is gone by now. */
const occupy = (roots: StateRoots, id: string): Claim | undefined => {
	try {
		return occupyContainer(roots, id, ownIdentity());
	} catch (error) {
		if (isThere(roots, id)) {
			throw error;
		}

		return undefined;
	}
};

const removeOccupied = (roots: StateRoots, claim: Claim): void => {
	const {id} = claim;
	const record = findReadable(roots, id)?.record;
	dropCgroups(roots, id, record?.cgroups);
	removeContainer(roots, claim);
	if (record !== undefined) {
		appendEvent(roots, 'destroy', subjectOf(record));
	}
};

/**
 * Remove a container that has ended, whatever state its files are in.
 *
 * @param word its name, its id, or the beginning of that
 * @throws ClocheError where it runs, or there is none
 */
export const removeEnded = (roots: StateRoots, word: string): void => {
	const id = resolveId(roots, word);
	const found = findReadable(roots, id);
	if (found !== undefined && isUp(found.state)) {
		throw new ClocheError('the container runs', {where: word, why: found.state, remedy: 'stop it first, or give --force'});
	}

	const claim = occupy(roots, id);
	if (claim !== undefined) {
		removeOccupied(roots, claim);
	}
};

/**
 * The same for one that may run: it is killed. Where others are at it, too, it is fine if it is gone in the end.
 *
 * @throws ClocheError where it doesn't end, or there is none
 */
export const removeByForce = async (roots: StateRoots, word: string): Promise<void> => {
	const id = resolveId(roots, word);
	for (const deadline = Date.now() + PATIENCE_MS; isThere(roots, id);) {
		try {
			await kill(roots, id, findReadable(roots, id));
			const claim = occupy(roots, id);
			if (claim !== undefined) {
				removeOccupied(roots, claim);
				return;
			}
		} catch (error) {
			if (!(error instanceof ClocheError) || Date.now() > deadline) {
				throw error;
			}
		}

		await pause(PAUSE_MS);
	}
};
