/**
 * A container goes onto a network, or off it, while it runs or before it is started again.
 *
 * Its link is made and deleted from inside its network namespace, where nothing of ours stays.
 */

import {existsSync} from 'node:fs';
import {ClocheError} from '../../base/errors.js';
import type {CreateOp, Plan, TargetProcess} from '../../helper/plan.js';
import type {Supervisor} from '../../helper/supervisor.js';
import {attach, detach} from '../../network/attach.js';
import {type Endpoint, linksDirectory, networksOf} from '../../network/endpoint.js';
import {findNetwork} from '../../network/find.js';
import {DEFAULT_NETWORK} from '../../network/default.js';
import {linkText, memberships, namesIn} from '../../network/places.js';
import {type Entrance, findEntrance} from '../entrance.js';
import {specFromJson, specToJson} from '../spec-json.js';
import {type Attachment, type ContainerSpec, noNetwork} from '../spec.js';
import {changeRecord} from '../store/change.js';
import {type FoundContainer, isUp} from '../store/find.js';
import {networkRoots} from '../store/networks.js';
import {parentLink, type StateRoots} from '../store/roots.js';
import {endpointOp, plain} from './claim.js';

export interface ConnectContext {
	roots: StateRoots;
	/** Asked for only where the container runs. */
	supervisor: () => Promise<Supervisor> | Supervisor;
}

const SIGKILL = 9;

const bare = {namespaces: [], join: [], streams: {stdin: 'null', stdout: 'null', stderr: 'null'}, terminal: false, init: false, cgroups: [], remove: [], start: []} satisfies Partial<Plan>;

const addLink = ({target}: Entrance, supervisor: Supervisor, op: CreateOp, parent: TargetProcess | undefined): Promise<unknown> => {
	const plan = {...bare, create: [op], ...(parent === undefined ? {} : {parent: {pid: parent.pid, start: parent.start}})};
	return supervisor.launch(plan, {target, links: true}).created;
};

/** By a process that joins: the kernel takes its time, and a supervisor may have others to look after. */
const deleteLink = async ({target}: Entrance, {supervisor}: ConnectContext, name: string): Promise<void> => {
	const launch = (await supervisor()).launch({...bare, create: [{op: 'link-delete', name, ifExists: true}], enter: ['network', 'user']}, {target, autoStart: false});
	try {
		await launch.created;
	} finally {
		launch.signal(SIGKILL);
		await launch.released.catch(() => undefined); // What it was to do is done, or the error tells.
	}
};

/** What it will be on when it is started again. */
const changeAttachments = (roots: StateRoots, id: string, change: (attachments: Attachment[]) => Attachment[], addresses: Readonly<Record<string, string[]>> = {}): void => {
	changeRecord(roots, id, (record, write) => {
		if (record.spec !== undefined) {
			const spec: ContainerSpec = specFromJson(record.spec);
			const network = spec.network ?? noNetwork();
			write({
				...record,
				spec: specToJson({...spec, network: {...network, attachments: change(network.attachments)}}),
				networks: {...record.networks, ...addresses},
			});
		}
	});
};

const nameOf = ({record}: FoundContainer): string => record.name ?? record.id;

const specFor = (found: FoundContainer): ContainerSpec => {
	if (found.record.spec === undefined) {
		throw new ClocheError('it isn\'t known what the container was made from', {where: found.record.id, why: 'an older Cloche made it', remedy: 'make another one'});
	}

	return specFromJson(found.record.spec);
};

/** Whoever starts it has read what it is to be on, and its links can't be changed yet. */
const requireSettled = ({state, owner, record}: FoundContainer): void => {
	if (!isUp(state) && owner !== undefined) {
		throw new ClocheError('the container is being started', {where: record.name ?? record.id, remedy: 'try again in a moment'});
	}
};

const requireOwnStack = (found: FoundContainer): ContainerSpec => {
	const spec = specFor(found);
	const {network} = spec.linux.namespaces;
	if (network !== 'private') {
		throw new ClocheError('the container has no network of its own', {
			where: nameOf(found), why: network === 'host' ? 'it shares the host\'s' : 'it shares another container\'s', remedy: 'make it without --network ' + network,
		});
	}

	return spec;
};

/** The default network is made when it is first asked for. */
const networkName = (roots: StateRoots, word: string): string => word === 'bridge' || word === DEFAULT_NETWORK ? DEFAULT_NETWORK : findNetwork(roots, word).name;

/** A link is made, and meanwhile it is written down, which takes as long: both, or neither. */
const whileMade = async (made: Promise<unknown>, {note, forget, remove}: {note: () => void; forget: () => void; remove: () => Promise<void>}): Promise<void> => {
	try {
		note();
	} catch (error) {
		await made.then(remove, () => undefined); // What wasn't made needn't be removed.
		throw error;
	}

	try {
		await made;
	} catch (error) {
		forget();
		throw error;
	}
};

