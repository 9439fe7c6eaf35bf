/** `cloche prune`: removes all containers that have ended. */

import {lstatSync, readdirSync} from 'node:fs';
import {ClocheError, describeError} from '../base/errors.js';
import {parseNanoseconds} from '../container/options/duration.js';
import {removeEnded} from '../container/remove.js';
import {type FoundContainer, isUp, listContainers} from '../container/store/find.js';
import {stateRoots, type StateRoots} from '../container/store/roots.js';
import type {Command} from './commands.js';
import {requireConsent} from './consent.js';
import {type Filters, hasLabel, readFilters} from './filters.js';
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

/** As docker prints it: decimal units, three digits. */
export const humanSize = (bytes: number): string => {
	const units = ['B', 'kB', 'MB', 'GB', 'TB'];
	let size = bytes;
	let unit = 0;
	for (; size >= 1000 && unit < units.length - 1; unit++) {
		size /= 1000;
	}

	return `${unit === 0 ? size : Number(size.toPrecision(4))}${units[unit] ?? ''}`;
};

/** A length of time before now, seconds since 1970, or a date; milliseconds since 1970. */
export const momentOf = (text: string): number => {
	const moment = /^\d{9,}(?:\.\d+)?$/u.test(text) ? Number(text) * 1000 : /^\d+-/u.test(text) ? Date.parse(text) : undefined;
	try {
		const before = moment ?? Date.now() - Number(parseNanoseconds(text) / 1_000_000n);
		if (!Number.isNaN(before)) {
			return before;
		}
	} catch {
		// Told below.
	}

	throw new ClocheError(`--filter until=${text}`, {why: 'neither a time nor a length of time', remedy: 'give 24h, 2026-01-31T12:00:00Z or seconds since 1970'});
};

const selectorOf = (filters: Filters): (found: FoundContainer) => boolean => {
	const untils = (filters.get('until') ?? []).map(text => momentOf(text));
	return ({record: {created, labels = {}}}) => untils.every(until => Date.parse(created) < until)
		&& (filters.get('label') ?? []).every(word => hasLabel(labels, word))
		&& (filters.get('label!') ?? []).every(word => !hasLabel(labels, word));
};

/** One that somebody starts or removes meanwhile is his. */
const isOurs = ({state, owner}: FoundContainer): boolean => !isUp(state) && owner === undefined;

const removeAll = (roots: StateRoots, filters: Filters): number => {
	const isChosen = selectorOf(filters);
	const {containers, problems} = listContainers(roots);
	let status = 0;
	let reclaimed = 0;
	for (const {record: {id}, directory} of containers.filter(found => isOurs(found) && isChosen(found))) {
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

const filterKeys = ['until', 'label', 'label!'];

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
		const filters = readFilters(Array.isArray(words) ? words as string[] : [], filterKeys);
		return requireConsent(values, 'prune', ALL, `This removes ${ALL}, with all they have written.`) ? removeAll(stateRoots({root}), filters) : 0;
	},
};
