/** Options that several commands have: signals, times to wait, moments. */

import {ClocheError} from '../base/errors.js';
import {parseNanoseconds} from '../container/options/duration.js';
import {parseMoment} from '../container/options/moment.js';
import {parseSignal} from '../container/options/signals.js';
import {Unacceptable} from '../container/options/unacceptable.js';
import type {CommandValues} from './commands.js';
import type {OptionEntry} from './options.js';

const read = <T>(values: CommandValues, name: string, parse: (text: string) => T): T | undefined => {
	const text = values[name];
	if (typeof text !== 'string') {
		return undefined;
	}

	try {
		return parse(text);
	} catch (cause) {
		throw cause instanceof Unacceptable ? new ClocheError(`--${name} ${text}`, {why: cause.why, remedy: `give ${cause.accepted}`}) : cause;
	}
};

/** The number of `--signal`'s name or number. */
export const readSignal = (values: CommandValues): number | undefined => read(values, 'signal', parseSignal);

/** How one that runs is stopped: by `stop` and `restart`. */
export const stopOptions: readonly OptionEntry[] = [
	{name: 'time', short: 't', type: 'string', value: 'SECONDS', doc: 'between asking and killing; -1 waits without end', default: 'the container\'s --stop-timeout, 10s'},
	{name: 'signal', short: 's', type: 'string', value: 'SIGNAL', doc: 'what asks', default: 'the container\'s --stop-signal, TERM'},
];

/** A lone number counts seconds. */
const parseTime = (text: string): number => text === '-1' ? Number.POSITIVE_INFINITY : Number(parseNanoseconds(text) / 1_000_000n);

/** The signal's number, and milliseconds. */
export const readStop = (values: CommandValues): {signal: number | undefined; timeout: number | undefined} =>
	({signal: readSignal(values), timeout: read(values, 'time', parseTime)});

/** Of what is told with its time, a part. */
export const momentOptions: readonly OptionEntry[] = [
	{name: 'since', type: 'string', value: 'TIME', doc: 'only from then on: 2026-11-23T12:00:00Z, Unix seconds, or how long ago, as 10m'},
	{name: 'until', type: 'string', value: 'TIME', doc: 'only until then'},
];

/** Nanoseconds since 1970. */
export const readMoment = (name: 'since' | 'until', values: CommandValues): bigint | undefined => read(values, name, text => parseMoment(text));
