/** Makes networks: written down, then made in the kernel, then there. */

import {mkdirSync, rmSync, writeFileSync} from 'node:fs';
import {claimDirectory} from '../base/atomic.js';
import {ClocheError} from '../base/errors.js';
import {newId} from '../base/id.js';
import {inTurn} from '../base/turn.js';
import {linkExists} from '../host/links.js';
import {hostRoutes} from '../host/routes.js';
import {DEFAULT_NETWORK} from './default.js';
import {isWhole, listNetworks, noSuchNetwork} from './find.js';
import {bringUp, isUpHere, mayChange, prepareRules, requirePrivilege, takeDown} from './machine.js';
import {type HeldKeeper, USERS_PARENT} from './parent.js';
import {leasesDirectory, networkDirectory, networksDirectory, type NetworkRoots, recordPath, registryDirectory, turnPath} from './places.js';
import {NETWORK_VERSION, type NetworkRecord, type ParentRecord, readNetwork, requireNetworkName} from './record.js';
import {noteOwner} from './owner.js';
import {begin, finish, repairInTurn} from './repair.js';
import {planSubnets, readWishes, type SubnetWishes} from './wishes.js';

type DataRoot = Pick<NetworkRoots, 'data'>;

/** What ethernet carries. */
const DEFAULT_MTU = 1500;

export interface NewNetwork extends SubnetWishes {
	name: string;
	/** There is no way out of it. */
	internal?: boolean;
	labels?: Readonly<Record<string, string>>;
	/** Bytes. */
	mtu?: number;
	/** Another network namespace than this machine's for its bridge; by default who has no say in this one gets his own. */
	parent?: ParentRecord | undefined;
	/** Its parent passes on what goes to the others that say so. */
	routed?: boolean | undefined;
	/** It is this process's own: when that is gone and nobody uses it any more, it is removed. */
	owned?: boolean | undefined;
}

export interface MadeNetwork {
	record: NetworkRecord;
	/** What the user should know of his machine: forwarding that was switched on, rules that are in the way. */
	warnings: string[];
}

export interface UpNetwork extends MadeNetwork {
	/** Of its parent, where it has one: the network isn't gone before this is let go of. */
	held?: HeldKeeper;
}

const newBridge = (id: string): string => `clo${id.slice(0, 8)}`;

/** Of the names of links, all begin as ours do only if they are ours; two ids may begin alike. */
const freeId = (): string => {
	for (;;) {
		const id = newId();
		if (!linkExists(newBridge(id))) {
			return id;
		}
	}
};

const make = async (roots: DataRoot, record: NetworkRecord, others: readonly NetworkRecord[]): Promise<string[]> => {
	const directory = networkDirectory(roots, record.name);
	begin(roots);
	const mine = claimDirectory(directory, temporary => {
		writeFileSync(recordPath(temporary), `${JSON.stringify(record)}\n`, {mode: 0o600});
	}, 0o700);
	if (!mine) {
		finish(roots);
		throw new ClocheError('the network\'s name is taken', {where: record.name, remedy: 'choose another'});
	}

	// In a parent it is made when somebody needs it.
	const raised = record.parent === undefined ? await makeHere(roots, record, others) : {warnings: []};
	try {
		mkdirSync(registryDirectory(directory), {mode: 0o700});
		mkdirSync(leasesDirectory(directory), {mode: 0o700});
		finish(roots);
		return raised.warnings;
	} catch (error) {
		await undo(roots, record, others);
		throw error;
	}
};

const makeHere = async (roots: DataRoot, record: NetworkRecord, others: readonly NetworkRecord[]): Promise<{warnings: string[]}> => {
	let switched = false;
	try {
		switched = await prepareRules(roots, record, others);
	} catch (error) {
		forget(roots, record);
		throw error;
	}

	try {
		return {warnings: await bringUp(roots, record, switched)};
	} catch (error) {
		await undo(roots, record, others);
		throw error;
	}
};

const forget = (roots: DataRoot, {name}: NetworkRecord): void => {
	rmSync(networkDirectory(roots, name), {recursive: true, force: true});
	finish(roots);
};

/** What can't be undone now stays written down as unfinished, for the next start; the reason is the first error's. */
const undo = async (roots: DataRoot, record: NetworkRecord, others: readonly NetworkRecord[]): Promise<void> => {
	try {
		if (record.parent === undefined) {
			await takeDown(roots, [record.bridge], others);
		}
	} catch {
		return;
	}

	forget(roots, record);
};

