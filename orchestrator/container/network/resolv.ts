/** resolv.conf(5): this machine's, and a container's. */

import {readFileSync} from 'node:fs';
import {isErrno} from '../../base/errors.js';
import {parseAddress} from '../../network/address.js';
import type {NetworkSpec} from '../spec.js';

export interface Resolv {
	/** Addresses. */
	servers: string[];
	search: string[];
	options: string[];
}

/** Of several lines `search` or `domain` the last one counts; servers with a link's name (fe80::1%eth0) can't be asked from here. */
export const parseResolv = (text: string): Resolv => {
	const resolv: Resolv = {servers: [], search: [], options: []};
	for (const line of text.split('\n')) {
		const [key, ...words] = line.replace(/[#;].*/, '').trim().split(/\s+/);
		const [word = ''] = words;
		if (key === 'nameserver' && parseAddress(word) !== undefined) {
			resolv.servers.push(word);
		} else if (key === 'search' || key === 'domain') {
			resolv.search = words;
		} else if (key === 'options') {
			resolv.options.push(...words);
		}
	}

	return resolv;
};

const readText = (path: string): string => {
	try {
		return readFileSync(path, 'utf8');
	} catch (error) {
		if (isErrno(error, 'ENOENT')) {
			return '';
		}

		throw error;
	}
};

export const hostResolv = (): Resolv => parseResolv(readText('/etc/resolv.conf'));
export const hostHosts = (): string => readText('/etc/hosts');

const composed = ({servers, search, options}: Resolv): string => [
	...servers.map(server => `nameserver ${server}`),
	...(search.length === 0 ? [] : [`search ${search.join(' ')}`]),
	...(options.length === 0 ? [] : [`options ${options.join(' ')}`]),
].map(line => `${line}\n`).join('');

const searchOf = ({dnsSearch}: NetworkSpec, host: Resolv): string[] => dnsSearch.includes('.') ? [] : dnsSearch.length > 0 ? dnsSearch : host.search;

/**
 * Of a container with a resolver of its own: a name without a dot is one of its networks', and is asked for as it is.
 *
 * @param host this machine's
 */
export const resolverText = (spec: NetworkSpec, host: Resolv, resolver: string): string => {
	const own = spec.dnsOptions.some(option => option.startsWith('ndots:'));
	const options = [...host.options.filter(option => !option.startsWith('ndots:')), ...spec.dnsOptions, ...(own ? [] : ['ndots:0'])];
	return composed({servers: [resolver], search: searchOf(spec, host), options});
};

/** Of one without: servers are asked as they are. */
export const plainText = (spec: NetworkSpec, host: Resolv): string =>
	composed({servers: spec.dns.length > 0 ? spec.dns : host.servers, search: searchOf(spec, host), options: [...host.options, ...spec.dnsOptions]});