/**
 * Put a container on a network; it stays on it until it is disconnected. Others find it by its name at once, and it finds them.
 *
 * @param attachment the network's name or id, and what the container is to have there
 * @returns what is to be said about it
 * @throws ClocheError where it is on it already, or can't have what was asked for; then nothing is changed
 */
export const connectContainer = async (found: FoundContainer, attachment: Attachment, context: ConnectContext): Promise<string[]> => {
	const {roots, supervisor} = context;
	const {record} = found;
	const spec = requireOwnStack(found);
	requireSettled(found);
	const name = networkName(roots, attachment.network);
	const asked = {...attachment, network: name};
	if (!isUp(found.state)) {
		if (spec.network?.attachments.some(({network}) => network === name) === true) {
			throw new ClocheError('the container is on the network already', {where: name, remedy: 'disconnect it first'});
		}

		changeAttachments(roots, record.id, attachments => [...attachments, asked]);
		return [];
	}

	const entrance = findEntrance(found);
	const before = spec.network?.attachments.filter(({network}) => network === name) ?? [];
	// Made where it was started on a network, and by the first connect.
	const resolves = existsSync(memberships(roots, record.id));
	const {aliases, ip, ip6, mac} = attachment;
	const endpoint = await attach(networkRoots(roots), name, {containerId: record.id, name: record.name, aliases}, {
		ips: [ip, ip6].filter(address => address !== undefined), ...(mac === undefined ? {} : {mac}), defaultRoute: true, live: true,
	});
	try {
		requireSameParent(roots, found, endpoint);
		const made = addLink(entrance, await supervisor(), endpointOp(endpoint.link, name), endpoint.parent?.keeper);
		await whileMade(made, {
			note() {
				changeAttachments(roots, record.id, attachments => [...attachments.filter(({network}) => network !== name), asked], {[name]: endpoint.link.addresses.map(address => plain(address))});
			},
			// As it was: by --restart there may be one of that name that isn't live.
			forget() {
				changeAttachments(roots, record.id, attachments => [...attachments.filter(({network}) => network !== name), ...before], {[name]: record.networks?.[name] ?? []});
			},
			remove: async () => deleteLink(entrance, context, endpoint.link.link),
		});
	} catch (error) {
		await detach(networkRoots(roots), name, record.id);
		throw error;
	} finally {
		endpoint.parent?.release();
	}

	return !resolves
		? [...endpoint.warnings, `${nameOf(found)} was made without a network and has no resolver: others find it by name, it finds them by address`]
		: endpoint.warnings;
};

/** Its user namespace was made below one parent, and its supervisor keeps that one from ending. */
const requireSameParent = (roots: StateRoots, found: FoundContainer, {network, parent}: Endpoint): void => {
	const own = linkText(parentLink(roots, found.record.id));
	if (parent?.keeper.presence === own) {
		return;
	}

	throw new ClocheError('the container can\'t be connected while it runs', {
		where: `${nameOf(found)}, ${network}`,
		why: own === undefined ? 'it was started without a network of that network\'s namespace' : 'its networks lie in another network namespace',
		remedy: own === undefined ? 'stop it, connect it, start it' : 'choose networks of one lab, or of none',
	});
};

const linkOn = (roots: StateRoots, id: string, network: string): string | undefined => {
	const directory = linksDirectory(roots, id);
	return namesIn(directory).find(link => linkText(`${directory}/${link}`) === network);
};

/**
 * Take a container off a network.
 *
 * @throws ClocheError where it isn't on it
 */
export const disconnectContainer = async (found: FoundContainer, word: string, context: ConnectContext): Promise<void> => {
	const {roots} = context;
	const {record: {id}} = found;
	const spec = requireOwnStack(found);
	requireSettled(found);
	const up = isUp(found.state);
	const known = up ? networksOf(roots, id) : spec.network?.attachments.map(({network}) => network) ?? [];
	const wanted = word === 'bridge' ? DEFAULT_NETWORK : word;
	const name = known.includes(wanted) ? wanted : findNetwork(roots, wanted).name;
	if (!known.includes(name)) {
		throw new ClocheError('the container isn\'t on the network', {where: name, why: known.length === 0 ? `${nameOf(found)} is on none` : `${nameOf(found)} is on ${known.join(', ')}`});
	}

	if (up) {
		const link = linkOn(roots, id, name);
		// The link first: its address is nobody else's until then.
		if (link !== undefined) {
			await deleteLink(findEntrance(found), context, link);
		}

		await detach(networkRoots(roots), name, id);
	}

	changeAttachments(roots, id, attachments => attachments.filter(({network}) => network !== name));
};
