/** The lines for ip(8) that make and remove a network's bridge. Pure. */

import {formatAddress} from './address.js';
import {macOf} from './mac.js';
import {type NetworkRecord, rangesOf} from './record.js';

/** Our bridges' names: 11 characters, of the 15 that a link's name may have. */
export const isBridge = (link: string): boolean => /^clo[a-z\d]{8}$/.test(link);

/** What `ip link` shows beside it: whose it is, should its state be lost, and what the user calls it. */
export const aliasOf = (root: string, name: string): string => `cloche:${root}:${name}`;

/**
 * Everything that can stands in the first line: a link that is there is changed dearly. Its address is given, as else it would have
 * the lowest of its ports', which come and go. Without a subnet of IPv6 it has no address of that at all.
 *
 * @param root names the state root (8 characters)
 */
export const bridgeLines = (record: NetworkRecord, root: string): string[] => {
	const {bridge, mtu, name} = record;
	const ranges = rangesOf(record);
	const [first] = ranges;
	return [
		`link add name ${bridge} address ${first === undefined ? '' : macOf(first.gateway)} mtu ${mtu} type bridge`,
		`link set dev ${bridge} alias ${aliasOf(root, name)}${ranges.some(({subnet}) => subnet.family === 6) ? '' : ' addrgenmode none'}`,
		...ranges.map(({subnet, gateway}) => `address add ${formatAddress(gateway)}/${subnet.prefix} dev ${bridge}${subnet.family === 6 ? ' nodad' : ''}`),
		`link set dev ${bridge} up`,
	];
};

export const removalLines = ({bridge}: Pick<NetworkRecord, 'bridge'>): string[] => [`link delete dev ${bridge}`];

