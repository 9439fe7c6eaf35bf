/** The record of a network: what it is, as it was made. Nothing changes it. */

import {readFileSync} from 'node:fs';
import {ClocheError, isErrno} from '../base/errors.js';
import {type Address, parseAddress} from './address.js';
import {recordPath} from './places.js';
import {contains, readSubnet, type Subnet} from './subnet.js';

/** Counted up when an older Cloche would misread what is written. */
export const NETWORK_VERSION = 1;

export interface SubnetRecord {
	/** `10.89.0.0/24` */
	subnet: string;
	/** The bridge's own address in it. */
	gateway: string;
}

export interface ParentRecord {
	name: string;
	/** Whether it has a way out, by pasta. */
	outbound: boolean;
}

export interface NetworkRecord {
	version: typeof NETWORK_VERSION;
	id: string;
	name: string;
	/** The name of the link. */
	bridge: string;
	/** One of IPv4, and perhaps one of IPv6. */
	subnets: SubnetRecord[];
	/** There is no way out of it. */
	internal: boolean;
	/** The network namespace that the bridge is in; this machine's own where it isn't set. */
	parent?: ParentRecord;
	/** Its parent passes on what goes to the others that say so. */
	routed?: boolean;
	/** The process that made it for itself: when that is gone, and nobody uses it, it is removed. */
	owner?: string;
	/** Bytes. */
	mtu: number;
	labels: Record<string, string>;
	/** ISO 8601. */
	created: string;
}

/** Docker's rule for containers holds for networks, too; a dot can't come first, so no name hides or leads upwards. */
export const isNetworkName = (text: string): boolean => /^[a-zA-Z\d][a-zA-Z\d_.-]{0,127}$/.test(text);

/** The words that `run --network` takes for something else. */
const RESERVED = ['none', 'host', 'bridge', 'default', 'container'];

/** @throws ClocheError where a network can't be called so */
export const requireNetworkName = (name: string): void => {
	if (!isNetworkName(name)) {
		throw new ClocheError('not a network\'s name', {where: name, remedy: 'use letters, digits, _ . and -, a letter or digit first, 128 at most'});
	}

	if (RESERVED.includes(name)) {
		throw new ClocheError('not a network\'s name', {where: name, why: 'it means something else to run --network', remedy: 'choose another'});
	}
};

const isParent = (value: unknown): value is ParentRecord =>
	typeof value === 'object' && value !== null && 'name' in value && typeof value.name === 'string' && isNetworkName(value.name) && 'outbound' in value && typeof value.outbound === 'boolean';

const isRecord = (value: object): value is NetworkRecord =>
	'id' in value && typeof value.id === 'string'
	&& 'name' in value && typeof value.name === 'string'
	&& 'bridge' in value && typeof value.bridge === 'string' && /^clo[a-z\d]{8}$/.test(value.bridge)
	&& 'internal' in value && typeof value.internal === 'boolean'
	&& 'mtu' in value && typeof value.mtu === 'number'
	&& 'created' in value && typeof value.created === 'string'
	&& 'labels' in value && typeof value.labels === 'object' && value.labels !== null
	&& (!('owner' in value) || typeof value.owner === 'string')
	&& (!('parent' in value) || isParent(value.parent))
	&& 'subnets' in value && Array.isArray(value.subnets) && value.subnets.length > 0;

/** @throws ClocheError that names the file, where it is cut short, of a newer version, or something else */
export const parseNetwork = (text: string, path: string): NetworkRecord => {
	const problem = (why: string, remedy: string, cause?: unknown): ClocheError => new ClocheError('cannot read a network\'s state', {where: path, why, remedy, cause});
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch (cause) {
		throw problem('it is damaged', 'it is left as it is', cause);
	}

	const version: unknown = typeof value === 'object' && value !== null && 'version' in value ? value.version : undefined;
	if (typeof version === 'number' && version > NETWORK_VERSION) {
		throw problem(`version ${version} is of a newer Cloche; this one knows ${NETWORK_VERSION}`, 'it is left as it is; use that one');
	}

	if (version !== NETWORK_VERSION || typeof value !== 'object' || value === null || !isRecord(value)) {
		throw problem('it is damaged', 'it is left as it is');
	}

	return value;
};

/** The record in a network's directory; `undefined` where there is none. */
export const readNetwork = (directory: string): NetworkRecord | undefined => {
	const path = recordPath(directory);
	try {
		return parseNetwork(readFileSync(path, 'utf8'), path);
	} catch (cause) {
		if (isErrno(cause, 'ENOENT') || isErrno(cause, 'ENOTDIR')) {
			return undefined;
		}

		throw cause instanceof ClocheError ? cause : new ClocheError('cannot read a network\'s state', {where: path, cause});
	}
};

/** A subnet with its gateway, as numbers. */
export interface Range {
	subnet: Subnet;
	gateway: Address;
}

/** @throws ClocheError where the record was written by somebody else */
export const rangesOf = ({name, subnets}: Pick<NetworkRecord, 'name' | 'subnets'>): Range[] => subnets.map(({subnet: text, gateway: word}) => {
	const subnet = readSubnet(text);
	const gateway = parseAddress(word);
	if (subnet === undefined || gateway === undefined || !contains(subnet, gateway)) {
		throw new ClocheError('cannot read a network\'s state', {where: name, why: `${text} with ${word} is no subnet with a gateway`});
	}

	return {subnet, gateway};
});
