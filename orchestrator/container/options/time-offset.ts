/** `--time-offset`: the clocks of a time namespace (time_namespaces(7)). CLOCK_REALTIME is not among them. */

import {parseNanoseconds} from './duration.js';
import {Unacceptable} from './unacceptable.js';

/** Nanoseconds that are added to the host's clocks. */
export interface TimeOffsets {
	monotonic?: bigint;
	boottime?: bigint;
}

const ACCEPTED = 'CLOCK=OFFSET for the clocks monotonic and boottime, as monotonic=+2d,boottime=-5s';

/** The kernel's KTIME_MAX is 2^63 - 1 ns, and it wants the sum under half of it: 146 years (timens_set_vvar_page's caller). */
const LIMIT = 2n ** 62n;

/** One `CLOCK=OFFSET`; a missing sign is a plus. */
const parseOne = (part: string): TimeOffsets => {
	const [, clock, sign, length] = /^([a-z]+)=([+-]?)(.+)$/.exec(part) ?? [];
	if (length === undefined || (clock !== 'monotonic' && clock !== 'boottime')) {
		throw new Unacceptable(clock === 'realtime' ? 'Linux has no namespace for the clock of the day' : 'not a clock and an offset', ACCEPTED);
	}

	const nanoseconds = parseNanoseconds(length);
	if (nanoseconds >= LIMIT) {
		throw new Unacceptable('further than the kernel goes', 'less than 146 years');
	}

	return {[clock]: sign === '-' ? -nanoseconds : nanoseconds};
};

/**
 * `['monotonic=+2d', 'boottime=-5s']`, or both in one with a comma.
 *
 * @param uptime the host's monotonic clock in nanoseconds: no clock can be set below zero, the kernel refuses it
 */
export const parseTimeOffsets = (values: readonly string[], uptime: bigint): TimeOffsets => {
	let offsets: TimeOffsets = {};
	for (const part of values.flatMap(value => value.split(','))) {
		offsets = {...offsets, ...parseOne(part)};
	}

	for (const [clock, offset] of Object.entries(offsets) as Array<[string, bigint]>) {
		if (uptime + offset < 0n) {
			throw new Unacceptable(`the ${clock} clock would start below zero, which the kernel refuses`, `no less than -${uptime / 1_000_000_000n}s, this machine's uptime`);
		}
	}

	return offsets;
};
