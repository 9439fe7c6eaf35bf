/**
 * What a container has of networks: claimed when its place on disk is, before anything of it is made in the kernel, and put into its
 * plan. The helper removes it in the end; gc where that was killed.
 */

import {mkdirSync, rmSync, symlinkSync} from 'node:fs';
import {ClocheError} from '../../base/errors.js';
import type {Endpoint as EndpointOp, Plan} from '../../helper/plan.js';
import {attach} from '../../network/attach.js';
import type {Endpoint, EndpointLink} from '../../network/endpoint.js';
import {readByName} from '../../network/find.js';
import {releaseContainer} from '../../network/release.js';
import {machineFacts} from '../facts.js';
import {HOST_GATEWAY} from '../options/network.js';
import type {Wiring} from '../plan/facts.js';
import {hostsText} from '../plan/etc.js';
import {RESOLVER} from '../plan/settings.js';
import type {Design} from '../prepare.js';
import type {Attachment, NetworkSpec} from '../spec.js';
import {networkRoots} from '../store/networks.js';
import {parentLink, runDirectory, type StateRoots} from '../store/roots.js';
import {expandPorts} from './ports.js';
import {hostHosts, hostResolv, plainText, resolverText} from './resolv.js';
import {sharedStack} from './share.js';

export interface Claimed {
	wiring: Wiring;
	/** What the helper removes in the end, before the container's claim. */
	remove: string[];
	/** By network. */
	addresses: Record<string, string[]>;
	/** What is to be said of the machine. */
	warnings: string[];
	/** When it is there, or never will be: what it hangs on was held for it until then. */
	release: () => void;
}

/** Addresses that it had the last time, by network: it gets them again, unless somebody else has them by now. */
export type Former = Readonly<Record<string, readonly string[]>>;

/** What of a plan depends on what was claimed; of the rest, some was changed since it was designed. */
const WIRED = ['userMap', 'create', 'join', 'names', 'ports', 'parent', 'presence'] as const satisfies ReadonlyArray<keyof Plan>;

const bytesText = (bytes: Uint8Array): string => Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join(':');

export const endpointOp = ({link, peer, bridge, addresses, gateways, mac, mtu}: EndpointLink, network: string): EndpointOp & {why: string} => ({
	op: 'endpoint', name: link, peer, bridge, addresses, gateways, mac: bytesText(mac), mtu, replace: true, why: `on the network ${network}`,
});

const attachOne = async (roots: StateRoots, {id, spec}: Pick<Design, 'id' | 'spec'>, attachment: Attachment, former: readonly string[]): Promise<Endpoint> => {
	const {network, aliases, ip, ip6, mac} = attachment;
	const member = {containerId: id, name: spec.name, aliases};
	const fixed = [ip, ip6].filter(address => address !== undefined);
	const wanted = {...(mac === undefined ? {} : {mac}), defaultRoute: true};
	if (fixed.length === 0 && former.length > 0) {
		try {
			return await attach(networkRoots(roots), network, member, {...wanted, ips: former});
		} catch (error) {
			if (!(error instanceof ClocheError)) {
				throw error;
			}
		}
	}

	return attach(networkRoots(roots), network, member, {...wanted, ips: fixed});
};

/** Without its prefix. */
export const plain = (address: string): string => address.slice(0, address.indexOf('/'));

/** The machine's own address on the first network, which it has on internal ones, too. */
const gatewayOf = (roots: StateRoots, {hosts}: NetworkSpec, [first]: readonly Endpoint[]): string | undefined =>
	first === undefined || !hosts.some(({address}) => address === HOST_GATEWAY) ? undefined : first.link.gateways[0] ?? readByName(roots, first.network)?.subnets[0]?.gateway;

/** What is asked for names from elsewhere; nobody, where there is no way out: of internal networks only. */
const serversOf = (spec: NetworkSpec, endpoints: readonly Endpoint[], host: readonly string[]): string[] =>
	endpoints.every(({outside}) => !outside) ? [] : spec.dns.length > 0 ? spec.dns : [...host];

/** Where all its bridges are, if not on this machine itself. */
const parentOf = (endpoints: readonly Endpoint[]): Wiring['parent'] => {
	const [first, ...more] = endpoints;
	const other = more.find(({parent}) => parent?.keeper.presence !== first?.parent?.keeper.presence);
	if (first !== undefined && other !== undefined) {
		throw new ClocheError('the networks don\'t go together', {where: `${first.network}, ${other.network}`, why: 'they lie in different network namespaces', remedy: 'choose networks of one lab, or of none'});
	}

	return first?.parent === undefined ? undefined : {keeper: {pid: first.parent.keeper.pid, start: first.parent.keeper.start}, presence: first.parent.keeper.presence};
};

