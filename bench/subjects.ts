/** Who takes part in the rounds, and under which names what they take is recorded. */

import {runTrue} from './library.js';
import type {Peer} from './peers.js';
import type {Subject} from './rounds.js';
import {spawnFromNode, spawnSmall} from './spawn.js';
import type {Record} from './statistics.js';

/** Two series: from a small process, and from Node. */
export const SMALL = 'small';
export const NODE = 'node';

/** What the library takes, until the answer and until nothing is left. */
export const ANSWER = 'answer';
export const RELEASED = 'released';

/** The name of a series: who, how, and in which phase of the bench. */
export const series = (who: string, how: string, phase = ''): string => [who, how, phase].filter(part => part !== '').join(' ');

const BURST = 3;

const recordAll = (record: Record, name: string, times: readonly number[]): void => {
	for (const time of times) {
		record(name, time);
	}
};

export const librarySubject = (phase = ''): Subject => ({
	name: 'library', every: 1,
	async measure(record) {
		for (let run = 0; run < BURST; run++) {
			const {answer, released} = await runTrue();
			record(series('library', ANSWER, phase), answer);
			record(series('library', RELEASED, phase), released);
		}
	},
});

/** The peer, started by each of the two; at every other turn where it is slow. */
export const peerSubjects = ({id, argv, burst}: Peer, phase = ''): Subject[] => {
	const runs = {count: burst, jobs: 1};
	const every = burst === 1 ? 2 : 1;
	return [
		{name: `${id}, small`, every, async measure(record) {
			recordAll(record, series(id, SMALL, phase), (await spawnSmall(argv, runs)).each);
		}},
		{name: `${id}, Node`, every, async measure(record) {
			recordAll(record, series(id, NODE, phase), (await spawnFromNode(argv, runs)).each);
		}},
	];
};

/** Any command, from the small process. */
export const commandSubject = (id: string, argv: string[], {count, every, cwd}: {count: number; every: number; cwd?: string}): Subject => ({
	name: id, every,
	async measure(record) {
		recordAll(record, series(id, SMALL), (await spawnSmall(argv, {count, jobs: 1}, cwd)).each);
	},
});
