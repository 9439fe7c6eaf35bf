/** The rows of the part `network`. */

import type {Findings} from '../findings.js';
import {rateRow, timeRow} from '../rows.js';
import {ANSWER, RELEASED, series, SMALL} from '../subjects.js';
import {figure, type Row} from '../table.js';
import {CONNECT, CONNECT_FLOOR, DISCONNECT} from './connect.js';
import {bridgedId, ENGINES} from './engines.js';
import {ALONE, ECHO, LATENCY, LOOKUP, TOGETHER} from './names.js';
import {DIRECT, PUBLISHED, relaySeries} from './relay.js';
import {RELAYS} from './relays.js';
import {BRIDGED, engineSeries, FLIGHT, PLAIN} from './starts.js';

/** Of a reason, so much stands in a row; the whole of it is above the table. */
const WIDTH = 40;

/** Why somebody isn't in a row of figures. */
const whyAbsent = ({samples, absent}: Findings, of: string, ids: readonly string[]): string => {
	const why = absent.find(({id}) => ids.includes(id))?.why;
	return samples.has(of) || why === undefined ? '' : ` (${why.length > WIDTH ? `${why.slice(0, WIDTH)}…` : why})`;
};

const startRows = (findings: Findings): Row[] => {
	const ours = series(BRIDGED, ANSWER);
	const engine = (id: string): Row => {
		const of = series(engineSeries(id), SMALL);
		return timeRow(findings, `${id} run --rm, with its bridge${whyAbsent(findings, of, [id, bridgedId(id)])}`, of, ours);
	};

	return [
		['On a bridge: a container that runs true, with a link of its own'],
		timeRow(findings, 'cloche.run on a network: the result is there', ours),
		timeRow(findings, '… and nothing is left of the container', series(BRIDGED, RELEASED)),
		timeRow(findings, 'the same without a network', series(PLAIN, ANSWER), ours),
		timeRow(findings, '… and nothing is left of the container', series(PLAIN, RELEASED), series(BRIDGED, RELEASED)),
		...ENGINES.map(engine),
		rateRow(findings, 'starts a second, 8 in flight, on a network', series(BRIDGED, FLIGHT)),
		rateRow(findings, '… without one', series(PLAIN, FLIGHT), series(BRIDGED, FLIGHT)),
		rateRow(findings, '… docker with its bridge', series(engineSeries('docker'), FLIGHT), series(BRIDGED, FLIGHT)),
	];
};

const connectRows = (findings: Findings): Row[] => [
	['A container that runs goes onto a network'],
	timeRow(findings, 'connect, by the library', CONNECT),
	timeRow(findings, 'a link, address and route by netlink alone: the floor', CONNECT_FLOOR, CONNECT),
	timeRow(findings, 'disconnect', DISCONNECT),
];

const nameRows = (findings: Findings): Row[] => {
	const {samples} = findings;
	const rows = (of: string, name: string): Row[] => [
		[name, figure(samples.median(series(of, LATENCY)), 'µs'), '', '', of === LOOKUP ? '' : figure(samples.ratio(series(LOOKUP, LATENCY), series(of, LATENCY)), '×')],
		rateRow(findings, '… one after the other', series(of, ALONE), of === LOOKUP ? undefined : series(LOOKUP, ALONE)),
		rateRow(findings, '… eight on their way', series(of, TOGETHER), of === LOOKUP ? undefined : series(LOOKUP, TOGETHER)),
	];
	return [['A container asks for another one\'s name'], ...rows(LOOKUP, 'an answer of its resolver, by UDP'), ...rows(ECHO, 'an echo by UDP on its loopback: the floor')];
};

const relayRows = (findings: Findings): Row[] => {
	const {samples} = findings;
	const row = (name: string, of: string): Row =>
		[name, figure(samples.median(of), samples.has(of) ? 'Gbit/s' : ''), '', '', of === PUBLISHED ? '' : figure(samples.ratio(PUBLISHED, of), '×')];
	return [
		[`What a published port carries: iperf3${whyAbsent(findings, DIRECT, ['iperf3'])}`],
		row('a published port', PUBLISHED),
		row('the container\'s own address, over its veth', DIRECT),
		...RELAYS.map(({id}) => row(`${id}${whyAbsent(findings, relaySeries(id), [id])}`, relaySeries(id))),
	];
};

const manyRows = ({network}: Findings): Row[] => {
	if (network === undefined) {
		return [];
	}

	const {containers, up, firstFifty, lastFifty, rate, across, gone} = network.many;
	return [
		[`${containers} containers on one bridge (${figure(rate, '/s')})`],
		['up at the same time', figure(up)],
		['a start: median of the first and of the last fifty', figure(firstFifty, 'ms'), figure(lastFifty, 'ms')],
		['the first one looks the last one up, connects and reads', figure(across, 'ms')],
		['all killed, until nothing is left of any', figure(gone, 'ms')],
		...network.left.map((thing): Row => ['left on the machine', thing]),
	];
};

export const networkRows = (findings: Findings): Row[] => findings.samples.has(series(BRIDGED, ANSWER)) ? [
	...startRows(findings), ...connectRows(findings), ...nameRows(findings), ...relayRows(findings), ...manyRows(findings),
] : [];
