/** What a container has of networks, as it is shown: where it runs, what it has; else what it is to have. */

import {linksDirectory} from '../../network/endpoint.js';
import {readLeases} from '../../network/leases.js';
import {linkText, namesIn, networkDirectory} from '../../network/places.js';
import type {NetworkSpec} from '../spec.js';
import type {StateRoots} from '../store/roots.js';

export interface NetworkView {
	name: string;
	/** Its link inside, as `eth0`; null where it doesn't run. */
	interface: string | null;
	/** Without prefixes. */
	addresses: string[];
	/** More names on it. */
	aliases: string[];
}

/** Of a record's spec, which may be of an older Cloche. */
export const networkSpecOf = (spec: unknown): NetworkSpec | undefined =>
	typeof spec === 'object' && spec !== null && 'network' in spec ? spec.network as NetworkSpec : undefined;

const linksOf = (roots: StateRoots, id: string): Map<string, string> => {
	const directory = linksDirectory(roots, id);
	return new Map(namesIn(directory).sort().flatMap(link => {
		const network = linkText(`${directory}/${link}`);
		return network === undefined ? [] : [[network, link]];
	}));
};

export const networksOf = (roots: StateRoots, id: string, spec: NetworkSpec | undefined, up: boolean): NetworkView[] => {
	const attachments = new Map((spec?.attachments ?? []).map(attachment => [attachment.network, attachment]));
	const links = up ? linksOf(roots, id) : new Map<string, string>();
	const names = up ? [...links.keys()] : [...attachments.keys()];
	return names.map(name => ({
		name,
		interface: links.get(name) ?? null,
		addresses: up ? readLeases(networkDirectory(roots, name)).filter(lease => lease.id === id).map(({address}) => address) : [],
		aliases: attachments.get(name)?.aliases ?? [],
	}));
};
