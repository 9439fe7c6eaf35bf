/** Which networks are meant: docker's filters. */

import {ClocheError} from '../../base/errors.js';
import type {NetworkRecord} from '../../network/record.js';
import {expressionOf, type Filters, hasLabel} from '../filters.js';

export const FILTERS = ['id', 'name', 'label', 'driver', 'scope', 'type', 'dangling'];

type Test = (record: NetworkRecord) => boolean;

const readBoolean = (key: string, value: string): boolean => {
	if (!['true', 'false', '1', '0'].includes(value)) {
		throw new ClocheError(`--filter ${key}=${value}`, {why: 'neither true nor false', remedy: 'give one of these'});
	}

	return value === 'true' || value === '1';
};

const testOf = (key: string, value: string, isUsed: Test): Test => {
	switch (key) {
		case 'id': return ({id}) => id.startsWith(value);
		case 'name': {
			const expression = expressionOf(key, value);
			return ({name}) => expression.test(name);
		}

		case 'label': return ({labels}) => hasLabel(labels, value);
		case 'driver': return () => value === 'bridge';
		case 'scope': return () => value === 'local';
		case 'dangling': {
			const wanted = readBoolean(key, value);
			return record => isUsed(record) !== wanted;
		}

		default: {
			if (value !== 'custom' && value !== 'builtin') {
				throw new ClocheError(`--filter type=${value}`, {why: 'there is no such', remedy: 'use custom or builtin (the default network)'});
			}

			return ({name}) => (name === 'cloche') === (value === 'builtin');
		}
	}
};

/** Of one key any value fits (labels: all have to), of several keys all have to. */
export const selectorOf = (filters: Filters, isUsed: Test): Test => {
	const tests = [...filters].map(([key, values]): Test => {
		const each = values.map(value => testOf(key, value, isUsed));
		return record => key === 'label' ? each.every(test => test(record)) : each.some(test => test(record));
	});
	return record => tests.every(test => test(record));
};
