/**
 * Removes what the dead have left, and touches nothing of the living. Any number may run at once: who takes a claim over
 * does the work, and who dies at it leaves the claim to the next.
 */

import {existsSync} from 'node:fs';
import {ClocheError, isErrno} from '../../base/errors.js';
import {pauseSync} from '../../base/pause.js';
import {type ProcessIdentity, identify, isAlive} from '../../base/process.js';
import {cgroupsFor} from '../../host/cgroup.js';
import {thaw} from '../../host/freezer.js';
import {dropCgroups} from './cgroups.js';
import {releaseAddresses} from './addresses.js';
import {type Claim, dropClaim, isAbandoned, readClaims, takeOver} from './claim.js';
import {appendEvent, subjectOf} from './events.js';
import {initDraft, initPath, readExit, readInit, writeExit} from './exit.js';
import {SUPERVISOR_DIED} from './find.js';
import {nameHolder, releaseName} from './names.js';
import {clearOccupied} from './occupied.js';
import {type ContainerRecord, readRecord} from './record.js';
import {removeTree} from './remove-tree.js';
import {containerDirectory, runDirectory, type StateRoots} from './roots.js';

export interface Garbage {
	/** Ids of containers that are gone now. */
	removed: string[];
	/** Ids of kept ones that were found dead, and have an exit record now. */
	settled: string[];
	/** What couldn't be dealt with, and why; it stays. */
	problems: ClocheError[];
}

export interface GarbageOptions {
	/** How a tree is removed; files of subordinate ids need more than the plain way. */
	remove?: (path: string) => void;
	/** Only this container's claims. */
	id?: string;
}

/** How long a killed init may take to be gone: it is SIGKILLed, and waits for nothing but a disk. */
const PATIENCE_MS = 2000;
const PAUSE_MS = 5;

/** Kill the init that was written down, if that very process still runs, and wait until it does not. */
const killInit = (init: ProcessIdentity | undefined): void => {
	if (init === undefined || !isAlive(init)) {
		return;
	}

	try {
		process.kill(init.pid, 'SIGKILL');
	} catch (error) {
		if (!isErrno(error, 'ESRCH')) {
			throw error;
		}
	}

	for (const deadline = Date.now() + PATIENCE_MS; isAlive(init) && Date.now() < deadline;) {
		pauseSync(PAUSE_MS);
	}
};

/** What `dead` left of one container. The claim is ours by now. */
const bury = (roots: StateRoots, claim: Claim, dead: ProcessIdentity, garbage: Garbage, remove: (path: string) => void): void => {
	const {id} = claim;
	const directory = containerDirectory(roots, id);
	// A frozen one of cgroup version 1 wouldn't even die.
	thaw(cgroupsFor(id, roots.data));
	killInit(readInit(directory));
	releaseAddresses(roots, id);
	// Where it can't be read, or is of a newer version, that is told, and nothing is removed.
	const record = readRecordLeniently(directory);
	dropCgroups(roots, id, record?.cgroups);
	// One whose maker was killed before it had its name never ran, and nobody would find it.
	const named = record?.name === undefined || nameHolder(roots, record.name) === id;
	if (record?.keep === true && named) {
		settle(roots, directory, record, garbage);
		clearOccupied(directory, dead);
	} else {
		if (record?.name !== undefined) {
			releaseName(roots, record.name, id);
		}

		remove(runDirectory(roots, id));
		remove(directory);
		remove(initPath(directory));
		remove(initDraft(directory));
		garbage.removed.push(id);
		if (record?.detached === true) {
			appendEvent(roots, 'destroy', subjectOf(record));
		}
	}

	dropClaim(claim);
};

/** The record of one that isn't kept may be cut short by its writer's death, as it isn't moved into place. */
const readRecordLeniently = (directory: string): ContainerRecord | undefined => {
	try {
		return readRecord(directory);
	} catch (error) {
		if (error instanceof ClocheError && error.cause instanceof SyntaxError && !existsSync(`${directory}/occupied`)) {
			return undefined;
		}

		throw error;
	}
};

/** It ran, and nobody wrote down how it ended; or that was written, and the next run won't come. */
const settle = (roots: StateRoots, directory: string, record: ContainerRecord, garbage: Garbage): void => {
	const {id} = record;
	const init = readInit(directory);
	const exit = readExit(directory);
	if (init !== undefined && !isAlive(init) && exit === undefined) {
		writeExit(directory, {ended: new Date().toISOString(), error: SUPERVISOR_DIED});
		appendEvent(roots, 'die', subjectOf(record), {error: SUPERVISOR_DIED});
	} else if (exit?.restarting === true) {
		writeExit(directory, {...exit, restarting: false});
	}

	removeTree(runDirectory(roots, id));
	garbage.settled.push(id);
};

/** Do something to one container; what goes wrong is noted, and the others get their turn. */
export const attempt = (garbage: Garbage, where: string, act: () => void): void => {
	try {
		act();
	} catch (cause) {
		garbage.problems.push(cause instanceof ClocheError ? cause : new ClocheError('cannot clean up', {where, cause}));
	}
};

/**
 * Remove what abandoned claims tell of. One readdir where nobody died: cheap enough for every start.
 * Throws nothing on account of a single container.
 */
export const collectGarbage = (roots: StateRoots, {remove = removeTree, id}: GarbageOptions = {}): Garbage => {
	const garbage: Garbage = {removed: [], settled: [], problems: []};
	const {claims} = readClaims(roots);
	const abandoned = claims.filter(claim => (id === undefined || claim.id === id) && isAbandoned(claim));
	const self = abandoned.length === 0 ? undefined : identify(process.pid);
	if (self === undefined) {
		return garbage;
	}

	for (const dead of abandoned) {
		attempt(garbage, dead.path, () => {
			// Someone living answers for it, too: the dead one lost a race for the id. Or it was making one that is to be kept,
			// and never said that it is: then its claim tells, when the living one is gone, that nothing of it is wanted.
			if (claims.some(other => other.id === dead.id && !abandoned.includes(other))) {
				const record = readRecordLeniently(containerDirectory(roots, dead.id));
				if (record?.detached !== true || record.keep) {
					dropClaim(dead);
				}

				return;
			}

			const claim = takeOver(roots, dead, self);
			if (claim !== undefined) {
				bury(roots, claim, dead.owner, garbage, remove);
			}
		});
	}

	return garbage;
};
