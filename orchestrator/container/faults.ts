/** Faults of the networks that containers are on: made, listed and healed, of containers that are named by words. */

import {readlinkSync} from 'node:fs';
import {ClocheError, isErrno} from '../base/errors.js';
import {linksDirectory} from '../network/endpoint.js';
import {changeFaults, clearFaults, type End, type LinkOnNetwork, readFaults} from '../network/faults/apply.js';
import {NetworkTools} from '../network/inside.js';
import {cut, degrade, type Faults, type Harm, isHealthy, isolate, onLinks, rejoin} from '../network/faults/model.js';
import {readLeases} from '../network/leases.js';
import {linkText, namesIn, networkDirectory} from '../network/places.js';
import {readNetwork} from '../network/record.js';
import {findContainer, type FoundContainer, isUp, listContainers, resolveId} from './store/find.js';
import {runDirectory, type StateRoots} from './store/roots.js';

const ETHERNET_MTU = 1500;

const nameOf = ({record: {id, name}}: FoundContainer): string => name ?? id;

const linksOf = (roots: StateRoots, id: string): LinkOnNetwork[] => {
	const directory = linksDirectory(roots, id);
	return namesIn(directory).sort().flatMap(link => {
		const network = linkText(`${directory}/${link}`);
		return network === undefined ? [] : [{link, network, mtu: readNetwork(networkDirectory(roots, network))?.mtu ?? ETHERNET_MTU}];
	});
};

const addressesOn = (roots: StateRoots, networks: readonly string[], id: string): string[] => [...new Set(networks)].flatMap(network =>
	readLeases(networkDirectory(roots, network)).filter(lease => lease.id === id).map(({address}) => address));

const ownNamespace = (pid: number): string => {
	try {
		return readlinkSync(`/proc/${pid}/ns/net`);
	} catch (error) {
		if (isErrno(error, 'ENOENT') || isErrno(error, 'EACCES') || isErrno(error, 'ESRCH')) {
			return '';
		}

		throw error;
	}
};

/** `undefined` where it doesn't run, or is on no network: nothing can be wrong with that. */
const endOf = (roots: StateRoots, found: FoundContainer): End | undefined => {
	const {record: {id}, init, state} = found;
	const links = linksOf(roots, id);
	// This machine's own namespace is never touched, whatever is written down.
	if (!isUp(state) || init === undefined || links.length === 0 || ownNamespace(init.pid) === readlinkSync('/proc/self/ns/net')) {
		return undefined;
	}

	return {
		id, links,
		name: nameOf(found),
		init: {pid: init.pid, start: init.start},
		addresses: addressesOn(roots, links.map(({network}) => network), id),
		turn: `${runDirectory(roots, id)}/faults.turn`,
	};
};

const requireEnd = (roots: StateRoots, word: string): End => {
	const found = findContainer(roots, word);
	if (!isUp(found.state)) {
		throw new ClocheError('the container doesn\'t run', {where: word, remedy: 'a fault is one of a running container, and ends with it: start it'});
	}

	const end = endOf(roots, found);
	if (end === undefined) {
		throw new ClocheError('the container is on no network', {where: word, remedy: 'run it with --network NAME'});
	}

	return end;
};

const endsOf = (roots: StateRoots): End[] =>
	listContainers(roots, {answered: true}).containers.flatMap(found => endOf(roots, found) ?? []);

/** All, one after the other where there are many: each is a process. */
const inParts = async <In, Out>(all: readonly In[], act: (one: In) => Promise<Out>): Promise<Out[]> => {
	const outcomes: Out[] = [];
	for (let from = 0; from < all.length; from += 8) {
		outcomes.push(...await Promise.all(all.slice(from, from + 8).map(act)));
	}

	return outcomes;
};

/** A container that ended meanwhile has no faults. */
const orGone = async <T>(end: End, act: Promise<T>): Promise<T | undefined> => {
	try {
		return await act;
	} catch (error) {
		if (error instanceof ClocheError && (isErrno(error, 'ESRCH') || ownNamespace(end.init.pid) === '')) {
			return undefined;
		}

		throw error;
	}
};

/**
 * No packet gets from one to the other any more, whichever network it takes. Both ends see to that, so that it holds until both have ended.
 *
 * @throws ClocheError where one of them doesn't run, or is on no network
 */
