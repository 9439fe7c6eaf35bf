/** What a definition's members have to be; a refusal says where in it, and what it is instead. */

import {ClocheError} from '../../base/errors.js';
import {refuseUnknown} from '../options/option-names.js';
import {kindOf, Unacceptable} from '../options/unacceptable.js';

export const refuse = (where: string, why: string, remedy: string): ClocheError => new ClocheError('the lab can\'t be had', {where, why, remedy});

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null && !Array.isArray(value);

export const requireObject = (value: unknown, where: string): Readonly<Record<string, unknown>> => {
	if (!isObject(value)) {
		throw value === undefined ? refuse(where, 'there are none', 'declare one') : refuse(where, `it is ${kindOf(value)}`, 'give names and what they have');
	}

	return value;
};

/** An object all of whose members are known; `null`, as YAML has it for an empty one, is one without. */
export const requireMembers = (value: unknown, known: readonly string[], where: string): Readonly<Record<string, unknown>> => {
	const object = value === null || value === undefined ? {} : requireObject(value, where);
	try {
		refuseUnknown(object, known);
	} catch (error) {
		throw error instanceof ClocheError ? refuse(where, error.what, error.remedy ?? 'leave it out') : error;
	}

	return object;
};

export const requireFlag = (value: unknown, where: string): boolean => {
	if (value !== undefined && typeof value !== 'boolean') {
		throw refuse(where, `it is ${JSON.stringify(value)}`, 'give true or false');
	}

	return value ?? false;
};

export const isText = (value: unknown): value is string => typeof value === 'string';

export const isTexts = (value: unknown): value is readonly string[] => Array.isArray(value) && value.every(word => isText(word));

export const textsOf = (value: unknown, where: string): string[] => {
	const list: unknown = value === undefined ? [] : typeof value === 'string' ? [value] : value;
	if (!isTexts(list)) {
		throw refuse(where, `it is ${JSON.stringify(value)}`, 'give text, or a list of texts');
	}

	return [...list];
};

/** What `parse` makes of it; a refusal says where that stands. */
export const parsed = <T>(where: string, parse: () => T): T => {
	try {
		return parse();
	} catch (error) {
		if (error instanceof Unacceptable) {
			throw refuse(where, error.why, `give ${error.accepted}`);
		}

		throw error instanceof ClocheError ? refuse(where, [error.where, error.what, error.why].filter(text => text !== undefined).join(': '), error.remedy ?? 'give another') : error;
	}
};
