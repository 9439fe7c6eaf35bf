/** `--publish` and `--expose`: `[IP:][HOST:]CONTAINER[/PROTOCOL]` and `CONTAINER[/PROTOCOL]`, as docker run reads them (docker/go-connections nat). */

import {formatAddress, parseAddress} from '../../network/address.js';
import type {ExposedPort, PublishedPort} from '../spec.js';
import {Unacceptable} from './unacceptable.js';

const ACCEPTED = '[ADDRESS:][HOST-PORT:]CONTAINER-PORT[/tcp|/udp], as 8080:80, 127.0.0.1::80 or 8000-8009:8000-8009';

interface Range {
	first: number;
	count: number;
}

const parseRange = (text: string, lowest: number, accepted = ACCEPTED): Range => {
	const [, begin, end = begin] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
	const first = Number(begin);
	const last = Number(end);
	if (begin === undefined || first < lowest || last > 65_535 || last < first) {
		throw new Unacceptable(`'${text}' is no port and no range of them`, accepted);
	}

	return {first, count: last - first + 1};
};

const splitAddress = (text: string): {address: string | undefined; rest: string} => {
	const [, bracketed, after] = /^\[([^\]]*)\]:(.*)$/.exec(text) ?? [];
	const parts = text.split(':');
	const plain = parts.length === 3 ? parts[0] : undefined;
	const word = bracketed ?? plain;
	if (word === undefined || word === '') {
		return {address: undefined, rest: plain === '' ? parts.slice(1).join(':') : text};
	}

	const address = parseAddress(word);
	if (address === undefined) {
		throw new Unacceptable(`'${word}' is not an address of this machine`, ACCEPTED);
	}

	return {address: formatAddress(address), rest: after ?? parts.slice(1).join(':')};
};

const splitProtocol = (value: string, becomes: string): {ports: string; protocol: PublishedPort['protocol']} => {
	const [, ports = '', protocol = 'tcp'] = /^([^/]*)(?:\/(.*))?$/s.exec(value) ?? [];
	if (protocol !== 'tcp' && protocol !== 'udp') {
		throw new Unacceptable(`ports of ${protocol === '' ? 'nothing' : protocol} can't be ${becomes}`, 'tcp or udp after the /');
	}

	return {ports, protocol};
};

export const parseExpose = (value: string): ExposedPort[] => {
	const {ports, protocol} = splitProtocol(value, 'exposed');
	const {first, count} = parseRange(ports, 1, 'PORT[/tcp|/udp], as 80, 53/udp or 8000-8009');
	return Array.from({length: count}, (_, index) => ({protocol, inside: first + index}));
};

/** The ports of one word, each with its own. Outside, 0 is whichever is free. */
export const parsePublish = (value: string): PublishedPort[] => {
	const {ports, protocol} = splitProtocol(value, 'published');
	const {address, rest} = splitAddress(ports);
	const words = rest.split(':');
	if (words.length > 2) {
		throw new Unacceptable('too many colons', `${ACCEPTED}; an address of IPv6 stands in brackets`);
	}

	const inside = parseRange(words.at(-1) ?? '', 1);
	const [host = ''] = words.length === 2 ? words : [];
	const outside = host === '' ? undefined : parseRange(host, 0);
	if (outside !== undefined && outside.count !== inside.count && outside.first !== 0) {
		throw new Unacceptable(`${outside.count} ports outside for ${inside.count} inside`, 'as many outside as inside, or none, for whichever are free');
	}

	return Array.from({length: inside.count}, (_, index) => ({
		protocol,
		...(address === undefined ? {} : {address}),
		outside: outside === undefined || outside.first === 0 ? 0 : outside.first + index,
		inside: inside.first + index,
	}));
};