/** Those of other parents can have the same subnets, and so can this machine, where nothing leads there. */
const makeInTurn = async (roots: DataRoot, {name, internal = false, labels = {}, mtu = DEFAULT_MTU, parent = defaultParent(), routed = false, owned = false, ...wishes}: NewNetwork): Promise<MadeNetwork> => {
	const {networks} = listNetworks(roots);
	const id = freeId();
	const near = networks.filter(other => other.parent?.name === parent?.name);
	const routes = parent?.outbound === false ? [] : hostRoutes();
	const record: NetworkRecord = {
		version: NETWORK_VERSION, id, name,
		bridge: newBridge(id),
		subnets: planSubnets(readWishes(wishes), near, routes, process.env['CLOCHE_SUBNETS']),
		internal,
		...(parent === undefined ? {} : {parent}),
		...(routed ? {routed} : {}),
		...(owned ? {owner: noteOwner(roots)} : {}),
		mtu,
		labels: {...labels},
		created: new Date().toISOString(),
	};
	return {record, warnings: await make(roots, record, networks)};
};

const defaultParent = (): ParentRecord | undefined => mayChange() ? undefined : {name: USERS_PARENT, outbound: true};

const requireMtu = (mtu: number | undefined, ipv6: boolean): void => {
	// RFC 791 and RFC 8200, section 5; the most that a bridge takes.
	const least = ipv6 ? 1280 : 68;
	if (mtu !== undefined && !(Number.isInteger(mtu) && mtu >= least && mtu <= 65_535)) {
		throw new ClocheError(`the MTU ${mtu}`, {why: 'no link can have it', remedy: `give a number from ${least} to 65535`});
	}
};

const prepare = (roots: DataRoot, network: NewNetwork): void => {
	requireNetworkName(network.name);
	const {subnets, ipv6} = readWishes(network);
	requireMtu(network.mtu, ipv6 || subnets.some(({family}) => family === 6));
	mkdirSync(networksDirectory(roots), {recursive: true, mode: 0o700});
};

/**
 * Make a network.
 *
 * @throws ClocheError where that can't be; nothing of it is left
 */
export const createNetwork = async (roots: DataRoot, network: NewNetwork): Promise<MadeNetwork> => {
	prepare(roots, network);
	return inTurn(turnPath(roots), async () => {
		await repairInTurn(roots);
		if (isWhole(networkDirectory(roots, network.name))) {
			throw new ClocheError('the network\'s name is taken', {where: network.name, remedy: 'choose another, or remove that network'});
		}

		return makeInTurn(roots, network);
	});
};

/**
 * Have a network be up that is written down: after a reboot, where somebody deleted its bridge, or where its parent isn't there; the
 * default one is made.
 *
 * @throws ClocheError where there is no such network
 */
export const ensureUp = async (roots: DataRoot, name: string): Promise<UpNetwork> => {
	const directory = networkDirectory(roots, name);
	if (name === DEFAULT_NETWORK) {
		prepare(roots, {name});
	}

	return inTurn(turnPath(roots), async () => {
		await repairInTurn(roots);
		const record = isWhole(directory) ? readNetwork(directory) : undefined;
		if (record !== undefined) {
			return bring(roots, {record, warnings: []});
		}

		if (name !== DEFAULT_NETWORK) {
			throw noSuchNetwork(name);
		}

		return bring(roots, await makeInTurn(roots, {name}));
	});
};

const bring = async (roots: DataRoot, {record, warnings: before}: MadeNetwork): Promise<UpNetwork> => {
	const {networks} = listNetworks(roots);
	if (record.parent !== undefined) {
		const {raise} = await import('./parented.js');
		const {held, warnings} = await raise(roots, record, record.parent, networks);
		return {record, held, warnings: [...before, ...warnings]};
	}

	if (isUpHere(roots, record)) {
		return {record, warnings: before};
	}

	requirePrivilege();
	begin(roots);
	const others = networks.filter(other => other.name !== record.name);
	const warnings = await bringUp(roots, record, await prepareRules(roots, record, others));
	finish(roots);
	return {record, warnings: [...before, ...warnings]};
};
