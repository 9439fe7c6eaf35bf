/**
 * The lines for tc(8) that make a link slow. A queue for each thing that is asked for, one within the other: netem's that waits,
 * tbf's that lets through as much as the rate, htb's with a class for each container that has a rate or a delay of its own.
 * So delays add up, and a container's rate is within the link's. Pure.
 *
 * Of classful queues it is htb, as the one that kernels mostly have: it takes a packet's class from its priority (tc-htb(8):
 * "skb->priority"), which our rules set, and needs no filters.
 */

import type {Degradation, Faults} from './model.js';

/** Of the queues that are ours: what stands at the root under another handle is somebody else's. */
const HANDLES = {netem: 'c10c', tbf: 'c10d', htb: 'c10e'} as const;

/** Handles of queues in classes begin here. */
const WITHIN = 0xC2_00;

/** Faster than any link of containers. */
const UNLIMITED = '100gbit';

/** What waits for its turn: a tenth of a second, and no less than a sender puts out at once. */
const waiting = (rate: number, mtu: number): number => Math.max(65_536, 4 * mtu, Math.ceil(rate / 80));

/** What may pass at once: a hundredth of a second, and no less than packets (tc-tbf(8): "larger shaping rates require a larger buffer"). */
const burst = (rate: number, mtu: number): number => Math.max(2 * (mtu + 14), Math.ceil(rate / 800));

/** Packets under way, where no rate bounds them: its own limit of 1000 would be one of 120 Mbit/s at a delay of 100 ms. */
const UNDER_WAY = 10_000;

/** @param rate at which packets leave it */
const netem = ({delay = 0, jitter}: Degradation, rate: number | undefined, mtu: number): string => {
	const limit = rate === undefined ? UNDER_WAY : Math.ceil((waiting(rate, mtu) + rate * delay / 8e6) / mtu);
	return `netem limit ${limit} delay ${delay}us${jitter === undefined ? '' : ` ${jitter}us`}`;
};

/** Only these have to wait; loss is the rules' affair. */
const isSlow = ({delay, rate}: Degradation): boolean => delay !== undefined || rate !== undefined;

const slowPeers = (faults: Faults, link: string): Degradation[] => faults.degradations.filter(one => one.link === link && one.to !== undefined && isSlow(one));

/** The class of a degradation, which its packets get as their priority; 1 is everybody else's. */
export const classOf = (faults: Faults, degradation: Degradation): string | undefined => {
	const index = slowPeers(faults, degradation.link).indexOf(degradation);
	return index === -1 ? undefined : `${HANDLES.htb}:${(index + 2).toString(16)}`;
};

const tbf = (rate: number, mtu: number): string => `tbf rate ${rate}bit burst ${burst(rate, mtu)} limit ${waiting(rate, mtu)}`;

/**
 * A class that holds nothing back itself, and the queues in it: tbf takes packets of 64 KiB apart, as senders here make them, which
 * htb's own rate would have to take whole or drop. What waits in it for the link is bounded as is what waits there: htb's own limit
 * is 1000 packets.
 *
 * @param most the rate of the link, if it has one
 */
const classLines = (minor: number, degradation: Degradation, most: number | undefined, mtu: number): string[] => {
	const {link, rate, delay} = degradation;
	const id = `${HANDLES.htb}:${minor.toString(16)}`;
	const handle = (WITHIN + minor).toString(16);
	const slow = delay === undefined ? [] : [`qdisc add dev ${link} parent ${id} handle ${handle}: ${netem(degradation, rate === undefined ? most : undefined, mtu)}`];
	const within = delay === undefined ? id : `${handle}:1`;
	const last = rate !== undefined ? tbf(rate, mtu) : most === undefined || delay !== undefined ? undefined : `bfifo limit ${waiting(most, mtu)}`;
	return [
		// The quantum matters only between classes that borrow, and the kernel complains of one that it made itself of such rates.
		`class add dev ${link} parent ${HANDLES.htb}: classid ${id} htb rate ${UNLIMITED} quantum 60000`,
		...slow,
		...(last === undefined ? [] : [`qdisc add dev ${link} parent ${within} ${last}`]),
	];
};

/**
 * @param mtu of the link, bytes
 * @returns none where nothing has to wait
 */
export const queueLines = (faults: Faults, link: string, mtu: number): string[] => {
	const {delay, jitter, rate} = faults.degradations.find(one => one.link === link && one.to === undefined) ?? {link};
	const peers = slowPeers(faults, link);
	const lines: string[] = [];
	let parent = 'root';
	const nest = (handle: string, words: string): void => {
		lines.push(`qdisc add dev ${link} ${parent} handle ${handle}: ${words}`);
		parent = `parent ${handle}:1`;
	};

	if (delay !== undefined) {
		nest(HANDLES.netem, netem({link, delay, jitter}, undefined, mtu));
	}

	if (rate !== undefined) {
		nest(HANDLES.tbf, tbf(rate, mtu));
	}

	if (peers.length > 0) {
		nest(HANDLES.htb, 'htb default 1');
		lines.push(...[{link}, ...peers].flatMap((one, index) => classLines(index + 1, one, rate, mtu)));
	}

	return lines;
};

export const removalLine = (link: string): string => `qdisc del dev ${link} root`;

/** The links that have queues of ours, of a text as `tc qdisc show` prints. */
export const parseQueues = (text: string): string[] =>
	[...text.matchAll(/^qdisc \S+ (\w+): dev (\S+) root/gm)].flatMap(([, handle = '', link = '']) => Object.values<string>(HANDLES).includes(handle) ? [link] : []);

/** What tc says where the kernel hasn't the queue. */
export const lacksQueue = (words: string): boolean => words.includes('qdisc kind is unknown');
