/** Subnets for networks that don't say which they want. Pure. */

import {ClocheError} from '../base/errors.js';
import {BITS} from './address.js';
import {encloses, formatSubnet, overlap, parseSubnet, type Subnet} from './subnet.js';

/** What a network gets. */
const PREFIX = 24;

/** Where Docker takes none from; then what it leaves of the private ones, should a tunnel cover all of 10.0.0.0/8. */
const POOLS = [...Array.from({length: 256 - 89}, (_, index) => `10.${89 + index}.0.0/16`), '172.24.0.0/13'];

/**
 * The subnets to take from, each a /24 of it at a time, or as a whole where it is no larger.
 *
 * @param text of CLOCHE_SUBNETS: with commas or blanks between them
 */
export const readPools = (text: string | undefined): Subnet[] => {
	const words = (text ?? '').split(/[\s,]+/).filter(word => word !== '');
	return (words.length === 0 ? POOLS : words).map(word => {
		const pool = parseSubnet(word);
		if (pool.family !== 4) {
			throw new ClocheError('CLOCHE_SUBNETS', {where: word, why: 'the pool is of IPv4', remedy: 'give such as 10.89.0.0/16'});
		}

		return pool;
	});
};

/**
 * The first one that overlaps nothing taken.
 *
 * @throws ClocheError where there is none left
 */
export const chooseSubnet = (pools: readonly Subnet[], taken: readonly Subnet[]): Subnet => {
	for (const pool of pools) {
		const near = taken.filter(other => other.family === 4 && overlap(pool, other));
		if (near.some(other => encloses(other, pool))) {
			continue;
		}

		const prefix = Math.max(PREFIX, pool.prefix);
		const step = 1n << BigInt(BITS[4] - prefix);
		const end = pool.base + (1n << BigInt(BITS[4] - pool.prefix));
		for (let base = pool.base; base < end; base += step) {
			const subnet: Subnet = {family: 4, base, prefix};
			if (!near.some(other => overlap(other, subnet))) {
				return subnet;
			}
		}
	}

	const [first, last] = [pools[0], pools.at(-1)];
	const where = first === undefined || last === undefined ? undefined : first === last ? formatSubnet(first) : `${formatSubnet(first)} to ${formatSubnet(last)}`;
	throw new ClocheError('no subnet is left', {where, why: 'networks and this machine\'s routes cover them all', remedy: 'remove networks (cloche network prune), give --subnet, or set CLOCHE_SUBNETS'});
};

/** RFC 4193: fd00::/8, then 40 bits at random, a /48 of which we take the first /64. */
export const randomSubnet6 = (random: () => number = Math.random): Subnet =>
	({family: 6, base: (0xFDn << 40n | BigInt(Math.floor(random() * 2 ** 40))) << 80n, prefix: 64});
