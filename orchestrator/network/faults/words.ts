/** Faults in a user's words and units. Pure. */

import type {LinkOnNetwork} from './apply.js';
import type {Faults} from './model.js';

export interface FaultView {
	kind: 'isolate' | 'partition' | 'degrade';
	/** The other container's id: of a partition, and of what is degraded only towards it. */
	to?: string;
	/** Of what is degraded. */
	network?: string;
	/** `10%` */
	loss?: string;
	/** `100ms` */
	delay?: string;
	jitter?: string;
	/** `1mbit` */
	rate?: string;
}

const withUnit = (value: number, units: ReadonlyArray<readonly [unit: string, size: number]>): string => {
	const [unit, size] = units.find(([, candidate]) => value % candidate === 0) ?? ['', 1];
	return `${value / size}${unit}`;
};

const formatDelay = (microseconds: number): string => withUnit(microseconds, [['s', 1_000_000], ['ms', 1000], ['us', 1]]);
const formatRate = (bits: number): string => withUnit(bits, [['gbit', 1e9], ['mbit', 1e6], ['kbit', 1e3], ['bit', 1]]);

export const viewFaults = ({isolated, cuts, degradations}: Faults, links: readonly LinkOnNetwork[]): FaultView[] => [
	...(isolated ? [{kind: 'isolate' as const}] : []),
	...cuts.map(to => ({kind: 'partition' as const, to})),
	...degradations.map(({link, to, loss, delay, jitter, rate}) => ({
		kind: 'degrade' as const,
		network: links.find(candidate => candidate.link === link)?.network ?? link,
		...(to === undefined ? {} : {to}),
		...(loss === undefined ? {} : {loss: `${loss / 10_000}%`}),
		...(delay === undefined ? {} : {delay: formatDelay(delay)}),
		...(jitter === undefined ? {} : {jitter: formatDelay(jitter)}),
		...(rate === undefined ? {} : {rate: formatRate(rate)}),
	})),
];
