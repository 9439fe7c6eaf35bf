/** Moments: `--since`, `--until`. */

import {parseNanoseconds} from './duration.js';
import {Unacceptable} from './unacceptable.js';

const ACCEPTED = 'a time (2026-11-23T12:00:00Z, 2026-11-23, Unix seconds), or how long ago it was (10m, 1h30m)';

/** The date alone, or with a time, which is our own zone's where none is named. */
const DATE = /^(?<date>\d{4}-\d\d-\d\d)(?:[T ](?<time>\d\d:\d\d(?::\d\d)?)(?:\.(?<fraction>\d{1,9}))?(?<zone>Z|[+-]\d\d:\d\d)?)?$/;

/** @returns nanoseconds since 1970 */
export const parseMoment = (value: string, now = Date.now()): bigint => {
	const [, seconds, part = ''] = /^(\d+)(?:\.(\d{1,9}))?$/.exec(value) ?? [];
	if (seconds !== undefined) {
		return BigInt(seconds) * 1_000_000_000n + BigInt(part.padEnd(9, '0'));
	}

	const {groups} = DATE.exec(value) ?? {};
	if (groups !== undefined) {
		const {date = '', time = '00:00', fraction = '', zone = ''} = groups;
		const milliseconds = Date.parse(`${date}T${time}${zone}`);
		if (Number.isNaN(milliseconds)) {
			throw new Unacceptable('no such time', ACCEPTED);
		}

		return BigInt(milliseconds) * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
	}

	try {
		return BigInt(now) * 1_000_000n - parseNanoseconds(value.replace(/^-/, ''));
	} catch {
		throw new Unacceptable('not a time', ACCEPTED);
	}
};

/** As the log has it: RFC 3339, UTC, nanoseconds; always as long, so that the order of such texts is that of their times. */
export const formatMoment = (nanoseconds: bigint): string => {
	const whole = nanoseconds / 1_000_000_000n;
	const text = new Date(Number(whole) * 1000).toISOString().slice(0, 19);
	return `${text}.${String(nanoseconds % 1_000_000_000n).padStart(9, '0')}Z`;
};
