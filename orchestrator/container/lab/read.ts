/** From a lab's definition to what is made of it: checked as a whole, before anything is made. */

import type {NewNetwork} from '../../network/create.js';
import {isNetworkName} from '../../network/record.js';
import {USERS_PARENT} from '../../network/parent.js';
import {readWishes} from '../../network/wishes.js';
import {flattenRecord} from '../options/flatten.js';
import {parseAlias, parseIp, parseIp6, parseMacAddress} from '../options/network.js';
import {RUN_OPTION_NAMES} from '../options/option-names.js';
import type {NetworkOption, RunOptions} from '../options/run-options.js';
import {kindOf} from '../options/unacceptable.js';
import type {LabContainer, LabDefinition, LabPlace} from './definition.js';
import {isText, isTexts, parsed, refuse, requireFlag, requireMembers, requireObject, textsOf} from './refuse.js';

/** By which its containers and networks are found. */
export const LAB_LABEL = 'cloche.lab';

export interface LabMember {
	/** As the definition calls it, and as it is reached by. */
	name: string;
	image: string | undefined;
	command: readonly string[];
	options: RunOptions;
}

export interface Lab {
	name: string;
	/** By the names that the definition gives them. */
	networks: Map<string, NewNetwork>;
	members: LabMember[];
}

const OWN = ['name', 'network', 'detach', 'ip', 'ip6', 'macAddress', 'networkAlias', 'rm'];
const MEMBER_NAMES = ['image', 'command', 'networks', ...RUN_OPTION_NAMES.filter(name => !OWN.includes(name))];
const NETWORK_NAMES = ['subnet', 'gateway', 'ipv6', 'internal', 'mtu'];
const PLACE_NAMES = ['alias', 'ip', 'ip6', 'mac'];
const LAB_NAMES = ['name', 'networks', 'router', 'outbound', 'containers'];

/** Docker's rule for names, and short enough for two of them together. */
const requireName = (name: unknown, where: string): string => {
	if (name === undefined || name === null) {
		throw refuse(where, 'there is none', 'give one, as demo');
	}

	if (typeof name !== 'string' || !isNetworkName(name) || name.length > 60) {
		throw refuse(where, `${JSON.stringify(name)} can't be a name`, 'use letters, digits, _ . and -, a letter or digit first, 60 at most');
	}

	return name;
};

const readRouter = (router: unknown, names: readonly string[]): readonly string[] => {
	if (router === undefined || typeof router === 'boolean') {
		return router === true ? names : [];
	}

	const routed = textsOf(router, 'router');
	const unknown = routed.find(name => !names.includes(name));
	if (unknown !== undefined) {
		throw refuse('router', `there is no network ${unknown}`, `name some of ${names.join(', ')}`);
	}

	return routed;
};

const readNetwork = (lab: string, name: string, value: unknown, {routed, outbound}: {routed: boolean; outbound: boolean}): NewNetwork => {
	const where = `networks.${name}`;
	requireName(name, where);
	const {mtu, ...members} = requireMembers(value, NETWORK_NAMES, where);
	if (mtu !== undefined && typeof mtu !== 'number') {
		throw refuse(`${where}.mtu`, `it is ${JSON.stringify(mtu)}`, 'give a number of bytes');
	}

	const wishes = {
		subnets: textsOf(members['subnet'], `${where}.subnet`),
		gateways: textsOf(members['gateway'], `${where}.gateway`),
		ipv6: requireFlag(members['ipv6'], `${where}.ipv6`),
	};
	parsed(where, () => readWishes(wishes));
	return {
		name: `${lab}_${name}`,
		...wishes,
		internal: requireFlag(members['internal'], `${where}.internal`),
		...(mtu === undefined ? {} : {mtu}),
		labels: {[LAB_LABEL]: lab},
		parent: {name: lab, outbound},
		routed,
	};
};

const PARSERS = {ip: parseIp, ip6: parseIp6, mac: parseMacAddress} as const;

