/**
 * The lines for tc(8) that make a link slow. A queue for each thing that is asked for, one within the other: netem's that waits,
 * tbf's that lets through as much as the rate, htb's with a class for each container that has a rate or a delay of its own.
 * So delays add up, and a container's rate is within the link's. Pure.
 *
 * Of classful queues it is htb (prio can't hold packets back, and rare kernels lack the one and have the other): it takes a packet's
 * class from its priority (tc-htb(8): "skb->priority"), which our rules set, and needs no filters.
 */

import type {Degradation, Faults} from './model.js';

/** Of the queues that are ours: what stands at the root under another handle is somebody else's. */
const HANDLES = {netem: 'c10c', tbf: 'c10d', htb: 'c10e'} as const;

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

/** What waits in a class is bounded as is what waits for the link, since it is here that it does: htb's own limit is 1000 packets. */
const leafOf = (degradation: Degradation, rate: number | undefined, mtu: number): string | undefined => {
	if (degradation.delay !== undefined) {
		return netem(degradation, rate, mtu);
	}

	return rate === undefined ? undefined : `bfifo limit ${waiting(rate, mtu)}`;
};

/** @param most the rate of the link, if it has one */
const classLines = (id: string, degradation: Degradation, most: number | undefined, mtu: number): string[] => {
	const {link, rate} = degradation;
	const bytes = rate === undefined ? undefined : burst(rate, mtu);
	const limits = bytes === undefined ? `rate ${UNLIMITED}` : `rate ${rate}bit burst ${bytes} cburst ${bytes}`;
	const leaf = leafOf(degradation, rate === undefined ? most : Math.min(rate, most ?? rate), mtu);
	return [
		// The quantum matters only between classes that borrow, and the kernel complains of one that it made itself of such rates.
		`class add dev ${link} parent ${HANDLES.htb}: classid ${id} htb ${limits} quantum 60000`,
		...(leaf === undefined ? [] : [`qdisc add dev ${link} parent ${id} ${leaf}`]),
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
		nest(HANDLES.tbf, `tbf rate ${rate}bit burst ${burst(rate, mtu)} limit ${waiting(rate, mtu)}`);
	}

	if (peers.length > 0) {
		nest(HANDLES.htb, 'htb default 1');
		lines.push(...classLines(`${HANDLES.htb}:1`, {link}, rate, mtu), ...peers.flatMap(one => classLines(classOf(faults, one) ?? '', one, rate, mtu)));
	}

	return lines;
};

export const removalLine = (link: string): string => `qdisc del dev ${link} root`;

/** The links that have queues of ours, of a text as `tc qdisc show` prints. */
export const parseQueues = (text: string): string[] =>
	[...text.matchAll(/^qdisc \S+ (\w+): dev (\S+) root/gm)].flatMap(([, handle = '', link = '']) => Object.values<string>(HANDLES).includes(handle) ? [link] : []);

/** What tc says where the kernel hasn't the queue. */
export const lacksQueue = (words: string): boolean => words.includes('qdisc kind is unknown');
