/** Signals by name and number: `--stop-signal`, `kill()`. */

import {constants} from 'node:os';
import {Unacceptable} from './unacceptable.js';

/** The C libraries keep the kernel's first two real-time signals to themselves; this is what they call SIGRTMIN. */
const SIGRTMIN = 34;
const SIGRTMAX = 64;

const numbers: Readonly<Record<string, number | undefined>> = constants.signals;

/** `TERM`, `SIGTERM`, `sigterm`, `15` or `RTMIN+3` → the number. */
export const parseSignal = (value: string): number => {
	const name = value.toUpperCase().replace(/^SIG/, '');
	const [, base, offset = '0'] = /^(RTMIN|RTMAX)(?:([+-]\d+))?$/.exec(name) ?? [];
	const realTime = (base === 'RTMAX' ? SIGRTMAX : SIGRTMIN) + Number(offset);
	const number = base === undefined ? numbers[`SIG${name}`] ?? (/^\d+$/.test(name) ? Number(name) : 0) : realTime;
	if (number < 1 || number > SIGRTMAX || (base !== undefined && number < SIGRTMIN)) {
		throw new Unacceptable('not a signal', 'a name or number of signal(7), as TERM, SIGUSR1, 9 or RTMIN+3');
	}

	return number;
};

/** `15` → `'SIGTERM'`; a real-time signal → `'SIGRTMIN+3'`. */
export const signalName = (number: number): string =>
	Object.keys(numbers).find(name => numbers[name] === number) ?? `SIGRTMIN+${number - SIGRTMIN}`;
