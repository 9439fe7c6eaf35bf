/** `--ulimit` and sizes in bytes. */

import {Unacceptable} from './unacceptable.js';

/** Numbers of asm-generic/resource.h, which x86 and arm use, under the names that docker run has. */
const RESOURCES = {
	cpu: 0,
	fsize: 1,
	data: 2,
	stack: 3,
	core: 4,
	rss: 5,
	nproc: 6,
	nofile: 7,
	memlock: 8,
	as: 9,
	locks: 10,
	sigpending: 11,
	msgqueue: 12,
	nice: 13,
	rtprio: 14,
	rttime: 15,
} as const;

/** setrlimit(2). */
export interface ResourceLimit {
	/** As in the OCI spec: `RLIMIT_NOFILE`. */
	type: string;
	/** The kernel's number of it. */
	resource: number;
	soft: bigint;
	hard: bigint;
}

const INFINITY = 2n ** 64n - 1n;
const ACCEPTED = 'NAME=SOFT[:HARD], as nofile=1024:2048; -1 or unlimited is no limit';

const parseLimit = (text: string): bigint => {
	if (text === '-1' || text === 'unlimited') {
		return INFINITY;
	}

	if (!/^\d{1,20}$/.test(text) || BigInt(text) > INFINITY) {
		throw new Unacceptable(`'${text}' is not a limit`, ACCEPTED);
	}

	return BigInt(text);
};

/** `nofile=1024:2048`; without the second number both are the same. */
export const parseUlimit = (value: string): ResourceLimit => {
	const [, name = '', limits] = /^([^=]*)=(.*)$/s.exec(value) ?? [];
	if (limits === undefined) {
		throw new Unacceptable('no limit in it', ACCEPTED);
	}

	const resource = Object.hasOwn(RESOURCES, name) ? RESOURCES[name as keyof typeof RESOURCES] : undefined;
	if (resource === undefined) {
		throw new Unacceptable(`no limit is called '${name}'`, `one of ${Object.keys(RESOURCES).join(', ')}`);
	}

	const [soft = '', hard = soft, ...more] = limits.split(':');
	if (more.length > 0) {
		throw new Unacceptable('more than two numbers', ACCEPTED);
	}

	const limit = {type: `RLIMIT_${name.toUpperCase()}`, resource, soft: parseLimit(soft), hard: parseLimit(hard)};
	if (limit.soft > limit.hard) {
		throw new Unacceptable(`the soft limit ${soft} is above the hard one ${hard}`, ACCEPTED);
	}

	return limit;
};

const UNITS = {b: 0, k: 1, m: 2, g: 3, t: 4} as const;

/** `64m` → bytes, by powers of 1024, as docker run counts. */
export const parseSize = (value: string): number => {
	const [, number, unit = 'b'] = /^(\d{1,15})([bkmgt])?b?$/i.exec(value) ?? [];
	const bytes = Number(number) * 1024 ** UNITS[unit.toLowerCase() as keyof typeof UNITS];
	if (number === undefined || !Number.isSafeInteger(bytes)) {
		throw new Unacceptable(`'${value}' is not a size`, 'a number and b, k, m, g or t, as 64m');
	}

	return bytes;
};
