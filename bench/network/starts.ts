/** Containers that start with a link, beside the same without one, and beside podman and docker. */

import {BATCH, IN_FLIGHT, rateSubject, runMany} from '../flight.js';
import {type Manner, runTrue} from '../library.js';
import type {Subject} from '../rounds.js';
import {spawnSmall} from '../spawn.js';
import {ANSWER, commandSubject, RELEASED, series} from '../subjects.js';
import type {Engine} from './engines.js';
import type {Ground, Network} from './ground.js';

/** In the names of the series: with a link, and the same from the same state root without. */
export const BRIDGED = 'bridged';
export const PLAIN = 'unbridged';

export const FLIGHT = 'flight';

const BURST = 3;

/** Seconds and not minutes: they are far behind. */
const ENGINE_RUNS = {count: 2 * IN_FLIGHT, jobs: IN_FLIGHT};

/** Who is compared; with their bridges they have other series than without. */
export const engineSeries = (id: string): string => series(BRIDGED, id);

const mannersOf = ({door}: Ground, {name}: Network): [name: string, manner: Manner][] => [
	[BRIDGED, {door, options: {network: name}}],
	[PLAIN, {door}],
];

const startSubject = (name: string, manner: Manner): Subject => ({
	name, every: 1,
	async measure(record) {
		for (let run = 0; run < BURST; run++) {
			const {answer, released} = await runTrue(manner);
			record(series(name, ANSWER), answer);
			record(series(name, RELEASED), released);
		}
	},
});

export const startSubjects = (ground: Ground, network: Network, engines: readonly Engine[]): Subject[] => [
	...mannersOf(ground, network).map(([name, manner]) => startSubject(name, manner)),
	...engines.map(({id, argv}) => commandSubject(engineSeries(id), argv, {count: 1, every: 2})),
];

/** Records starts a second; of docker alone, since that is whom the bar is about. */
export const flightSubjects = (ground: Ground, network: Network, engines: readonly Engine[]): Subject[] => [
	...mannersOf(ground, network).map(([name, manner]) => rateSubject(series(name, FLIGHT), async () => runMany(BATCH, manner))),
	...engines.filter(({id}) => id === 'docker').map(({id, argv}) => rateSubject(series(engineSeries(id), FLIGHT), async () => spawnSmall(argv, ENGINE_RUNS))),
];
