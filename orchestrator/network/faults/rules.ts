/**
 * The rules of faults, as nft(8) reads them: text of a {@link Faults}, and back. They stand in the container's network namespace and
 * go with it; comments tell what they are for, so that the kernel is all the memory there is. Pure.
 *
 * What comes in is dropped in the table `inet cloche_faults`, before anything looks at it. What goes out is dropped in `netdev
 * cloche_faults`, at the link: there it is lost, as on a wire, and whoever sent it doesn't hear of it, where postrouting would have
 * sendto(2) fail with EPERM. Kernels before 5.16 don't know that place, and get the latter.
 */

import {type Degradation, type Faults, isHealthy, NO_FAULTS} from './model.js';
import {classOf} from './queues.js';

export const TABLE = ['inet', 'cloche_faults'] as const;

const TABLES = ['inet cloche_faults', 'netdev cloche_faults'];

const MILLION = 1_000_000;

/** A bucket starts with what a second brings besides (net/netfilter/nft_limit.c, nft_limit_init()); the links hand over up to 64 KiB at once. */
const BURST = 65_536;

/** Who has which address is no part of the packets that are lost: ARP isn't here at all (RFC 4861 has the like for IPv6). */
const NEIGHBOURS = 'icmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } accept';

type Direction = 'in' | 'out';

const setOf = (id: string, family: 4 | 6): string => `peer${family}_${id}`;

const hasFamily = (faults: Faults, id: string, family: 4 | 6): boolean =>
	(faults.addresses[id] ?? []).some(address => address.includes(':') === (family === 6));

const setLines = (faults: Faults): string[] => Object.entries(faults.addresses).flatMap(([id, addresses]) => ([4, 6] as const)
	.filter(family => hasFamily(faults, id, family))
	.map(family => {
		const elements = addresses.filter(address => address.includes(':') === (family === 6));
		return `\tset ${setOf(id, family)} { type ipv${family}_addr; elements = { ${elements.join(', ')} }; }`;
	}));

/** What a packet from it or to it looks like, in each family that it has. */
const matches = (faults: Faults, id: string, direction: Direction): string[] => {
	const end = direction === 'in' ? 'saddr' : 'daddr';
	return [...(hasFamily(faults, id, 4) ? [`ip ${end} @${setOf(id, 4)}`] : []), ...(hasFamily(faults, id, 6) ? [`ip6 ${end} @${setOf(id, 6)}`] : [])];
};

const commented = (lines: readonly string[], comment: string): string[] => lines.map((line, index) => index === 0 ? `${line} comment "${comment}"` : line);

const FIELDS = ['loss', 'delay', 'jitter', 'rate', 'to'] as const;

const commentOf = (degradation: Degradation): string =>
	['degrade', degradation.link, ...FIELDS.flatMap(field => degradation[field] === undefined ? [] : [`${field}=${degradation[field]}`])].join(' ');

/** What happens to the packets of one degradation. */
const chainLines = (faults: Faults, degradation: Degradation, direction: Direction): string[] => {
	const {loss, rate} = degradation;
	const priority = direction === 'out' ? classOf(faults, degradation) : undefined;
	return [
		...(loss === undefined ? [] : [loss >= MILLION ? 'drop' : `numgen random mod ${MILLION} < ${loss} drop`]),
		// There is no queue on this side: what is too much is dropped, and TCP slows down to the rest.
		...(rate === undefined || direction === 'out' ? [] : [`limit rate over ${Math.ceil(rate / 8)} bytes/second burst ${BURST} bytes drop`]),
		...(priority === undefined ? [] : [`meta priority set ${priority}`]),
	];
};

/** By number, not by name: a link that goes takes its faults along, though a later one may be called the same. */
const linkOf = (direction: Direction, link: string): string => `${direction === 'in' ? 'iif' : 'oif'} "${link}"`;

const chain = (name: string, lines: readonly string[]): string[] => [`\tchain ${name} {`, ...lines.map(line => `\t\t${line}`), '\t}'];

