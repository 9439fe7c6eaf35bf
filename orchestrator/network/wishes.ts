/** From what somebody wishes for to a network's subnets. Pure. */

import {ClocheError} from '../base/errors.js';
import type {Route} from '../host/routes.js';
import {type Address, formatAddress, parseAddress} from './address.js';
import {chooseSubnet, randomSubnet6, readPools} from './pool.js';
import {type NetworkRecord, rangesOf, type SubnetRecord} from './record.js';
import {contains, encloses, firstAddress, formatSubnet, isUsable, overlap, parseSubnet, type Subnet} from './subnet.js';

export interface SubnetWishes {
	/** One of each family at most; one of IPv4 is found where none is given. */
	subnets?: readonly string[];
	/** One for each subnet at most. */
	gateways?: readonly string[];
	/** One of IPv6 is found, where none is given. */
	ipv6?: boolean;
}

export interface Wishes {
	subnets: Subnet[];
	gateways: Address[];
	ipv6: boolean;
}

const readGateway = (text: string): Address => {
	const address = parseAddress(text);
	if (address === undefined) {
		throw new ClocheError('not an address', {where: text, remedy: 'give the gateway as 10.1.2.1 or fd12:3456:789a::1'});
	}

	return address;
};

const requireOneEach = <T extends {family: 4 | 6}>(things: readonly T[], what: string, format: (thing: T) => string): void => {
	for (const [index, {family}] of things.entries()) {
		const other = things.slice(index + 1).find(candidate => candidate.family === family);
		if (other !== undefined) {
			throw new ClocheError(`more than one ${what} of IPv${family}`, {where: format(other), remedy: 'give one of each family at most'});
		}
	}
};

/** @throws ClocheError where what is asked for makes no sense, whatever the machine is like */
export const readWishes = ({subnets = [], gateways = [], ipv6 = false}: SubnetWishes): Wishes => {
	const wishes = {subnets: subnets.map(text => parseSubnet(text)), gateways: gateways.map(text => readGateway(text)), ipv6};
	requireOneEach(wishes.subnets, 'subnet', formatSubnet);
	requireOneEach(wishes.gateways, 'gateway', formatAddress);
	for (const gateway of wishes.gateways) {
		const where = formatAddress(gateway);
		const subnet = wishes.subnets.find(({family}) => family === gateway.family);
		if (subnet === undefined) {
			throw new ClocheError('a gateway without its subnet', {where, remedy: 'give --subnet, too'});
		}

		if (!contains(subnet, gateway)) {
			throw new ClocheError('the gateway isn\'t in the subnet', {where, why: formatSubnet(subnet), remedy: `give such as ${formatAddress(firstAddress(subnet))}`});
		}

		if (!isUsable(subnet, gateway)) {
			throw new ClocheError('the gateway can\'t have that address', {where, why: `it means something of its own in ${formatSubnet(subnet)}`, remedy: `give such as ${formatAddress(firstAddress(subnet))}`});
		}
	}

	return wishes;
};

/** A wider route through some gateway doesn't matter to who asks for a subnet by its name: ours is the more specific one. */
const standsInTheWay = (route: Route, subnet: Subnet): boolean => encloses(subnet, route) || (route.connected && encloses(route, subnet));

const requireFree = (subnet: Subnet, networks: readonly NetworkRecord[], routes: readonly Route[]): void => {
	const where = formatSubnet(subnet);
	for (const network of networks) {
		const other = rangesOf(network).find(range => overlap(range.subnet, subnet));
		if (other !== undefined) {
			throw new ClocheError('the subnet overlaps a network\'s', {where, why: `${network.name} has ${formatSubnet(other.subnet)}`, remedy: 'give another, or none, and a free one is found'});
		}
	}

	const route = routes.find(candidate => standsInTheWay(candidate, subnet));
	if (route !== undefined) {
		throw new ClocheError('the subnet overlaps a route of this machine', {where, why: `${formatSubnet(route)} leads elsewhere`, remedy: 'give another, or none, and a free one is found'});
	}
};

/**
 * @param pools of CLOCHE_SUBNETS
 * @throws ClocheError where one is taken, or none is left
 */
export const planSubnets = ({subnets, gateways, ipv6}: Wishes, networks: readonly NetworkRecord[], routes: readonly Route[], pools: string | undefined): SubnetRecord[] => {
	for (const subnet of subnets) {
		requireFree(subnet, networks, routes);
	}

	const has = (family: 4 | 6): boolean => subnets.some(subnet => subnet.family === family);
	const taken = [...networks.flatMap(network => rangesOf(network).map(({subnet}) => subnet)), ...routes];
	const found4 = has(4) ? [] : [chooseSubnet(readPools(pools), taken)];
	const found6 = has(6) || !ipv6 ? [] : [randomSubnet6()];
	return [...found4, ...subnets, ...found6]
		.sort((one, other) => one.family - other.family)
		.map(subnet => ({subnet: formatSubnet(subnet), gateway: formatAddress(gateways.find(({family}) => family === subnet.family) ?? firstAddress(subnet))}));
};
