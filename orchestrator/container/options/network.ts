/** `--network` and the options about addresses and names: words of docker run, and podman's short form. */

import {formatAddress, parseAddress} from '../../network/address.js';
import {DEFAULT_NETWORK} from '../../network/default.js';
import type {Attachment, HostEntry} from '../spec.js';
import {splitFields} from './fields.js';
import {parseName} from './names.js';
import {Unacceptable} from './unacceptable.js';

/** What one `--network` means. */
export type NetworkWord =
	| {kind: 'none'}
	| {kind: 'host'}
	| {kind: 'container'; container: string}
	| {kind: 'network'; attachment: Attachment};

/** The default network, which docker calls so. */
const BRIDGE = 'bridge';

const ADDRESS = {4: 'an address of IPv4, as 10.89.0.7', 6: 'an address of IPv6, as fd12:3456:789a::7'} as const;

const parseFamily = (value: string, family: 4 | 6): string => {
	const address = parseAddress(value);
	if (address?.family !== family) {
		throw new Unacceptable('not an address', ADDRESS[family]);
	}

	return formatAddress(address);
};

export const parseIp = (value: string): string => parseFamily(value, 4);
export const parseIp6 = (value: string): string => parseFamily(value, 6);

/** The first byte's lowest bit means a group (IEEE 802). */
export const parseMacAddress = (value: string): string => {
	const mac = value.toLowerCase().replaceAll('-', ':');
	if (!/^[\da-f]{2}(?::[\da-f]{2}){5}$/.test(mac) || mac === '00:00:00:00:00:00') {
		throw new Unacceptable('not a hardware address', 'six bytes, as 02:42:ac:11:00:02');
	}

	if ((Number.parseInt(mac.slice(0, 2), 16) & 1) === 1) {
		throw new Unacceptable('it is a group\'s hardware address', 'one whose first byte is even, as 02:42:ac:11:00:02');
	}

	return mac;
};

/** RFC 1035, 2.3.4, with underscores, which are common in containers' names. */
export const parseAlias = (value: string): string => {
	if (value.length > 253 || !value.split('.').every(label => /^[a-z\d_](?:[a-z\d_-]{0,61}[a-z\d_])?$/i.test(label))) {
		throw new Unacceptable('not a name for a network', 'letters, digits, - and _, at most 63 between dots');
	}

	return value;
};

const FIELDS = 'NAME, NAME:ip=ADDRESS,alias=NAME,mac=ADDRESS, or name=NAME,ip=ADDRESS,…';

const parseField = (attachment: Attachment, field: string): void => {
	const [key = '', ...rest] = field.split('=');
	const value = rest.join('=');
	switch (key) {
		case 'name':
			attachment.network = parseNetworkName(value);
			break;
		case 'alias':
			attachment.aliases.push(parseAlias(value));
			break;
		case 'ip':
			attachment[value.includes(':') ? 'ip6' : 'ip'] = parseFamily(value, value.includes(':') ? 6 : 4);
			break;
		case 'ip6':
			attachment.ip6 = parseIp6(value);
			break;
		case 'mac':
		case 'mac-address':
			attachment.mac = parseMacAddress(value);
			break;
		default: throw new Unacceptable(`a network has no '${key}'`, FIELDS);
	}
};

const parseNetworkName = (value: string): string => value === BRIDGE ? DEFAULT_NETWORK : parseName(value);

const parseFields = (network: string, fields: readonly string[]): NetworkWord => {
	const attachment: Attachment = {network, aliases: []};
	for (const field of fields) {
		parseField(attachment, field);
	}

	if (attachment.network === '') {
		throw new Unacceptable('it names no network', FIELDS);
	}

	return {kind: 'network', attachment};
};

/** `none`, `host`, `container:NAME`, `NAME[:KEY=VALUE,…]` or `name=NAME,KEY=VALUE,…`. */
export const parseNetwork = (value: string): NetworkWord => {
	if (value === 'none' || value === 'host') {
		return {kind: value};
	}

	if (value === 'default') {
		throw new Unacceptable('it is closed by default here', 'none, or bridge for the network that docker means');
	}

	const [first = ''] = value.split(',', 1);
	if (first.includes('=') && !first.includes(':')) {
		return parseFields('', splitFields(value));
	}

	const colon = value.indexOf(':');
	if (colon === -1) {
		return {kind: 'network', attachment: {network: parseNetworkName(value), aliases: []}};
	}

	const name = value.slice(0, colon);
	const rest = value.slice(colon + 1);
	return name === 'container' ? {kind: 'container', container: parseName(rest)} : parseFields(parseNetworkName(name), splitFields(rest));
};

/** `--dns`: an address, and `#PORT` where the server listens elsewhere than on 53. */
export const parseDns = (value: string): string => {
	const [word = '', port, ...more] = value.split('#');
	const address = parseAddress(word);
	if (address === undefined || more.length > 0 || (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) > 0 && Number(port) < 65_536))) {
		throw new Unacceptable('not a name server\'s address', 'one as 1.1.1.1 or 10.0.0.1#5353');
	}

	return port === undefined || Number(port) === 53 ? formatAddress(address) : `${formatAddress(address)}#${Number(port)}`;
};

/** `--dns-search`: a domain; `.` for none at all. */
export const parseSearch = (value: string): string => value === '.' ? value : parseAlias(value.replace(/\.$/, ''));

/** `--dns-option`: resolv.conf(5). */
export const parseDnsOption = (value: string): string => {
	if (!/^[\w.:-]{1,100}$/.test(value)) {
		throw new Unacceptable('not an option of resolv.conf', 'one as ndots:2');
	}

	return value;
};

/** What stands for the machine's own address in {@link parseHostEntry}. */
export const HOST_GATEWAY = 'host-gateway';

/** `--add-host NAME:ADDRESS` or `NAME=ADDRESS`; an address of IPv6 may stand in brackets. */
export const parseHostEntry = (value: string): HostEntry => {
	const [, name = '', word = ''] = /^([^:=]+)[:=](.+)$/.exec(value) ?? [];
	const address = parseAddress(word.replace(/^\[(.*)\]$/, '$1'));
	if (name === '' || (address === undefined && word !== HOST_GATEWAY)) {
		throw new Unacceptable('not a name and an address', `NAME:ADDRESS, or NAME:${HOST_GATEWAY} for this machine`);
	}

	return {name: parseAlias(name), address: address === undefined ? HOST_GATEWAY : formatAddress(address)};
};
