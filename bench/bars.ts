/** The bars that the project has set itself. They are printed, never asserted: a slow machine is no defect. */

import {EXEC, EXEC_CRUN} from './exec.js';
import type {Findings} from './findings.js';
import {lifeBars} from './life.js';
import {networkBars} from './network/bars.js';
import {NODE, series, SMALL, ANSWER, RELEASED} from './subjects.js';

export interface Bar {
	what: string;
	/** `undefined` where it wasn't measured. */
	value: number | undefined;
	unit: string;
	/** `undefined` where the project has set itself none. */
	limit: number | undefined;
	/** Which side of the limit is good. */
	side: 'at most' | 'at least';
}

const LARGE = 'large';

const atMost = (limit: number, what: string, value: number | undefined, unit = '×'): Bar => ({what, value, unit, limit, side: 'at most'});
const atLeast = (limit: number, what: string, value: number | undefined): Bar => ({what, value, unit: '×', limit, side: 'at least'});

/** From the small process: the stricter of the two. */
const RUN_LIMITS = [['bwrap', 0.6], ['crun', 0.5]] as const;
const FLIGHT_LIMITS = [['bwrap', 1.5], ['crun', 2.5]] as const;

const runBars = ({samples}: Findings, phase: string, where: string): Bar[] => RUN_LIMITS.flatMap(([peer, limit]) => [
	atMost(limit, `run true${where} ÷ ${peer}`, samples.ratio(series('library', ANSWER, phase), series(peer, SMALL, phase))),
	atMost(limit, `run true${where}, until nothing is left ÷ ${peer}`, samples.ratio(series('library', RELEASED, phase), series(peer, SMALL, phase))),
	atMost(limit, `run true${where} ÷ ${peer} from the same Node`, samples.ratio(series('library', ANSWER, phase), series(peer, NODE, phase))),
]);

const flightBars = ({samples}: Findings): Bar[] => FLIGHT_LIMITS.flatMap(([peer, limit]) => [
	atLeast(limit, `starts a second, 8 in flight ÷ ${peer}`, samples.ratio(series('library', 'flight'), series(peer, SMALL, 'flight'))),
	atLeast(limit, `starts a second, 8 in flight ÷ ${peer} from the same Node`, samples.ratio(series('library', 'flight'), series(peer, NODE, 'flight'))),
]);

/** What counts as none: a resident set is never quite the same, nor a median, nor what processors keep at hand of free objects. */
const NO_GROWTH = {time: 1.15, node: 4096, supervisor: 64, networks: 64};

const difference = (after: number | undefined, before: number | undefined): number | undefined =>
	after === undefined || before === undefined ? undefined : after - before;

const growthBars = ({growth}: Findings): Bar[] => {
	const [before, after] = [growth?.before, growth?.after];
	const over = `over ${growth?.starts ?? 2000} starts`;
	return [
		atMost(NO_GROWTH.time, `time of a start ${over}: last ÷ first hundred`, growth === undefined ? undefined : growth.lastHundred / growth.firstHundred),
		atMost(NO_GROWTH.node, `Node's resident set grows ${over} by`, difference(after?.nodeResident, before?.nodeResident), 'KiB'),
		atMost(NO_GROWTH.supervisor, `the supervisor's private memory grows ${over} by`, difference(after?.supervisorPrivate, before?.supervisorPrivate), 'KiB'),
		atMost(0, `descriptors left ${over}`, difference(after?.descriptors, before?.descriptors), ''),
		atMost(0, `the supervisor's descriptors left ${over}`, difference(after?.supervisorDescriptors, before?.supervisorDescriptors), ''),
		atMost(0, `mounts left ${over}`, difference(after?.mounts, before?.mounts), ''),
		atMost(0, `namespaces left ${over}`, difference(after?.namespaces, before?.namespaces), ''),
		atMost(NO_GROWTH.networks, `network namespaces left in the kernel ${over}`, difference(after?.networks, before?.networks), ''),
	];
};

const MEMORY_LIMIT = 300;

const memoryBars = ({memory}: Findings): Bar[] => [
	atMost(MEMORY_LIMIT, 'private memory: a supervisor alone', memory?.alone, 'KiB'),
	atMost(MEMORY_LIMIT, '… its growth for each created container', memory?.created, 'KiB'),
	atMost(MEMORY_LIMIT, '… all memory for each created container, its init included', memory?.together, 'KiB'),
	atMost(MEMORY_LIMIT, '… its growth for each running container', memory?.running, 'KiB'),
];

export const readBars = (findings: Findings): Bar[] => [
	...runBars(findings, '', ''),
	...runBars(findings, LARGE, ', Node at 500 MB'),
	...flightBars(findings),
	...growthBars(findings),
	atMost(1.35, 'cloche run busybox true ÷ node -e 0', findings.samples.ratio(series('command', SMALL), series('node', SMALL))),
	atMost(0.5, 'exec true ÷ crun exec', findings.samples.ratio(series(EXEC, ''), series(EXEC_CRUN, SMALL))),
	...lifeBars(findings),
	...memoryBars(findings),
	...networkBars(findings),
];

/** `undefined` where it wasn't measured, or there is no bar. */
export const isPassed = ({value, limit, side}: Bar): boolean | undefined =>
	value === undefined || limit === undefined || Number.isNaN(value) ? undefined : side === 'at most' ? value <= limit : value >= limit;
