/** Lengths of time: `--timeout`, `--stop-timeout`, `--time-offset`. */

import {Unacceptable} from './unacceptable.js';

const NANOSECONDS = {
	ns: 1n,
	us: 1000n,
	ms: 1_000_000n,
	s: 1_000_000_000n,
	m: 60_000_000_000n,
	h: 3_600_000_000_000n,
	d: 86_400_000_000_000n,
	w: 604_800_000_000_000n,
} as const;

type Unit = keyof typeof NANOSECONDS;

const ACCEPTED = 'a number and ms, s, m, h or d, as 30s or 1h30m';

/** One or more of number and unit; a lone number counts seconds. */
const WHOLE = /^(?:\d+(?:\.\d+)?|(?:\d+(?:\.\d+)?(?:ns|us|ms|[smhdw]))+)$/;

const PART = /(?<whole>\d+)(?:\.(?<fraction>\d+))?(?<unit>[a-z]*)/g;

/** `'1h30m'` → nanoseconds; a lone number counts seconds. */
export const parseNanoseconds = (value: string): bigint => {
	if (!WHOLE.test(value) || value.length > 40) {
		throw new Unacceptable('not a length of time', ACCEPTED);
	}

	let sum = 0n;
	for (const {groups = {}} of value.matchAll(PART)) {
		const {whole = '0', fraction = '', unit = ''} = groups;
		const scale = NANOSECONDS[(unit || 's') as Unit];
		sum += BigInt(whole) * scale + BigInt(fraction || '0') * scale / 10n ** BigInt(fraction.length);
	}

	return sum;
};

/** The longest timer that Node keeps (2^31 - 1 ms); a longer one would fire at once. */
const LONGEST = 2_147_483_647;

/** `'1h30m'` → milliseconds, rounded up; a lone number counts seconds. At most 24 days, Node's longest timer. */
export const parseMilliseconds = (value: string): number => {
	const milliseconds = (parseNanoseconds(value) + 999_999n) / 1_000_000n;
	if (milliseconds > BigInt(LONGEST)) {
		throw new Unacceptable('longer than a timer can be', 'at most 24d');
	}

	return Number(milliseconds);
};
