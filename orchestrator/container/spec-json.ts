/** A spec as JSON and back: numbers past 2^53 and bytes survive. */

import {ClocheError} from '../base/errors.js';
import type {ContainerSpec} from './spec.js';
import type {ContainerRecord} from './store/record.js';

const BIGINT = '$bigint';
const BYTES = '$bytes';

const pack = (value: unknown): unknown => {
	if (typeof value === 'bigint') {
		return {[BIGINT]: value.toString()};
	}

	if (value instanceof Uint8Array) {
		return {[BYTES]: Buffer.from(value).toString('base64')};
	}

	if (Array.isArray(value)) {
		return value.map(item => pack(item));
	}

	return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value).map(([name, item]) => [name, pack(item)])) : value;
};

const unpack = (value: unknown): unknown => {
	if (Array.isArray(value)) {
		return value.map(item => unpack(item));
	}

	if (typeof value !== 'object' || value === null) {
		return value;
	}

	const entries = Object.entries(value);
	const [[name, content] = []] = entries;
	if (entries.length === 1 && typeof content === 'string' && (name === BIGINT || name === BYTES)) {
		return name === BIGINT ? BigInt(content) : new Uint8Array(Buffer.from(content, 'base64'));
	}

	return Object.fromEntries(entries.map(([key, item]) => [key, unpack(item)]));
};

/** Plain data, which JSON.stringify keeps whole. */
export const specToJson = (spec: ContainerSpec): unknown => pack(spec);

/** The inverse of {@link specToJson}: of what we wrote ourselves, so it isn't checked once more. */
export const specFromJson = (json: unknown): ContainerSpec => unpack(json) as ContainerSpec;

/** @throws ClocheError where it was made before specs were written down */
export const specOf = ({id, spec}: Pick<ContainerRecord, 'id' | 'spec'>): ContainerSpec => {
	if (spec === undefined) {
		throw new ClocheError('it isn\'t known what the container was made from', {where: id, why: 'an older Cloche made it', remedy: 'make another one'});
	}

	return specFromJson(spec);
};
