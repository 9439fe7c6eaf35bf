/** Starts a second with eight in flight. */

import {cloche, type Manner} from './library.js';
import type {Peer} from './peers.js';
import type {Subject} from './rounds.js';
import {inLanes, spawnFromNode, spawnSmall, type Times} from './spawn.js';
import {NODE, series, SMALL} from './subjects.js';

export const IN_FLIGHT = 8;
export const BATCH = 10 * IN_FLIGHT;
const RUNS = {count: BATCH, jobs: IN_FLIGHT};

/** Those that are compared so; the others are far behind. */
const RIVALS = new Set(['unshare', 'bwrap', 'crun']);

/** The next one starts when one has its answer; the clock stops when nothing is left of any. */
export const runMany = async (count: number, {door = cloche, options}: Manner = {}): Promise<Times> => {
	const releases: PromiseLike<void>[] = [];
	const begin = performance.now();
	const {each} = await inLanes({count, jobs: IN_FLIGHT}, async () => {
		const start = performance.now();
		const container = door.run('busybox', ['true'], options);
		await container;
		releases.push(container[Symbol.asyncDispose]());
		return performance.now() - start;
	});
	await Promise.all(releases);
	return {each, together: performance.now() - begin};
};

/** Records how many a second, under that name. */
export const rateSubject = (name: string, run: () => Promise<Times>): Subject => ({
	name, every: 1,
	async measure(record) {
		const {each, together} = await run();
		record(name, each.length / together * 1000);
	},
});

/** Records starts a second. */
export const flightSubjects = (peers: readonly Peer[]): Subject[] => [
	rateSubject(series('library', 'flight'), async () => runMany(BATCH)),
	...peers.filter(({id}) => RIVALS.has(id)).flatMap(({id, argv}) => [
		rateSubject(series(id, SMALL, 'flight'), async () => spawnSmall(argv, RUNS)),
		rateSubject(series(id, NODE, 'flight'), async () => spawnFromNode(argv, RUNS)),
	]),
];
