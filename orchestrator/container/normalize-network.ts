/** The options about networks, names and published ports: parsed, and checked against each other. */

import {insideText} from './network/ports.js';
import {flattenNetwork, flattenRecord} from './options/flatten.js';
import {HOST_GATEWAY, type NetworkWord, parseAlias, parseDns, parseDnsOption, parseHostEntry, parseIp, parseIp6, parseMacAddress, parseNetwork, parseSearch} from './options/network.js';
import {parseExpose, parsePublish} from './options/publish.js';
import {type Label, OptionReader} from './options/reader.js';
import type {Many, NetworkOption, RunOptions} from './options/run-options.js';
import type {Attachment, ExposedPort, NetworkSharing, NetworkSpec} from './spec.js';

export interface NetworkChoice {
	sharing: NetworkSharing;
	network?: NetworkSpec;
}

/** Whoever asks for none of these gets none of what follows. */
const OPTIONS = ['network', 'ip', 'ip6', 'macAddress', 'networkAlias', 'dns', 'dnsSearch', 'dnsOption', 'addHost', 'publish', 'expose', 'publishAll'] as const satisfies ReadonlyArray<keyof RunOptions>;

const listOf = (value: RunOptions['network']): ReadonlyArray<string | NetworkOption> => value === undefined ? [] : [value].flat();

const readWords = (read: OptionReader, options: RunOptions): NetworkWord[] => {
	const words = read.many('network', listOf(options.network).map(word => flattenNetwork(word)), parseNetwork);
	const alone = words.find(({kind}) => kind !== 'network');
	if (alone !== undefined && words.length > 1) {
		throw read.conflict('network', `${alone.kind} goes with no other network`, 'leave out the others');
	}

	const names = words.flatMap(word => word.kind === 'network' ? [word.attachment.network] : []);
	const twice = names.find((name, index) => names.indexOf(name) !== index);
	if (twice !== undefined) {
		throw read.conflict('network', `${twice} stands there twice`, 'leave out one of them; --network-alias gives it more names'.replace('--network-alias', read.label('networkAlias')));
	}

	return words;
};

/** Those options that mean the container's only network. */
const readOwn = (read: OptionReader, options: RunOptions, attachments: Attachment[]): void => {
	const own = {
		ip: read.one('ip', options.ip, parseIp),
		ip6: read.one('ip6', options.ip6, parseIp6),
		mac: read.one('macAddress', options.macAddress, parseMacAddress),
	};
	const aliases = read.many('networkAlias', options.networkAlias, parseAlias);
	const [first, second] = attachments;
	for (const [option, value] of [['ip', own.ip], ['ip6', own.ip6], ['macAddress', own.mac], ['networkAlias', aliases[0]]] as const) {
		if (value !== undefined && first === undefined) {
			throw read.conflict(option, 'the container is on no network', `add ${read.label('network')} NAME`);
		}

		if (value !== undefined && second !== undefined && option !== 'networkAlias') {
			throw read.conflict(option, 'the container is on several networks', `say which: ${read.label('network')} NAME:${option === 'macAddress' ? 'mac' : 'ip'}=…`);
		}
	}

	for (const attachment of attachments) {
		attachment.aliases.push(...aliases.filter(alias => !attachment.aliases.includes(alias)));
	}

	const {ip, ip6, mac} = own;
	if (first !== undefined) {
		Object.assign(first, ip === undefined ? {} : {ip}, ip6 === undefined ? {} : {ip6}, mac === undefined ? {} : {mac});
	}
};

const readPorts = (read: OptionReader, publish: Many<string | number> | undefined): NetworkSpec['ports'] => {
	const ports = read.many('publish', publish, parsePublish).flat();
	for (const [index, {protocol, address, outside}] of ports.entries()) {
		const twice = outside === 0 ? undefined : ports.slice(0, index).find(other => other.protocol === protocol && other.outside === outside && (other.address === undefined || address === undefined || other.address === address));
		if (twice !== undefined) {
			throw read.conflict('publish', `port ${outside}/${protocol} outside stands there twice`, 'leave out one of them');
		}
	}

	return ports;
};

