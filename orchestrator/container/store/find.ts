/** What containers there are, and in what state. */

import {existsSync} from 'node:fs';
import {ClocheError} from '../../base/errors.js';
import type {ProcessIdentity} from '../../base/process.js';
import {isFrozen} from '../../host/freezer.js';
import {type Claim, isAbandoned, readClaims, readNames} from './claim.js';
import {type ExitRecord, readExit, readInit} from './exit.js';
import {nameHolder} from './names.js';
import {isOccupiedBy} from './occupied.js';
import {type ContainerRecord, readRecord} from './record.js';
import {containerDirectory, containersDirectory, type StateRoots} from './roots.js';

/**
 * created: made, and never run, or its run is being prepared · running · paused: all its processes are stopped ·
 * restarting: its run has ended, and the next one is waited for · exited: its exit record tells how ·
 * dead: it ran, and whoever answered for it is gone without a word
 */
export type ContainerState = 'created' | 'running' | 'paused' | 'restarting' | 'exited' | 'dead';

/** It has processes, or is about to have some again. */
export const isUp = (state: ContainerState): boolean => state === 'running' || state === 'paused' || state === 'restarting';

export interface FoundContainer {
	record: ContainerRecord;
	directory: string;
	state: ContainerState;
	/** Its init, where one was written down. */
	init?: ProcessIdentity;
	exit?: ExitRecord;
	/** Who answers for it, if anyone does. */
	owner?: ProcessIdentity;
}

export interface Containers {
	/** By time of creation, the oldest first. */
	containers: FoundContainer[];
	/** Records that couldn't be read, each named; they are left as they are. */
	problems: ClocheError[];
}

/** What gc writes down of a run whose end nobody saw. */
export const SUPERVISOR_DIED = 'supervisor died';

/** The state that the files of a container tell of, whether it is paused apart. */
export const stateOf = (alive: boolean, ran: boolean, exit: Pick<ExitRecord, 'restarting' | 'error'> | undefined): ContainerState => {
	if (exit !== undefined) {
		return alive && exit.restarting === true ? 'restarting' : exit.error === SUPERVISOR_DIED ? 'dead' : 'exited';
	}

	return !ran ? 'created' : alive ? 'running' : 'dead';
};

/** Claims of the living, by container. */
const livingClaims = (roots: StateRoots, id?: string): Map<string, Claim> => {
	const claims = new Map<string, Claim>();
	for (const claim of readClaims(roots).claims.filter(one => (id === undefined || one.id === id) && !isAbandoned(one))) {
		// Of two, one makes it and goes (store/draft.ts), and the other has marked it as its own.
		if (!claims.has(claim.id) || isOccupiedBy(containerDirectory(roots, claim.id), claim.owner)) {
			claims.set(claim.id, claim);
		}
	}

	return claims;
};

const inspect = (directory: string, claim: Claim | undefined): FoundContainer | undefined => {
	const record = readRecord(directory);
	if (record === undefined || (claim === undefined && !record.keep)) {
		// Not written yet, or a dead one's that isn't kept: on its way in or out.
		return undefined;
	}

	const init = readInit(directory);
	const exit = readExit(directory);
	const state = stateOf(claim !== undefined, init !== undefined, exit);
	return {
		record,
		directory,
		state: state === 'running' && record.cgroups !== undefined && isFrozen(record.cgroups) ? 'paused' : state,
		...(init === undefined ? {} : {init}),
		...(exit === undefined ? {} : {exit}),
		...(claim === undefined ? {} : {owner: claim.owner}),
	};
};

/** What stands beside them has a dot in its name. */
export const containerIds = (roots: StateRoots): string[] => readNames(containersDirectory(roots)).filter(name => !name.includes('.'));

/**
 * All containers.
 *
 * @param answered only those that somebody living answers for, all that run among them: however many others there are, they cost nothing
 */
export const listContainers = (roots: StateRoots, {answered = false} = {}): Containers => {
	const found: Containers = {containers: [], problems: []};
	// Directories first: one that is made in between has its claim by then.
	const ids = answered ? [] : containerIds(roots);
	const claims = livingClaims(roots);
	for (const id of answered ? claims.keys() : ids) {
		try {
			const container = inspect(containerDirectory(roots, id), claims.get(id));
			if (container !== undefined) {
				found.containers.push(container);
			}
		} catch (error) {
			if (!(error instanceof ClocheError)) {
				throw error;
			}

			if (existsSync(containerDirectory(roots, id))) {
				found.problems.push(error);
			}
		}
	}

	found.containers.sort((one, other) => one.record.created < other.record.created ? -1 : 1);
	return found;
};

/**
 * The id that a word means: an id, a name, or the beginning of exactly one id.
 *
 * @throws ClocheError where there is none, or more than one
 */
export const resolveId = (roots: StateRoots, word: string): string => {
	const holder = nameHolder(roots, word);
	const ids = containerIds(roots);
	if (ids.includes(word)) {
		return word;
	}

	if (holder !== undefined && ids.includes(holder)) {
		return holder;
	}

	const [match, another] = word === '' ? [] : ids.filter(id => id.startsWith(word));
	if (match === undefined) {
		throw new ClocheError('no such container', {where: word});
	}

	if (another !== undefined) {
		throw new ClocheError('more than one container', {where: word, why: `${match} and ${another} begin so`, remedy: 'say more of the id'});
	}

	return match;
};

/** One container by id, name or prefix. */
export const findContainer = (roots: StateRoots, word: string): FoundContainer => {
	const id = resolveId(roots, word);
	const found = inspect(containerDirectory(roots, id), livingClaims(roots, id).get(id));
	if (found === undefined) {
		throw new ClocheError('no such container', {where: word});
	}

	return found;
};
