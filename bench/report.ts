/** The one table that `make bench` prints. */

import {isPassed, readBars} from './bars.js';
import {EXEC, EXEC_COMMAND, EXEC_CRUN} from './exec.js';
import type {Findings} from './findings.js';
import {lifeRows} from './life.js';
import {networkRows} from './network/report.js';
import {rateRow, timeRow} from './rows.js';
import {ANSWER, NODE, RELEASED, series, SMALL} from './subjects.js';
import {figure, type Row} from './table.js';

const LARGE = 'large';
const FLIGHT = series('library', 'flight');

const runRows = (findings: Findings, phase: string, ids: readonly string[]): Row[] => {
	const ours = series('library', ANSWER, phase);
	const peers = findings.peers.filter(({id}) => ids.includes(id));
	return [
		timeRow(findings, 'cloche.run(\'busybox\', [\'true\']): the result is there', ours),
		timeRow(findings, '… and nothing is left of the container', series('library', RELEASED, phase)),
		...peers.flatMap(({id, name}) => [
			timeRow(findings, name, series(id, SMALL, phase), ours),
			timeRow(findings, '… from the same Node', series(id, NODE, phase), ours),
		]),
	];
};

const commandRows = (findings: Findings): Row[] => {
	const ours = series('command', SMALL);
	return [
		timeRow(findings, 'node -e 0', series('node', SMALL), ours),
		timeRow(findings, 'cloche run busybox true', ours),
		timeRow(findings, 'npx tsx orchestrator run busybox true', series('tsx', SMALL), ours),
	];
};

const flightRows = (findings: Findings): Row[] => [
	rateRow(findings, 'cloche.run, one Node', FLIGHT),
	...findings.peers.filter(({id}) => findings.samples.has(series(id, SMALL, 'flight'))).flatMap(({id}) => [
		rateRow(findings, id, series(id, SMALL, 'flight'), FLIGHT),
		rateRow(findings, '… from the same Node', series(id, NODE, 'flight'), FLIGHT),
	]),
];

const growthRows = ({growth}: Findings): Row[] => {
	if (growth === undefined) {
		return [];
	}

	const {before, after, starts, firstHundred, lastHundred, rate, nodeTime, helperTime} = growth;
	const pair = (name: string, first: number | undefined, last: number | undefined, unit = ''): Row => [name, figure(first, unit), figure(last, unit)];
	return [
		[`Before and after ${starts} starts with 8 in flight (${figure(rate, '/s')})`],
		pair('a start: median of the first and of the last hundred', firstHundred, lastHundred, 'ms'),
		pair('resident set of Node', before.nodeResident, after.nodeResident, 'KiB'),
		pair('private memory of the supervisor', before.supervisorPrivate, after.supervisorPrivate, 'KiB'),
		pair('descriptors of Node', before.descriptors, after.descriptors),
		pair('descriptors of the supervisor', before.supervisorDescriptors, after.supervisorDescriptors),
		pair('mounts of the machine', before.mounts, after.mounts),
		pair('namespaces of Node and all below it', before.namespaces, after.namespaces),
		pair('network namespaces in the kernel', before.networks, after.networks),
		['processor time of Node for each start', figure(nodeTime, 'ms')],
		['processor time of the supervisor and all below it', figure(helperTime, 'ms')],
	];
};

const memoryRows = ({memory}: Findings): Row[] => memory === undefined ? [] : [
	['Private memory'],
	['a supervisor alone', figure(memory.alone, 'KiB')],
	['its growth for each container that is created', figure(memory.created, 'KiB')],
	['… all memory for it, its init included (proportional)', figure(memory.together, 'KiB')],
	['its growth for each container that runs sleep', figure(memory.running, 'KiB')],
];

const breakdownRows = ({breakdown}: Findings): Row[] => breakdown === undefined ? [] : [
	['Where the time goes in one run: milestones, since the call'],
	...breakdown.milestones.map(({name, milliseconds}): Row => [name, figure(milliseconds, 'ms')]),
	['… and the operations, by nsinit\'s own clock'],
	...breakdown.operations.map(({name, milliseconds}): Row => [name, `${(milliseconds * 1000).toFixed(1)} µs`]),
	['all of them', figure(breakdown.operations.reduce((sum, {milliseconds}) => sum + milliseconds, 0), 'ms')],
];

const barRows = (findings: Findings): Row[] => readBars(findings).map((bar): Row => {
	const passed = isPassed(bar);
	const verdict = passed === undefined ? bar.value === undefined ? 'not measured' : '' : passed ? 'pass' : 'SHORT';
	return [bar.what, figure(bar.value, bar.unit), bar.limit === undefined ? 'no bar' : `${bar.side} ${bar.limit}`, verdict];
});

/** For {@link formatTable}. */
export const reportRows = (findings: Findings): Row[] => [
	['A container that runs true: create, run, clean up'],
	['', 'median', 'p90', '× floor', 'cloche is'],
	timeRow(findings, 'fork + exec of busybox true: the floor', series('floor', SMALL)),
	...runRows(findings, '', findings.peers.map(({id}) => id)),
	['The same, after Node has grown to 500 MB'],
	...runRows(findings, LARGE, ['bwrap', 'crun']),
	['The installed command, from a small process'],
	...commandRows(findings),
	['One more command in a container that runs: exec true'],
	timeRow(findings, 'the library', series(EXEC, '')),
	timeRow(findings, 'cloche exec, as installed', series(EXEC_COMMAND, SMALL)),
	timeRow(findings, 'crun exec', series(EXEC_CRUN, SMALL)),
	['Starts a second, 8 in flight'],
	...flightRows(findings),
	...growthRows(findings),
	...memoryRows(findings),
	...breakdownRows(findings),
	...lifeRows(findings),
	...networkRows(findings),
	['The bars'],
	...barRows(findings),
];