/** Those that are exposed, and of these those that are published because all are. */
const readExposed = (read: OptionReader, options: RunOptions, published: NetworkSpec['ports']): {exposed: ExposedPort[]; more: NetworkSpec['ports']} => {
	const told = read.many('expose', options.expose, parseExpose).flat();
	const exposed = [...new Map(told.map(port => [insideText(port), port])).values()];
	if (!read.flag('publishAll', options.publishAll)) {
		return {exposed, more: []};
	}

	if (exposed.length === 0) {
		throw read.conflict('publishAll', 'no port is exposed, and images expose none by themselves', `name them: ${read.label('expose')} 80 with it, or ${read.label('publish')} 80 instead`);
	}

	const taken = new Set(published.map(port => insideText(port)));
	return {exposed, more: exposed.filter(port => !taken.has(insideText(port))).map(port => ({...port, outside: 0}))};
};

/** What shares a network stack can't have names or ports of its own there. */
const refuseForShared = (read: OptionReader, kind: 'host' | 'container', network: NetworkSpec, publishes: boolean): void => {
	const whose = kind === 'host' ? 'the host\'s' : 'another container\'s';
	if (network.ports.length > 0) {
		throw read.conflict(publishes ? 'publish' : 'publishAll', `its network is ${whose}, where its ports are reached as they are`, `leave it out, or ${read.label('network')} ${kind}`);
	}

	const names: ReadonlyArray<readonly [keyof RunOptions, number]> = [['dns', network.dns.length], ['dnsSearch', network.dnsSearch.length], ['dnsOption', network.dnsOptions.length], ['addHost', network.hosts.length]];
	const given = names.find(([, count]) => count > 0);
	if (kind === 'container' && given !== undefined) {
		throw read.conflict(given[0], 'it has the names of the container whose network it shares', `leave it out, or ${read.label('network')} container`);
	}
};

/** @throws ClocheError where an option is refused, or doesn't go with another */
export const readNetwork = (read: OptionReader, options: RunOptions): NetworkChoice => {
	if (OPTIONS.every(option => options[option] === undefined)) {
		return {sharing: 'private'};
	}

	const words = readWords(read, options);
	const attachments = words.flatMap(word => word.kind === 'network' ? [word.attachment] : []);
	readOwn(read, options, attachments);
	const [first] = words;
	const kind = first === undefined || first.kind === 'network' ? 'none' : first.kind;
	const published = readPorts(read, options.publish);
	const {exposed, more} = readExposed(read, options, published);
	const network: NetworkSpec = {
		attachments,
		...(first?.kind === 'container' ? {container: first.container} : {}),
		ports: [...published, ...more],
		exposed,
		dns: read.many('dns', options.dns, parseDns),
		dnsSearch: read.many('dnsSearch', options.dnsSearch, parseSearch),
		dnsOptions: read.many('dnsOption', options.dnsOption, parseDnsOption),
		hosts: read.many('addHost', flattenRecord(options.addHost), parseHostEntry),
	};
	if (kind !== 'none') {
		refuseForShared(read, kind, network, published.length > 0);
	}

	const port = attachments.length === 0 ? network.dns.find(server => server.includes('#')) : undefined;
	if (port !== undefined) {
		throw read.conflict('dns', `${port}: resolv.conf has no port`, 'give a server that listens on 53');
	}

	if (kind === 'none' && attachments.length === 0 && network.hosts.some(({address}) => address === HOST_GATEWAY)) {
		throw read.conflict('addHost', 'the container is on no network, so nothing leads to this machine', `add ${read.label('network')} NAME`);
	}

	return {sharing: kind === 'none' ? 'private' : kind, ...(isPlain(network) ? {} : {network})};
};

/** As if nothing had been asked for. */
const isPlain = ({attachments, container, ports, exposed, dns, dnsSearch, dnsOptions, hosts}: NetworkSpec): boolean =>
	container === undefined && [attachments, ports, exposed, dns, dnsSearch, dnsOptions, hosts].every(list => list.length === 0);

/** What a container that is there already is to have on one more network. */
export interface AttachmentChoice extends Pick<RunOptions, 'ip' | 'ip6' | 'macAddress'> {
	alias?: Many<string> | undefined;
}

/** @throws ClocheError where an option is refused */
export const normalizeAttachment = (network: string, choice: AttachmentChoice, label: Label): Attachment => {
	const read = new OptionReader(label);
	const ip = read.one('ip', choice.ip, parseIp);
	const ip6 = read.one('ip6', choice.ip6, parseIp6);
	const mac = read.one('macAddress', choice.macAddress, parseMacAddress);
	return {
		network,
		aliases: read.many('networkAlias', choice.alias, parseAlias),
		...(ip === undefined ? {} : {ip}), ...(ip6 === undefined ? {} : {ip6}), ...(mac === undefined ? {} : {mac}),
	};
};
