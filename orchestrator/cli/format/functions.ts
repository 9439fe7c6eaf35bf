/** What a template can call: those of docker's templates (docs.docker.com/engine/cli/formatting) and Go's text/template that tell of values. */

import {ClocheError} from '../../base/errors.js';

export type Value = unknown;

const wrong = (name: string, why: string): ClocheError => new ClocheError(`the template's ${name}`, {why, remedy: 'see docs/inspect.md'});

/** As Go prints it, but null as nothing and what is made of parts as JSON. */
export const show = (value: Value): string => {
	switch (typeof value) {
		case 'string': return value;
		case 'number':
		case 'boolean': return `${value}`;
		case 'object': return value === null ? '' : JSON.stringify(value);
		default: return '';
	}
};

/** As text/template has it: false, 0, nothing, and what is empty. */
export const isTrue = (value: Value): boolean =>
	value !== null && value !== undefined && value !== false && value !== 0 && value !== ''
	&& !(typeof value === 'object' && Object.keys(value).length === 0);

const numberOf = (value: Value): number => typeof value === 'number' ? value : Number.NaN;

const less = (one: Value, other: Value): boolean => typeof one === 'string' && typeof other === 'string' ? one < other : numberOf(one) < numberOf(other);

const indexInto = (value: Value, key: Value): Value => {
	if (typeof value !== 'object' || value === null) {
		throw wrong('index', 'it looks into lists and objects');
	}

	const name = show(key);
	return Object.hasOwn(value, name) ? Reflect.get(value, name) : '';
};

const format = (text: string, values: Value[]): string => {
	let next = 0;
	return text.replace(/%(?<flags>-?\d*)(?<verb>[svdqt%])/g, (_, flags: string, verb: string) => {
		if (verb === '%') {
			return '%';
		}

		const value = values[next++];
		const shown = verb === 'q' ? JSON.stringify(show(value)) : show(value);
		const width = Math.abs(Number(flags));
		return flags.startsWith('-') ? shown.padEnd(width) : shown.padStart(width);
	});
};

const titleCase = (text: string): string => text.replace(/(?<=^|\s)\p{Ll}/gu, letter => letter.toUpperCase());

export const functions: Readonly<Record<string, (...values: Value[]) => Value>> = {
	json: value => JSON.stringify(value),
	upper: value => show(value).toUpperCase(),
	lower: value => show(value).toLowerCase(),
	title: value => titleCase(show(value)),
	join: (list, between) => (Array.isArray(list) ? list : [list]).map(item => show(item)).join(show(between)),
	split: (text, at) => show(text).split(show(at)),
	truncate: (text, length) => show(text).slice(0, numberOf(length)),
	println: (...values) => `${values.map(value => show(value)).join(' ')}\n`,
	print: (...values) => values.map(value => show(value)).join(''),
	printf: (text, ...values) => format(show(text), values),
	len: value => typeof value === 'object' && value !== null ? Object.keys(value).length : show(value).length,
	index: (value, ...keys) => keys.reduce((inner, key) => indexInto(inner, key), value),
	not: value => !isTrue(value),
	and: (...values) => values.find(value => !isTrue(value)) ?? values.at(-1),
	or: (...values) => values.find(value => isTrue(value)) ?? values.at(-1),
	eq: (one, ...others) => others.some(other => show(one) === show(other)),
	ne: (one, other) => show(one) !== show(other),
	lt: (one, other) => less(one, other),
	le: (one, other) => !less(other, one),
	gt: (one, other) => less(other, one),
	ge: (one, other) => !less(one, other),
};
