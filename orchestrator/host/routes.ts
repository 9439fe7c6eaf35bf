/**
 * Where this machine sends packets: what all its routing tables and addresses cover. Read from /proc, without a process.
 * fs/proc: net/ipv4/fib_trie.c, fib_trie_seq_show(); net/ipv6/route.c, rt6_info_route().
 */

import {readFileSync} from 'node:fs';
import {isErrno} from '../base/errors.js';

export interface Route {
	family: 4 | 6;
	/** Its first address, as a number. */
	base: bigint;
	prefix: number;
	/** On a link of this machine, or its own address: no gateway leads there. */
	connected: boolean;
}

/** From a text like /proc/net/fib_trie. The default route covers everything, and says nothing. */
export const parseTrie = (text: string): Route[] => {
	const routes: Route[] = [];
	let base = 0n;
	for (const line of text.split('\n')) {
		const [, leaf] = /\|-- (\d+\.\d+\.\d+\.\d+)$/.exec(line) ?? [];
		if (leaf !== undefined) {
			base = leaf.split('.').reduce((sum, byte) => sum << 8n | BigInt(byte), 0n);
			continue;
		}

		const [, prefix, scope] = /^\s*\/(\d+) (\S+) \S+/.exec(line) ?? [];
		if (prefix !== undefined && prefix !== '0') {
			routes.push({family: 4, base, prefix: Number(prefix), connected: scope !== 'universe'});
		}
	}

	return routes;
};

/** RTF_GATEWAY of linux/route.h. */
const GATEWAY = 0x2;

/** From a text like /proc/net/ipv6_route. Multicast and link-local addresses are every link's own. */
export const parseRoutes6 = (text: string): Route[] => text.split('\n').flatMap(line => {
	const [address = '', length = '', , , , , , , flags = '0'] = line.trim().split(/\s+/);
	const prefix = Number.parseInt(length, 16);
	if (!/^[\da-f]{32}$/.test(address) || prefix === 0 || /^(?:ff|fe[89ab])/.test(address)) {
		return [];
	}

	return [{family: 6 as const, base: BigInt(`0x${address}`), prefix, connected: (Number.parseInt(flags, 16) & GATEWAY) === 0}];
});

const readText = (path: string): string => {
	try {
		return readFileSync(path, 'latin1');
	} catch (error) {
		if (isErrno(error, 'ENOENT')) {
			return ''; // A kernel without IPv6.
		}

		throw error;
	}
};

/** Of the network namespace that we are in. */
export const hostRoutes = (): Route[] => [...parseTrie(readText('/proc/self/net/fib_trie')), ...parseRoutes6(readText('/proc/self/net/ipv6_route'))];