/** @param hook where the packets are looked at, and which go on at once */
const flow = (faults: Faults, direction: Direction, hook: readonly string[]): string[] => {
	const parts = faults.degradations.map((degradation, index) => ({degradation, name: `${direction}_${index}`, lines: chainLines(faults, degradation, direction)}));
	const jumps = parts.flatMap(({degradation, name}) => {
		const {to, link} = degradation;
		const peers = to === undefined ? [''] : matches(faults, to, direction).map(match => ` ${match}`);
		return commented(peers.map(match => `${linkOf(direction, link)}${match} jump ${name}`), commentOf(degradation));
	});
	return [
		...parts.flatMap(({name, lines}) => chain(name, lines)),
		...chain(`packets_${direction}`, [
			...hook,
			NEIGHBOURS,
			...faults.cuts.flatMap(id => commented(matches(faults, id, direction).map(match => `${match} drop`), `cut ${id}`)),
			...(faults.isolated ? ['meta protocol { ip, ip6 } drop comment "isolated"'] : []),
			...jumps,
		]),
	];
};

/**
 * Where what goes out is dropped: at the link, or in postrouting, which makes do where the kernel has no such place, or a link is
 * just being made or removed. Where it doesn't even know tables of links, there is none to be deleted.
 */
export const PLACES = ['link', 'postrouting', 'postrouting alone'] as const;

/**
 * All of it, in place of what was there.
 *
 * @param links the container's, without lo
 */
export const faultRules = (faults: Faults, links: readonly string[], place: typeof PLACES[number]): string => {
	const atLink = place === 'link';
	const lines = TABLES.filter(table => place !== 'postrouting alone' || table === TABLES[0]).flatMap(table => [`table ${table}`, `delete table ${table}`]);
	if (isHealthy(faults)) {
		return `${lines.join('\n')}\n`;
	}

	const sets = setLines(faults);
	const passing = ['"lo"', ...(atLink ? links.map(link => `"${link}"`) : [])].join(', ');
	lines.push(
		`table ${TABLES[0]} {`, ...sets,
		// Before conntrack puts fragments together: each can be lost (nf_ip_hook_priorities).
		...flow(faults, 'in', ['type filter hook prerouting priority -450', `${linkOf('in', 'lo')} accept`]),
		...flow(faults, 'out', ['type filter hook postrouting priority 300', `oif { ${passing} } accept`]),
		'}',
	);
	if (atLink) {
		lines.push(`table ${TABLES[1]} {`, ...sets, ...flow(faults, 'out', [`type filter hook egress devices = { ${links.join(', ')} } priority 0`]), '}');
	}

	return `${lines.join('\n')}\n`;
};

const parseDegradation = ([link = '', ...words]: readonly string[]): Degradation => {
	const degradation: Degradation = {link};
	for (const word of words) {
		const [name, value = ''] = word.split('=');
		const field = FIELDS.find(candidate => candidate === name);
		if (field === 'to') {
			degradation.to = value;
		} else if (field !== undefined) {
			degradation[field] = Number(value);
		}
	}

	return degradation;
};

/** From a text as `nft list table inet cloche_faults` prints; `undefined` where there is none. */
export const parseFaults = (text: string | undefined): Faults => {
	if (text === undefined) {
		return NO_FAULTS;
	}

	const faults: Faults = {isolated: false, cuts: [], degradations: [], addresses: {}};
	for (const [, id = '', elements = ''] of text.matchAll(/set peer[46]_(\w+) \{[^{}]*elements = \{([^{}]*)\}/g)) {
		(faults.addresses[id] ??= []).push(...elements.split(',').map(address => address.trim()));
	}

	// The same stands in the other direction's chain.
	const [incoming = ''] = /chain packets_in \{[^]*?\n\t\}/.exec(text) ?? [];
	for (const [, rule = '', comment = ''] of incoming.matchAll(/^\s*(.*) comment "([^"]*)"$/gm)) {
		const [kind, ...words] = comment.split(' ');
		if (kind === 'isolated') {
			faults.isolated = true;
		} else if (kind === 'cut') {
			faults.cuts.push(...words);
		} else if (kind === 'degrade') {
			const degradation = parseDegradation(words);
			// Of a link that is gone there is only the number.
			if (rule.startsWith(`${linkOf('in', degradation.link)} `)) {
				faults.degradations.push(degradation);
			}
		}
	}

	return faults;
};
