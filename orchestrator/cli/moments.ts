/** `--since` and `--until`. */

import {ClocheError} from '../base/errors.js';
import {parseMoment} from '../container/options/moment.js';
import {Unacceptable} from '../container/options/unacceptable.js';
import type {CommandValues} from './commands.js';
import type {OptionEntry} from './options.js';

export const momentOptions: readonly OptionEntry[] = [
	{name: 'since', type: 'string', value: 'TIME', doc: 'only from then on: 2026-11-23T12:00:00Z, Unix seconds, or how long ago, as 10m'},
	{name: 'until', type: 'string', value: 'TIME', doc: 'only until then'},
];

/** Nanoseconds since 1970. */
export const readMoment = (name: 'since' | 'until', values: CommandValues): bigint | undefined => {
	const value = values[name];
	if (typeof value !== 'string') {
		return undefined;
	}

	try {
		return parseMoment(value);
	} catch (error) {
		throw error instanceof Unacceptable ? new ClocheError(`--${name} ${value}`, {why: error.why, remedy: `give ${error.accepted}`}) : error;
	}
};
