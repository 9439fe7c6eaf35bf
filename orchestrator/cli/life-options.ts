/** Options that several commands have: a signal, a time to wait. */

import {ClocheError} from '../base/errors.js';
import {parseNanoseconds} from '../container/options/duration.js';
import {parseSignal} from '../container/options/signals.js';
import {Unacceptable} from '../container/options/unacceptable.js';

const parse = <T>(option: string, text: string, read: (text: string) => T): T => {
	try {
		return read(text);
	} catch (cause) {
		throw cause instanceof Unacceptable ? new ClocheError(`${option} ${text}`, {why: cause.why, remedy: `give ${cause.accepted}`}) : cause;
	}
};

/** The number of a signal's name or number. */
export const signalOf = (value: unknown): number | undefined => typeof value === 'string' ? parse('--signal', value, parseSignal) : undefined;

/** Milliseconds of a length of time, a lone number counting seconds; -1 is without end. */
export const timeoutOf = (value: unknown): number | undefined => {
	if (typeof value !== 'string') {
		return undefined;
	}

	return value === '-1' ? Number.POSITIVE_INFINITY : parse('--time', value, text => Number(parseNanoseconds(text) / 1_000_000n));
};
