/** What the bench is told: by environment, since `make` passes that on, and by flags. */

import {parseArgs} from 'node:util';

export interface BenchOptions {
	/** Rounds of the interleaved part; other parts have a share of it. */
	rounds: number;
	/** Starts of the part that looks for growth. */
	starts: number;
	/** Where everything that was measured is written. */
	json: string | undefined;
	/** Only the parts that have this in their name. */
	only: string | undefined;
}

export const USAGE = `\
usage: make bench [BENCH_ROUNDS=51] [BENCH_STARTS=2000] [BENCH_ARGS='--json FILE --only PART']

  BENCH_ROUNDS   rounds of the interleaved part: 51 gives steady medians, 5 a first look
  BENCH_STARTS   starts in the part that looks for growth; 40 a round by default, at most 2000
  --json FILE    write what was measured there, every single value
  --only PART    only the parts with PART in their name: memory, rounds, exec,
                 flight, growth, breakdown, life, network, large
`;

const DEFAULT_ROUNDS = 51;
const STARTS_PER_ROUND = 40;
const MOST_STARTS = 2000;

const parseCount = (name: string, text: string | undefined, otherwise: number): number => {
	if (text === undefined || text === '') {
		return otherwise;
	}

	const count = Number(text);
	if (!Number.isSafeInteger(count) || count < 1) {
		throw new Error(`${name}=${text}: give a whole number above 0`);
	}

	return count;
};

/** @returns `undefined` where only help is wanted */
export const readOptions = (args: string[], env: NodeJS.ProcessEnv): BenchOptions | undefined => {
	const {values} = parseArgs({args, options: {json: {type: 'string'}, only: {type: 'string'}, help: {type: 'boolean', short: 'h'}}});
	if (values.help === true) {
		return undefined;
	}

	const rounds = parseCount('BENCH_ROUNDS', env['BENCH_ROUNDS'], DEFAULT_ROUNDS);
	const starts = parseCount('BENCH_STARTS', env['BENCH_STARTS'], Math.min(MOST_STARTS, rounds * STARTS_PER_ROUND));
	return {rounds, starts, json: values.json, only: values.only};
};
