/** The bars of the part `network`. */

import type {Bar} from '../bars.js';
import type {Findings} from '../findings.js';
import {ANSWER, RELEASED, series, SMALL} from '../subjects.js';
import {CONNECT, CONNECT_FLOOR} from './connect.js';
import {ENGINES} from './engines.js';
import {MANY} from './many.js';
import {ECHO, LATENCY, LOOKUP} from './names.js';
import {DIRECT, PUBLISHED, relaySeries} from './relay.js';
import {RELAYS} from './relays.js';
import {BRIDGED, engineSeries, FLIGHT, PLAIN} from './starts.js';

const RATE = 300;
const TIMES_DOCKER = 40;

const bar = (what: string, value: number | undefined, side: Bar['side'], limit: number | undefined, unit = '×'): Bar => ({what, value, unit, limit, side});

const startBars = ({samples}: Findings): Bar[] => [ANSWER, RELEASED].flatMap(how => {
	const what = how === ANSWER ? 'run true on a bridge' : 'run true on a bridge, until nothing is left';
	return [
		bar(`${what} ÷ without`, samples.ratio(series(BRIDGED, how), series(PLAIN, how)), 'at most', 1.6),
		...ENGINES.map(id => bar(`${what} ÷ ${id} run`, samples.ratio(series(BRIDGED, how), series(engineSeries(id), SMALL)), 'at most', 0.02)),
	];
});

/** One of the two is enough: so many a second, or so many times docker's. */
const flightBar = ({samples}: Findings): Bar => {
	const rate = samples.median(series(BRIDGED, FLIGHT));
	const ratio = samples.ratio(series(BRIDGED, FLIGHT), series(engineSeries('docker'), FLIGHT));
	return rate !== undefined && rate < RATE && ratio !== undefined
		? bar('bridged starts a second, 8 in flight ÷ docker\'s', ratio, 'at least', TIMES_DOCKER)
		: bar('bridged starts, 8 in flight', rate, 'at least', RATE, '/s');
};

const relayBars = ({samples}: Findings): Bar[] => [
	bar('a published port\'s throughput ÷ direct', samples.ratio(PUBLISHED, DIRECT), 'at least', undefined),
	...RELAYS.map(({id}) => bar(`a published port's throughput ÷ ${id}'s`, samples.ratio(PUBLISHED, relaySeries(id)), 'at least', 1)),
];

const manyBars = ({network}: Findings): Bar[] => [
	bar(`${MANY} containers on one bridge: up at once`, network?.many.up, 'at least', MANY, ''),
	bar('… a start: last ÷ first fifty', network === undefined ? undefined : network.many.lastFifty / network.many.firstFifty, 'at most', undefined),
	bar('… addresses, names, claims and links left of them', network?.many.left, 'at most', 0, ''),
	bar('links and tables of rules left on the machine', network?.left.length, 'at most', 0, ''),
];

export const networkBars = (findings: Findings): Bar[] => [
	...startBars(findings),
	flightBar(findings),
	bar('live connect ÷ the kernel\'s part', findings.samples.ratio(CONNECT, CONNECT_FLOOR), 'at most', 2),
	bar('a name looked up ÷ an echo by UDP', findings.samples.ratio(series(LOOKUP, LATENCY), series(ECHO, LATENCY)), 'at most', undefined),
	...relayBars(findings),
	...manyBars(findings),
];
