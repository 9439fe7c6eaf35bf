/** `--filter KEY=VALUE`, as docker reads them: of one key, any value fits (labels: all have to); of several keys, all have to. */

import {ClocheError} from '../base/errors.js';
import {parseMoment} from '../container/options/moment.js';
import {Unacceptable} from '../container/options/unacceptable.js';

export type Filters = ReadonlyMap<string, readonly string[]>;

/**
 * @param known the keys that there are
 * @throws ClocheError that lists them
 */
export const readFilters = (words: readonly string[], known: readonly string[]): Filters => {
	const filters = new Map<string, string[]>();
	for (const word of words) {
		const at = word.indexOf('=');
		const key = at < 0 ? word : word.slice(0, at);
		if (at < 0 || !known.includes(key)) {
			throw new ClocheError(`--filter ${word}`, {why: at < 0 ? 'it has no value' : `${key} is no filter`, remedy: `use KEY=VALUE with ${known.join(', ')}`});
		}

		filters.set(key, [...filters.get(key) ?? [], word.slice(at + 1)]);
	}

	return filters;
};

/** `name`, or `name=value`. */
export const hasLabel = (labels: Readonly<Record<string, string>>, word: string): boolean => {
	const at = word.indexOf('=');
	return at < 0 ? Object.hasOwn(labels, word) : labels[word.slice(0, at)] === word.slice(at + 1);
};

/** What `--filter name=` and `id=` look for: docker takes it as an expression that fits anywhere. */
export const expressionOf = (key: string, value: string): RegExp => {
	try {
		return new RegExp(value, 'u');
	} catch (cause) {
		throw new ClocheError(`--filter ${key}=${value}`, {why: 'it is no regular expression', cause});
	}
};

/** Milliseconds since 1970. */
const momentOf = (value: string): number => {
	try {
		return Number(parseMoment(value) / 1_000_000n);
	} catch (cause) {
		throw cause instanceof Unacceptable ? new ClocheError(`--filter until=${value}`, {why: cause.why, remedy: `give ${cause.accepted}`}) : cause;
	}
};

/**
 * Whether something fits all filters.
 *
 * @param testOf what one KEY=VALUE asks
 */
export const fitsAll = <Thing>(filters: Filters, testOf: (key: string, value: string) => (thing: Thing) => boolean): ((thing: Thing) => boolean) => {
	const tests = [...filters].map(([key, values]) => {
		const each = values.map(value => testOf(key, value));
		return (thing: Thing): boolean => key === 'label' ? each.every(test => test(thing)) : each.some(test => test(thing));
	});
	return thing => tests.every(test => test(thing));
};

/** What can be said of what is pruned. */
export const PRUNE_FILTERS = ['until', 'label', 'label!'];

/** Whether something is to be pruned: made before until, with these labels and without those. */
export const pruneSelector = (filters: Filters): ((of: {created: string; labels?: Readonly<Record<string, string>>}) => boolean) => {
	const untils = (filters.get('until') ?? []).map(text => momentOf(text));
	return ({created, labels = {}}) => untils.every(until => Date.parse(created) < until)
		&& (filters.get('label') ?? []).every(word => hasLabel(labels, word))
		&& (filters.get('label!') ?? []).every(word => !hasLabel(labels, word));
};