const readPlace = (value: unknown, where: string): LabPlace => {
	const members = requireMembers(value, PLACE_NAMES, where);
	const alias = textsOf(members['alias'], `${where}.alias`);
	for (const word of alias) {
		parsed(`${where}.alias`, () => parseAlias(word));
	}

	const place: LabPlace = {alias};
	for (const name of ['ip', 'ip6', 'mac'] as const) {
		const text = members[name];
		if (text !== undefined && typeof text !== 'string') {
			throw refuse(`${where}.${name}`, `it is ${kindOf(text)}`, 'give text');
		}

		if (text !== undefined) {
			place[name] = parsed(`${where}.${name}`, () => PARSERS[name](text));
		}
	}

	return place;
};

/** A list of names, or an object; the only network that there is, where it isn't said. */
const readPlaces = (networks: unknown, names: readonly string[], where: string): Array<[string, LabPlace]> => {
	const [only, another] = names;
	if (networks === undefined) {
		if (only === undefined || another !== undefined) {
			throw refuse(where, 'it isn\'t said which networks it is on', `give some of ${names.join(', ')}`);
		}

		return [[only, {}]];
	}

	const places: Array<[string, unknown]> = Array.isArray(networks) ? textsOf(networks, where).map(name => [name, null]) : Object.entries(requireObject(networks, where));
	return places.map(([name, place], index) => {
		if (!names.includes(name)) {
			throw refuse(where, `there is no network ${name}`, `name some of ${names.join(', ')}`);
		}

		if (places.findIndex(([other]) => other === name) !== index) {
			throw refuse(where, `${name} stands there twice`, 'leave out one of them');
		}

		return [name, readPlace(place, `${where}.${name}`)];
	});
};

const withLabel = (label: RunOptions['label'], lab: string): string[] => [...flattenRecord(label), `${LAB_LABEL}=${lab}`];

const readMember = (lab: string, name: string, value: unknown, names: readonly string[]): LabMember => {
	const where = `containers.${name}`;
	requireName(name, where);
	parsed(where, () => parseAlias(name));
	const members = requireMembers(value, MEMBER_NAMES, where);
	const empty = Object.keys(members).find(option => members[option] === null);
	if (empty !== undefined) {
		throw refuse(`${where}.${empty}`, 'it is null', 'give a value, or leave it out');
	}

	const {image, command = [], networks, ...options}: LabContainer = members;
	if (!isTexts(command)) {
		throw refuse(`${where}.command`, `it is ${JSON.stringify(command)}`, 'give its words as a list, as [redis-server, --port, "6379"]');
	}

	if (image !== undefined && !isText(image)) {
		throw refuse(`${where}.image`, `it is ${kindOf(image)}`, 'give an image\'s name, as busybox or host');
	}

	const network = readPlaces(networks, names, `${where}.networks`).map(([wanted, place]): NetworkOption => ({
		...place, name: `${lab}_${wanted}`, alias: [...new Set([name, ...(place.alias === undefined ? [] : [place.alias].flat())])],
	}));
	return {name, image, command, options: {
		hostname: name, ...options,
		name: `${lab}-${name}`, network,
		label: withLabel(options.label, lab),
	}};
};

/**
 * @param fallback what it is called where its definition doesn't say
 * @throws ClocheError that tells where the definition is wrong; the options of its containers are checked when they are normalised
 */
export const readLab = (value: unknown, fallback?: string): Lab => {
	const definition = requireMembers(value, LAB_NAMES, 'lab') satisfies Partial<Record<keyof LabDefinition, unknown>>;
	const lab = requireName(definition['name'] ?? fallback, 'name');
	if (lab === USERS_PARENT) {
		throw refuse('name', `${lab} means the networks that are no lab's`, 'choose another');
	}

	const networks = Object.entries(requireObject(definition['networks'], 'networks'));
	const names = networks.map(([name]) => name);
	if (names.length === 0) {
		throw refuse('networks', 'there are none', 'declare one');
	}

	const routed = readRouter(definition['router'], names);
	const outbound = requireFlag(definition['outbound'], 'outbound');
	return {
		name: lab,
		networks: new Map(networks.map(([name, network]) => [name, readNetwork(lab, name, network, {routed: routed.includes(name), outbound})])),
		members: Object.entries(requireObject(definition['containers'] ?? {}, 'containers')).map(([name, member]) => readMember(lab, name, member, names)),
	};
};
