/** `cloche prune`: removes all containers that have ended. */

import {lstatSync, readdirSync} from 'node:fs';
import {ClocheError, describeError} from '../base/errors.js';
import {removeEnded} from '../container/remove.js';
import {type FoundContainer, isUp, listContainers} from '../container/store/find.js';
import {stateRoots, type StateRoots} from '../container/store/roots.js';
import type {Command} from './commands.js';
import {requireConsent} from './consent.js';
import {type Filters, PRUNE_FILTERS, pruneSelector, readFilters} from './filters.js';
import {humanSize} from './format/size.js';
import {print, printAside, warn} from './output.js';

const BLOCK = 512;

/** Bytes on disk below a path; what we may not look into isn't counted. */
const sizeOf = (path: string): number => {
	const status = lstatSync(path, {throwIfNoEntry: false});
	if (status === undefined) {
		return 0;
	}

	let size = status.blocks * BLOCK;
	try {
		for (const entry of status.isDirectory() ? readdirSync(path) : []) {
			size += sizeOf(`${path}/${entry}`);
		}
	} catch {
		// A subordinate id's.
	}

	return size;
};

/** One that somebody starts or removes meanwhile is his. */
const isOurs = ({state, owner}: FoundContainer): boolean => !isUp(state) && owner === undefined;

const removeAll = (roots: StateRoots, filters: Filters): number => {
	const isChosen = pruneSelector(filters);
	const {containers, problems} = listContainers(roots);
	let status = 0;
	let reclaimed = 0;
	for (const {record: {id}, directory} of containers.filter(found => isOurs(found) && isChosen(found.record))) {
		try {
			const size = sizeOf(directory);
			removeEnded(roots, id);
			reclaimed += size;
			print(`${id}\n`);
		} catch (error) {
			warn(describeError(error));
			status = 125;
		}
	}

	for (const problem of problems) {
		warn(problem.message);
		status = 125;
	}

	printAside(`Reclaimed ${humanSize(reclaimed)}.\n`);
	return status;
};

const ALL = 'all containers that don\'t run';

export const prune: Command = {
	table: {
		name: 'prune',
		operands: '',
		summary: 'Remove all containers that don\'t run: ended, dead, or made and never started.',
		description: ['Ids of those that were removed are printed, and on standard error how much room that made. What can\'t be read stays, and is named.'],
		interspersed: true,
		groups: [{title: 'Options', options: [
			{name: 'force', short: 'f', type: 'boolean', doc: 'don\'t ask'},
			{name: 'filter', type: 'string', multiple: true, value: 'KEY=VALUE', doc: 'only some: until=24h (made before), label=NAME[=VALUE], label!=NAME[=VALUE]'},
		]}],
	},
	main(operands, values, {root}) {
		if (operands.length > 0) {
			throw new ClocheError(`prune ${operands.join(' ')}`, {why: 'it takes no operands', remedy: 'cloche rm NAME removes one container'});
		}

		const words = values['filter'];
		const filters = readFilters(Array.isArray(words) ? words as string[] : [], PRUNE_FILTERS);
		return requireConsent(values, 'prune', ALL, `This removes ${ALL}, with all they have written.`) ? removeAll(stateRoots({root}), filters) : 0;
	},
};
