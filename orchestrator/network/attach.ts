/**
 * A container's place on a network: an address, names, and what its helper needs to make the link. In the way of every start, so
 * where the network is up it costs some system calls and no process.
 */

import {mkdirSync, rmSync, writeFileSync} from 'node:fs';
import {ClocheError, ignoring, isErrno} from '../base/errors.js';
import {inTurn} from '../base/turn.js';
import type {UpNetwork} from './create.js';
import {parseAddress} from './address.js';
import {dropLease, dropNamesOf, leasePath, readLeases, takeLease, takeNextLease} from './leases.js';
import type {Endpoint, EndpointLink, Member, Wanted} from './endpoint.js';
import {noSuchNetwork} from './find.js';
import {macOf, parseMac} from './mac.js';
import {claimLink, claimMembership, forgetLink} from './membership.js';
import {isUpHere} from './machine.js';
import {holdKeeper, isRaised} from './parent.js';
import {joinedPath, memberships, namesIn, networkDirectory, type NetworkRoots, turnPath} from './places.js';
import {type NetworkRecord, type Range, rangesOf, readNetwork} from './record.js';
import {addName, hostPath, isHostName, namePath, requireAlias} from './registry.js';
import {peerOf} from './peer.js';
import {contains, formatSubnet, isUsable} from './subnet.js';
import {sweepLeases} from './sweep.js';

/** The network, up. It is made, or made anew, where it has to be: then that takes two processes. */
const open = async (roots: NetworkRoots, name: string): Promise<UpNetwork> => {
	const record = readNetwork(networkDirectory(roots, name));
	return (record === undefined ? undefined : openRaised(roots, record)) ?? (await import('./create.js')).ensureUp(roots, name);
};

/** Where it is up: without a process. */
const openRaised = (roots: NetworkRoots, record: NetworkRecord): UpNetwork | undefined => {
	if (record.parent === undefined) {
		return isUpHere(roots, record) ? {record, warnings: []} : undefined;
	}

	const held = holdKeeper(roots, record.parent.name);
	if (held !== undefined && isRaised(roots, record, held.keeper)) {
		return {record, warnings: [], held};
	}

	held?.release();
	return undefined;
};

const requireWanted = (text: string, name: string, ranges: readonly Range[]): {range: Range; address: string} => {
	const address = parseAddress(text);
	if (address === undefined) {
		throw new ClocheError('not an address', {where: text, remedy: 'give it as 10.89.0.7'});
	}

	const range = ranges.find(({subnet}) => contains(subnet, address));
	if (range === undefined) {
		throw new ClocheError('the address isn\'t in the network', {where: text, why: `${name} has ${ranges.map(({subnet}) => formatSubnet(subnet)).join(' and ')}`, remedy: 'give one of these, or none'});
	}

	if (!isUsable(range.subnet, address) || range.gateway.value === address.value) {
		throw new ClocheError('no container can have the address', {where: text, why: range.gateway.value === address.value ? 'it is the gateway\'s' : 'it means all of the network', remedy: 'give another, or none'});
	}

	return {range, address: text};
};

const taken = (address: string, holder: string): ClocheError => new ClocheError('the address is taken', {where: address, why: `by container ${holder}`, remedy: 'give another, or none'});

const full = (name: string, {subnet}: Range): ClocheError =>
	new ClocheError('no address is left', {where: name, why: `all of ${formatSubnet(subnet)} are taken`, remedy: 'disconnect containers, or make a network with a larger --subnet'});

/** One way, then after the addresses of the dead have been freed once more. */
const claimAddress = async (roots: NetworkRoots, name: string, range: Range, id: string, wanted: string | undefined): Promise<string> => {
	const directory = networkDirectory(roots, name);
	const attempt = (): string | ClocheError => {
		if (wanted === undefined) {
			return takeNextLease(directory, range, id) ?? full(name, range);
		}

		const holder = takeLease(directory, wanted, id);
		return holder === id ? wanted : taken(wanted, holder);
	};

	const first = attempt();
	const outcome = typeof first === 'string' ? first : await inTurn(turnPath(roots), () => {
		sweepLeases(roots, directory);
		return attempt();
	});
	if (typeof outcome === 'string') {
		return outcome;
	}

	throw outcome;
};

/** Undo what {@link attach} has done, where its container never ran. */
const forget = (roots: NetworkRoots, id: string, name: string, addresses: readonly string[]): void => {
	for (const address of addresses) {
		dropLease(networkDirectory(roots, name), address);
	}

	rmSync(joinedPath(roots, id, name), {force: true});
	forgetLink(roots, id, name);
};

