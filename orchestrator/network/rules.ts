/**
 * The rules of a state root's networks, a table of their own for nft(8). Pure.
 *
 * What leaves a network for the world outside is masqueraded; networks don't reach each other, unless their parent routes them; nobody leaves an
 * internal one for the world, or enters it from there; and from outside only answers come in, since a published port is no rule but a process
 * (docs/network.md).
 */

import {type NetworkRecord, rangesOf} from './record.js';
import {formatSubnet} from './subnet.js';

/** @param root names the state root (8 characters) */
export const tableOf = (root: string): string => `cloche_${root}`;

/** Whether a table is a state root's, or says that we switched forwarding on. */
export const isOurs = (table: string): boolean => table.startsWith('cloche_');

/** Without rules: it is there while forwarding is on because of us. It ends with the network namespace, as what it tells of does. */
export const SWITCHED = 'cloche_forwarding';

export const switchedText = `add table inet ${SWITCHED}\n`;
export const unswitchedText = `delete table inet ${SWITCHED}\n`;

const setOf = (name: string, type: string, elements: readonly string[]): string[] => [
	`\tset ${name} {`,
	`\t\ttype ${type}`,
	...(type.endsWith('_addr') ? ['\t\tflags interval'] : []),
	...(elements.length === 0 ? [] : [`\t\telements = { ${elements.join(', ')} }`]),
	'\t}',
];

/** From which bridge packets go on to which: to itself, and from one that is routed to another. */
const passages = (networks: readonly NetworkRecord[]): Array<[string, string]> => networks.flatMap(one => networks
	.filter(other => one === other || (one.routed === true && other.routed === true))
	.map((other): [string, string] => [one.bridge, other.bridge]));

/** Put the table in the place of the one that was there, at once; without networks, none. */
export const rulesText = (networks: readonly NetworkRecord[], root: string): string => {
	const table = tableOf(root);
	// `delete` fails where there is nothing to delete.
	const without = [`table inet ${table} {}`, `delete table inet ${table}`];
	if (networks.length === 0) {
		return `${without.join('\n')}\n`;
	}

	const outbound = networks.filter(({internal}) => !internal);
	const subnetsOf = (family: 4 | 6): string[] => outbound.flatMap(network => rangesOf(network)).filter(({subnet}) => subnet.family === family).map(({subnet}) => formatSubnet(subnet));
	const quoted = (records: readonly NetworkRecord[]): string[] => records.map(({bridge}) => `"${bridge}"`);
	return [
		...without,
		`table inet ${table} {`,
		...setOf('outbound4', 'ipv4_addr', subnetsOf(4)),
		...setOf('outbound6', 'ipv6_addr', subnetsOf(6)),
		...setOf('bridges', 'ifname', quoted(networks)),
		...setOf('internal', 'ifname', quoted(networks.filter(({internal}) => internal))),
		...setOf('within', 'ifname . ifname', passages(networks).map(([one, other]) => `"${one}" . "${other}"`)),
		'\tchain outgoing {',
		'\t\ttype nat hook postrouting priority srcnat; policy accept;',
		'\t\tip saddr @outbound4 oifname != @bridges masquerade',
		'\t\tip6 saddr @outbound6 oifname != @bridges masquerade',
		'\t}',
		'\tchain passing {',
		'\t\ttype filter hook forward priority filter; policy accept;',
		// Of one bridge: seen here only where br_netfilter is loaded. Of two: the parent is their router.
		'\t\tiifname . oifname @within accept',
		'\t\tiifname @internal drop',
		'\t\toifname @internal drop',
		'\t\toifname @bridges ct state established,related accept',
		'\t\toifname @bridges drop',
		'\t}',
		'}',
		'',
	].join('\n');
};
