/** A network as `cloche network inspect` and the library show it: docker's members, as docs/network.md tells of them. */

import {parseAddress} from './address.js';
import {readLeases} from './leases.js';
import {isUpHere} from './machine.js';
import {findKeeper, isRaised} from './parent.js';
import {networkDirectory, type NetworkRoots} from './places.js';
import {type NetworkRecord, rangesOf, type SubnetRecord} from './record.js';
import {contains} from './subnet.js';

export interface NetworkMemberView {
	name: string | null;
	/** With their prefixes; empty where it has none. */
	ipv4Address: string;
	ipv6Address: string;
}

export interface NetworkView {
	name: string;
	id: string;
	/** ISO 8601. */
	created: string;
	scope: 'local';
	driver: 'bridge';
	/** The link on this machine. */
	bridge: string;
	/** Whether that is there: after a reboot, or where its parent isn't, it is made when somebody needs it. */
	up: boolean;
	/** The network namespace that it is in: `user`, or a lab's name; null: this machine's. */
	parent: string | null;
	enableIPv4: boolean;
	enableIPv6: boolean;
	ipam: {driver: 'default'; config: SubnetRecord[]};
	internal: boolean;
	mtu: number;
	labels: Record<string, string>;
	/** By id. */
	containers: Record<string, NetworkMemberView>;
}

const membersOf = (roots: NetworkRoots, record: NetworkRecord, nameOf: (id: string) => string | undefined): Record<string, NetworkMemberView> => {
	const ranges = rangesOf(record);
	const living = roots.claimed();
	const members: Record<string, NetworkMemberView> = {};
	for (const {address: text, id} of readLeases(networkDirectory(roots, record.name)).filter(lease => living.has(lease.id))) {
		const address = parseAddress(text);
		const range = address === undefined ? undefined : ranges.find(({subnet}) => contains(subnet, address));
		const member = members[id] ??= {name: nameOf(id) ?? null, ipv4Address: '', ipv6Address: ''};
		if (range !== undefined) {
			member[range.subnet.family === 4 ? 'ipv4Address' : 'ipv6Address'] = `${text}/${range.subnet.prefix}`;
		}
	}

	return members;
};

const isUp = (roots: NetworkRoots, record: NetworkRecord): boolean => {
	if (record.parent === undefined) {
		return isUpHere(roots, record);
	}

	const keeper = findKeeper(roots, record.parent.name);
	return keeper !== undefined && isRaised(roots, record, keeper);
};

/** @param nameOf a container's name */
export const viewNetwork = (roots: NetworkRoots, record: NetworkRecord, nameOf: (id: string) => string | undefined): NetworkView => {
	const {name, id, created, bridge, subnets, internal, mtu, labels, parent} = record;
	const families = rangesOf(record).map(({subnet}) => subnet.family);
	return {
		name, id, created, scope: 'local', driver: 'bridge', bridge,
		up: isUp(roots, record),
		parent: parent?.name ?? null,
		enableIPv4: families.includes(4), enableIPv6: families.includes(6),
		ipam: {driver: 'default', config: subnets},
		internal, mtu, labels,
		containers: membersOf(roots, record, nameOf),
	};
};
