/** Stops all processes of a container where they are, and lets them go on: its cgroup is frozen (cgroups(7)). */

import {readFileSync, writeFileSync} from 'node:fs';
import {ClocheError, isErrno} from '../base/errors.js';
import {isAlive, type ProcessIdentity} from '../base/process.js';
import {cgroupsFor, makeCgroups} from '../host/cgroup.js';
import {askToFreeze, canFreeze, freeze, thaw, whyNoFreezer} from '../host/freezer.js';
import {pidsBelow} from './processes.js';
import {changeRecord} from './store/change.js';
import {appendEvent, subjectOf} from './store/events.js';
import type {FoundContainer} from './store/find.js';
import type {StateRoots} from './store/roots.js';

/** A frozen process doesn't fork, so a few rounds find all. */
const ROUNDS = 100;

const membersOf = (cgroup: string): Set<number> => new Set(readFileSync(`${cgroup}/cgroup.procs`, 'latin1').split('\n').map(Number));

const moveInto = (cgroup: string, pid: number): void => {
	try {
		writeFileSync(`${cgroup}/cgroup.procs`, String(pid));
	} catch (cause) {
		if (!isErrno(cause, 'ESRCH')) {
			throw new ClocheError('cannot pause', {where: `${cgroup}/cgroup.procs`, why: `process ${pid} can't be moved there`, cause});
		}
	}
};

/** A frozen cgroup stops whoever comes into it. */
const gather = (cgroup: string, init: ProcessIdentity): void => {
	for (let round = 0; round < ROUNDS; round++) {
		const there = membersOf(cgroup);
		const missing = pidsBelow(init.pid).filter(pid => !there.has(pid));
		if (missing.length === 0 || !isAlive(init)) {
			return;
		}

		for (const pid of missing) {
			moveInto(cgroup, pid);
		}
	}

	throw new ClocheError('cannot pause', {where: cgroup, why: 'it makes processes faster than they can be stopped'});
};

/** One in the foreground has no cgroup of its own until it is paused. What may be made is written down before. */
const makeFreezer = (roots: StateRoots, {record: {id}}: FoundContainer): string[] => changeRecord(roots, id, (record, write) => {
	const cgroups = record.cgroups ?? cgroupsFor(id, roots.data);
	if (record.cgroups === undefined && cgroups.length > 0) {
		write({...record, cgroups});
	}

	makeCgroups(cgroups);
	return cgroups;
});

const cgroupsOf = (roots: StateRoots, found: FoundContainer): string[] => {
	const {record: {id, name, cgroups}, init} = found;
	if (cgroups !== undefined && canFreeze(cgroups)) {
		return cgroups;
	}

	const made = makeFreezer(roots, found);
	const freezer = made.find(path => canFreeze([path]));
	if (freezer === undefined || init === undefined) {
		throw new ClocheError('cannot pause', {where: name ?? id, why: whyNoFreezer(), remedy: 'root, or a user with a delegated cgroup (systemd-run --user -p Delegate=yes), can'});
	}

	askToFreeze([freezer]);
	try {
		gather(freezer, init);
	} catch (error) {
		thaw([freezer]);
		throw error;
	}

	return made;
};

/**
 * Stop all its processes. Resolves when they stand still.
 *
 * @throws ClocheError where it doesn't run, is paused already, or no cgroup can be had
 */
export const pauseContainer = async (found: FoundContainer, roots: StateRoots): Promise<void> => {
	const {record, state} = found;
	if (state !== 'running') {
		throw new ClocheError(state === 'paused' ? 'the container is paused already' : 'the container does not run', {where: record.name ?? record.id, ...(state === 'paused' ? {} : {why: state})});
	}

	await freeze(cgroupsOf(roots, found));
	appendEvent(roots, 'pause', subjectOf(record));
};

/**
 * Let them go on.
 *
 * @throws ClocheError where it isn't paused
 */
export const unpauseContainer = (found: FoundContainer, roots: StateRoots): void => {
	const {record, state} = found;
	if (state !== 'paused') {
		throw new ClocheError('the container is not paused', {where: record.name ?? record.id, why: state});
	}

	thaw(record.cgroups ?? []);
	appendEvent(roots, 'unpause', subjectOf(record));
};
