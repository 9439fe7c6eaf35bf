/** A container's root as the planner sees it: what to make beforehand, and the operations. */

import {ClocheError} from '../base/errors.js';
import type {CreateOp} from '../helper/plan.js';
import {isWithin} from './branch-paths.js';
import {statModel} from './directories.js';
import type {RootRequest, StorageDriver, Surroundings} from './driver.js';
import {unfitFilesystem} from './kernel.js';
import {type BranchPlace, memoryObjection} from './memory.js';
import {readParts} from './parts.js';
import {selectDriver} from './select.js';

export interface Root {
	driver: StorageDriver;
	/** From the first mount to the one that is the root, and the covers over what must not be seen in it. */
	operations: CreateOp[];
	/** Nothing of it is on disk. */
	inMemory: boolean;
	/** Make the directories; only when it is really going to happen. A promise only where something is copied. */
	prepare(): void | Promise<void>;
}

export interface RootOptions extends Surroundings {
	/** The word of `--storage` or CLOCHE_STORAGE. */
	wanted?: string | undefined;
	/** The word of `--branch`; without it, memory for what is thrown away, where that can be had. */
	branch?: BranchPlace | undefined;
	/** Where a branch in memory is mounted, if not over the container's own directory. */
	memoryDirectory?: string | undefined;
	/** Directories of the machine that must not be seen through a lower branch: our own state. */
	hidden?: readonly string[];
}

/** Choose a driver and lay the root out. Changes nothing by itself. */
export const layOutRoot = (request: RootRequest, {wanted, branch, memoryDirectory, hidden = [], ...surroundings}: RootOptions): Root => {
	const surveyed = survey(request, surroundings, branch);
	const driver = selectDriver(surveyed, surroundings, wanted);
	const inMemory = surveyed.memory !== undefined && driver.name !== 'copy'; // A copy is always on disk.
	const whole = inMemory && memoryDirectory !== undefined ? {...surveyed, directory: memoryDirectory} : surveyed;
	return {
		driver,
		operations: [...driver.operations(whole), ...hideOperations(request.lowers, hidden)],
		inMemory,
		prepare: () => driver.prepare(whole),
	};
};

/** What a driver must know of the machine, looked up for it. */
const survey = (request: RootRequest, {dataRoot}: Surroundings, branch: BranchPlace | undefined): RootRequest => {
	const [lower = '/'] = request.lowers;
	const unfit = request.unfit ?? unfitFilesystem(dataRoot);
	const parts = !request.privileged && request.lowers.length === 1 ? readParts(lower) : undefined;
	const whole = {...request, ...(unfit === undefined ? {} : {unfit}), ...(parts === undefined ? {} : {parts})};
	const against = memoryObjection(whole);
	if (branch === 'memory' && against !== undefined) {
		throw new ClocheError('the writable branch can\'t lie in memory', {why: against, remedy: 'leave out --branch memory'});
	}

	return branch === 'disk' || against !== undefined ? whole : {...whole, memory: statModel(lower)};
};

/** Covers for those directories that lie below a lower branch, at the places where they would show. */
export const hideOperations = (lowers: readonly string[], hidden: readonly string[]): CreateOp[] => {
	const targets = lowers.flatMap(lower =>
		hidden.filter(path => path !== lower && isWithin(path, lower)).map(path => lower === '/' ? path : path.slice(lower.length)));
	return [...new Set(targets)].map(target => ({op: 'mask', target, ifExists: true, why: 'the branches of other containers are none of this one\'s business'}));
};