/** In a parent, this machine isn't what the bridges' addresses lead to. */
const requireReachable = ({hosts}: NetworkSpec, parent: Wiring['parent']): void => {
	if (parent !== undefined && hosts.some(({address}) => address === HOST_GATEWAY)) {
		throw new ClocheError(`--add-host …:${HOST_GATEWAY}`, {why: 'the container\'s networks lie in a network namespace of their own, from which this machine can\'t be reached', remedy: 'leave it out, or do it as root on a network of this machine'});
	}
};

const wire = (roots: StateRoots, {id, spec}: Pick<Design, 'id' | 'spec'>, network: NetworkSpec, endpoints: readonly Endpoint[]): Wiring => {
	const ports = network.ports.length === 0 ? [] : expandPorts(network.ports, machineFacts().exists('/proc/net/if_inet6'));
	const host = hostResolv();
	const [first] = endpoints;
	if (first === undefined) {
		const shared = spec.linux.namespaces.network === 'host';
		return {
			endpoints: [], ports,
			hosts: hostsText(spec, id, shared ? {base: hostHosts()} : {}),
			resolv: shared || network.dns.length > 0 ? plainText(network, host) : '',
		};
	}

	const parent = parentOf(endpoints);
	requireReachable(network, parent);
	return {
		endpoints: endpoints.map(({link, network: name}) => endpointOp(link, name)),
		...(parent === undefined ? {} : {parent}),
		ports,
		names: {directory: first.names, servers: serversOf(network, endpoints, host.servers)},
		hosts: hostsText(spec, id, {own: endpoints.flatMap(({link}) => link.addresses.map(address => plain(address))), gateway: gatewayOf(roots, network, endpoints)}),
		resolv: resolverText(network, host, RESOLVER),
	};
};

/** Free what {@link claimNetworks} has claimed, where the helper won't; for who answers for the container. */
export const unclaimNetworks = (roots: StateRoots, id: string): void => {
	releaseContainer(networkRoots(roots), id);
	rmSync(runDirectory(roots, id), {recursive: true, force: true});
};

/** For who connects it to more, later: its supervisor is present in this parent. */
const noteParent = (roots: StateRoots, id: string, {parent}: Wiring): void => {
	if (parent !== undefined) {
		symlinkSync(parent.presence, parentLink(roots, id));
	}
};

const claim = async (design: Design, roots: StateRoots, network: NetworkSpec, former: Former): Promise<Claimed> => {
	const {id} = design;
	const endpoints: Endpoint[] = [];
	const release = (): void => {
		for (const {parent} of endpoints) {
			parent?.release();
		}
	};

	let wiring: Wiring;
	try {
		for (const attachment of network.attachments) {
			endpoints.push(await attachOne(roots, design, attachment, former[attachment.network] ?? []));
		}

		wiring = network.container === undefined ? wire(roots, design, network, endpoints) : sharedStack(roots, design, network.container);
		noteParent(roots, id, wiring);
	} catch (error) {
		release();
		throw error;
	}

	return {
		wiring, release,
		remove: [...endpoints.flatMap(({remove}) => remove), runDirectory(roots, id)],
		addresses: Object.fromEntries(endpoints.map(({network: name, link}) => [name, link.addresses.map(address => plain(address))])),
		warnings: endpoints.flatMap(({warnings}) => warnings),
	};
};

/**
 * Claim it all, and put it into the plan of `design`. Nothing is left if it throws.
 *
 * @param former of one that has run already, which may have left something
 * @throws ClocheError where there is no such network, or an address is taken
 */
export const claimNetworks = async (design: Design, roots: StateRoots, former?: Former): Promise<Claimed | undefined> => {
	const {id, spec: {network}, plan} = design;
	if (network === undefined) {
		return undefined;
	}

	if (former !== undefined) {
		unclaimNetworks(roots, id);
	}

	try {
		mkdirSync(runDirectory(roots, id), {recursive: true, mode: 0o700});
		const claimed = await claim(design, roots, network, former ?? {});
		const wired = design.wire(claimed.wiring);
		for (const part of WIRED.filter(name => wired[name] !== undefined)) {
			Object.assign(plan, {[part]: wired[part]});
		}

		return claimed;
	} catch (error) {
		unclaimNetworks(roots, id);
		throw error;
	}
};

/** The container's specification, as --explain shows it before anything is claimed. */
export const foresee = ({id, spec}: Pick<Design, 'id' | 'spec'>): Wiring => {
	const {attachments = [], ports = []} = spec.network ?? {};
	return {
		endpoints: attachments.map(({network, ip, ip6, mac}, index) => ({
			op: 'endpoint', name: `eth${index}`, peer: 'a name of its own', addresses: [ip ?? 'the next free one', ...(ip6 === undefined ? [] : [ip6])],
			...(mac === undefined ? {} : {mac}), why: `on the network ${network}`,
		})),
		ports: expandPorts(ports, true),
		...(attachments.length === 0 ? {} : {names: {servers: []}}),
		hosts: hostsText(spec, id, {}),
		resolv: '',
	};
};