const hostsOf = ({containerId, name, aliases = []}: Member): string[] =>
	[...new Set([containerId, ...(name === undefined || !isHostName(name) ? [] : [name]), ...aliases].map(host => host.toLowerCase()))];

/** Whether its gateway leads anywhere: to the world, or where its parent passes on to others. */
const leadsOn = ({internal, routed, parent}: NetworkRecord): boolean => routed === true || (!internal && parent?.outbound !== false);

const linkOf = (record: NetworkRecord, link: string, addresses: readonly string[], {mac, defaultRoute = link === 'eth0'}: Wanted): EndpointLink => {
	const ranges = rangesOf(record);
	const [address = ''] = addresses;
	const own = parseAddress(address);
	return {
		link,
		peer: peerOf(record.bridge, address),
		bridge: record.bridge,
		addresses: addresses.map((text, index) => `${text}/${ranges[index]?.subnet.prefix ?? 0}`),
		gateways: !leadsOn(record) || !defaultRoute ? [] : record.subnets.map(({gateway}) => gateway),
		mac: parseMac(mac ?? (own === undefined ? '' : macOf(own))),
		mtu: record.mtu,
	};
};

/** @see endpoint.ts for what goes in and out */
export const attach = async (roots: NetworkRoots, network: string, member: Member, wanted: Wanted = {}): Promise<Endpoint> => {
	for (const alias of member.aliases ?? []) {
		requireAlias(alias);
	}

	if (wanted.mac !== undefined) {
		parseMac(wanted.mac);
	}

	const {record, warnings, held} = await open(roots, network);
	try {
		return await attachTo(roots, {record, warnings, ...(held === undefined ? {} : {held})}, member, wanted);
	} catch (error) {
		held?.release();
		throw error;
	}
};

const attachTo = async (roots: NetworkRoots, {record, warnings, held}: UpNetwork, member: Member, wanted: Wanted): Promise<Endpoint> => {
	const {name} = record;
	const id = member.containerId;
	const directory = networkDirectory(roots, name);
	const ranges = rangesOf(record);
	const ips = (wanted.ips ?? []).map(text => requireWanted(text, name, ranges));
	claimMembership(roots, id, record);
	const addresses: string[] = [];
	try {
		if (wanted.live === true) {
			mkdirSync(joinedPath(roots, id, '.'), {recursive: true, mode: 0o700});
			writeFileSync(joinedPath(roots, id, name), '');
		}

		const link = claimLink(roots, id, name);
		for (const range of ranges) {
			addresses.push(await claimAddress(roots, name, range, id, ips.find(ip => ip.range === range)?.address));
		}

		const hosts = hostsOf(member);
		// Its id is no other's name, so it hardly ever has a directory yet: no look before.
		ignoring(['EEXIST'], () => {
			mkdirSync(hostPath(directory, id), {mode: 0o700});
		});
		for (const address of addresses) {
			for (const host of hosts) {
				addName(directory, host, address, id);
			}
		}

		return {
			network: name,
			link: linkOf(record, link, addresses, wanted),
			names: memberships(roots, id),
			// Its id is no other's name: that directory can go with it.
			remove: [hostPath(directory, id), ...addresses.flatMap(address => [...hosts.filter(host => host !== id).map(host => namePath(directory, host, address)), leasePath(directory, address)])],
			warnings,
			outside: !record.internal && record.parent?.outbound !== false,
			...(held === undefined ? {} : {parent: held}),
		};
	} catch (cause) {
		forget(roots, id, name, addresses);
		throw isErrno(cause, 'ENOENT') && !(cause instanceof ClocheError) ? noSuchNetwork(name, {why: 'it has just been removed', cause}) : cause;
	}
};

/** @see endpoint.ts */
export const detach = async (roots: NetworkRoots, network: string, id: string): Promise<string | undefined> => {
	const directory = networkDirectory(roots, network);
	const addresses = readLeases(directory).filter(lease => lease.id === id).map(({address}) => address);
	dropNamesOf(directory, addresses);
	const link = forgetLink(roots, id, network);
	if (namesIn(joinedPath(roots, id, '.')).includes(network)) {
		await inTurn(turnPath(roots), () => {
			for (const {address} of readLeases(directory).filter(lease => lease.id === id)) {
				dropLease(directory, address);
			}

			rmSync(joinedPath(roots, id, network), {force: true});
		});
	}

	return link;
};