export const partitionContainers = async (roots: StateRoots, one: string, other: string): Promise<void> => {
	const [first, second] = [requireEnd(roots, one), requireEnd(roots, other)];
	if (first.id === second.id) {
		throw new ClocheError('one container', {where: other, why: 'it can\'t be cut off from itself', remedy: 'name another'});
	}

	await using tools = new NetworkTools();
	const before = await changeFaults(tools, first, faults => cut(faults, second));
	try {
		await changeFaults(tools, second, faults => cut(faults, first));
	} catch (error) {
		if (!before.cuts.includes(second.id)) {
			await changeFaults(tools, first, faults => rejoin(faults, second.id));
		}

		throw error;
	}
};

/** No packet gets into it or out of it any more, whatever network it is on or will join. */
export const isolateContainer = async (roots: StateRoots, word: string): Promise<void> => {
	const end = requireEnd(roots, word);
	await using tools = new NetworkTools();
	await changeFaults(tools, end, isolate);
};

export interface Scope {
	/** Only on the way to this container, and from it. */
	to?: string | undefined;
	/** Only on this network. */
	network?: string | undefined;
}

/** Make links worse; what was wrong with them stays so. */
export const degradeContainer = async (roots: StateRoots, word: string, harm: Harm, {to, network}: Scope = {}): Promise<void> => {
	const end = requireEnd(roots, word);
	const peer = to === undefined ? undefined : requireEnd(roots, to);
	if (peer?.id === end.id) {
		throw new ClocheError('one container', {where: to, why: 'it reaches itself without a network', remedy: 'name another'});
	}

	const links = end.links.filter(link => network === undefined || link.network === network);
	if (links.length === 0) {
		throw new ClocheError('the container isn\'t on the network', {where: network, why: `${end.name} is on ${end.links.map(link => link.network).join(', ')}`, remedy: 'name one of these, or connect it'});
	}

	const shared = links.filter(link => peer === undefined || peer.links.some(other => other.network === link.network));
	if (shared.length === 0) {
		throw new ClocheError('the containers share no network', {where: network, why: `${end.name} and ${peer?.name ?? ''}`, remedy: 'connect one of them'});
	}

	await using tools = new NetworkTools();
	await changeFaults(tools, end, faults => degrade(faults, shared.map(({link}) => link), harm, peer));
};

/** Take all faults of containers away, and the others' ends of where they were cut off. Of one that doesn't run there are only those. */
export const healContainers = async (roots: StateRoots, words: readonly string[]): Promise<void> => {
	const ids = new Set(words.map(word => resolveId(roots, word)));
	await using tools = new NetworkTools();
	await inParts(endsOf(roots), async end => orGone(end, (async () => {
		if (ids.has(end.id)) {
			return clearFaults(tools, end);
		}

		const {cuts} = await readFaults(tools, end);
		const healed = cuts.filter(id => ids.has(id));
		if (healed.length > 0) {
			await changeFaults(tools, end, faults => healed.reduce((rest, id) => rejoin(rest, id), faults));
		}
	})()));
};

/** Take all faults away, of all containers of this state root. */
export const healAll = async (roots: StateRoots): Promise<void> => {
	await using tools = new NetworkTools();
	await inParts(endsOf(roots), async end => orGone(end, clearFaults(tools, end)));
};

export interface FoundFaults {
	id: string;
	name: string;
	links: LinkOnNetwork[];
	faults: Faults;
}

/** Containers that have faults, as the kernel tells of them; of those named, or of all. */
export const listFaults = async (roots: StateRoots, words: readonly string[] = []): Promise<FoundFaults[]> => {
	const ids = new Set(words.map(word => resolveId(roots, word)));
	const ends = endsOf(roots).filter(({id}) => ids.size === 0 || ids.has(id));
	await using tools = new NetworkTools();
	const found = await inParts(ends, async end => {
		const faults = await orGone(end, readFaults(tools, end));
		return {id: end.id, name: end.name, links: end.links, faults: onLinks(faults ?? {isolated: false, cuts: [], degradations: [], addresses: {}}, end.links.map(({link}) => link))};
	});
	return found.filter(({faults}) => !isHealthy(faults));
};
