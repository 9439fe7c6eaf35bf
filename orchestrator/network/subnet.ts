/** Subnets: which addresses they have, and which they share. Pure. */

import {ClocheError} from '../base/errors.js';
import {type Address, BITS, type Family, formatAddress, parseAddress} from './address.js';

export interface Subnet {
	family: Family;
	/** Its first address, as a number. */
	base: bigint;
	prefix: number;
}

const sizeOf = ({family, prefix}: Subnet): bigint => 1n << BigInt(BITS[family] - prefix);

export const contains = (subnet: Subnet, {family, value}: Address): boolean =>
	family === subnet.family && value >= subnet.base && value < subnet.base + sizeOf(subnet);

/** Whether all of `inner` lies in it. */
export const encloses = (outer: Subnet, inner: Subnet): boolean =>
	outer.prefix <= inner.prefix && contains(outer, {family: inner.family, value: inner.base});

/** Of two subnets that share an address, one encloses the other. */
export const overlap = (one: Subnet, other: Subnet): boolean => encloses(one, other) || encloses(other, one);

export const formatSubnet = ({family, base, prefix}: Subnet): string => `${formatAddress({family, value: base})}/${prefix}`;

/** `10.89.0.0/24`; `undefined` where it is none, or has bits set past its prefix. */
export const readSubnet = (text: string): Subnet | undefined => {
	const [, word = '', length = ''] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? [];
	const address = parseAddress(word);
	if (address === undefined || Number(length) > BITS[address.family]) {
		return undefined;
	}

	const subnet = {family: address.family, base: address.value, prefix: Number(length)};
	return subnet.base % sizeOf(subnet) === 0n ? subnet : undefined;
};

/** Of these a network can't be made: this network, loopback, link-local, multicast and what is reserved (RFC 6890). */
const FORBIDDEN = ['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/3', '::/8', 'fe80::/10', 'ff00::/8'].map(text => readSubnet(text)).filter(subnet => subnet !== undefined);

const example = (family: Family): string => family === 4 ? 'give an address and a length, as 10.1.2.0/24' : 'give an address and a length, as fd12:3456:789a::/64';

/**
 * A subnet that somebody wants a network to have.
 *
 * @throws ClocheError where it is none, or a network can't have it
 */
export const parseSubnet = (text: string): Subnet => {
	const subnet = readSubnet(text);
	const problem = (why: string, remedy?: string): ClocheError => new ClocheError('not a network\'s subnet', {where: text, why, remedy});
	if (subnet === undefined) {
		const [, word = '', length = ''] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? [];
		const address = parseAddress(word);
		if (address === undefined || Number(length) > BITS[address.family]) {
			throw problem('it isn\'t an address and a length', example(text.includes(':') ? 6 : 4));
		}

		const {family, value} = address;
		const prefix = Number(length);
		const size = sizeOf({family, base: 0n, prefix});
		throw problem(`bits are set past its first ${prefix}`, `give ${formatSubnet({family, base: value - value % size, prefix})}`);
	}

	const {family, prefix} = subnet;
	if (BITS[family] - prefix < 2) {
		throw problem('it has no room for a gateway and a container', `give a length of ${BITS[family] - 2} at most`);
	}

	const forbidden = FORBIDDEN.find(other => overlap(other, subnet));
	if (forbidden !== undefined) {
		throw problem(`${formatSubnet(forbidden)} has another purpose`, 'give a private one, as 10.1.2.0/24 or fd12:3456:789a::/64');
	}

	return subnet;
};

/** The first and the last address that may be somebody's: of version 4, the ends are the subnet's own and its broadcast; of version 6, the first is any router's. */
export const usable = (subnet: Subnet): {first: bigint; last: bigint} => {
	const last = subnet.base + sizeOf(subnet) - 1n;
	return {first: subnet.base + 1n, last: subnet.family === 4 ? last - 1n : last};
};

export const isUsable = (subnet: Subnet, {family, value}: Address): boolean => {
	const {first, last} = usable(subnet);
	return family === subnet.family && value >= first && value <= last;
};

/** A gateway where none was wished for: the first that can be. */
export const firstAddress = (subnet: Subnet): Address => ({family: subnet.family, value: usable(subnet).first});
