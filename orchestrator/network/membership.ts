/** Which networks a container is on, and as which of its links: what its resolver, and who disconnects it, go by. */

import {mkdirSync, rmSync, symlinkSync} from 'node:fs';
import {ClocheError, ignoring, isErrno} from '../base/errors.js';
import {linksDirectory, networksOf} from './endpoint.js';
import {listNetworks, readByName} from './find.js';
import {linkText, memberships, namesIn, networkDirectory, type NetworkRoots, registryDirectory} from './places.js';
import type {NetworkRecord} from './record.js';

/** `eth0`, or the first that the container hasn't got; its name is claimed as everything is. */
export const claimLink = (roots: NetworkRoots, id: string, name: string): string => {
	const directory = linksDirectory(roots, id);
	for (let number = 0; ; number++) {
		const link = `eth${number}`;
		try {
			symlinkSync(name, `${directory}/${link}`);
			return link;
		} catch (error) {
			if (!isErrno(error, 'EEXIST')) {
				throw error;
			}
		}
	}
};

export const claimMembership = (roots: NetworkRoots, id: string, {name, routed, parent}: NetworkRecord): void => {
	mkdirSync(memberships(roots, id), {recursive: true, mode: 0o700});
	mkdirSync(linksDirectory(roots, id), {recursive: true, mode: 0o700});
	try {
		linkRegistry(roots, id, name);
	} catch (cause) {
		// Of one that a router leads to its resolver knows the names already.
		if (!isErrno(cause, 'EEXIST') || networksOf(roots, id).includes(name)) {
			throw isErrno(cause, 'EEXIST') ? new ClocheError('the container is on the network already', {where: name, remedy: 'disconnect it first'}) : cause;
		}
	}

	for (const other of reachedFrom(roots, {name, routed, parent})) {
		ignoring(['EEXIST'], () => {
			linkRegistry(roots, id, other);
		});
	}
};

/** Networks that a router leads to from that one. */
const reachedFrom = (roots: NetworkRoots, {name, routed, parent}: Pick<NetworkRecord, 'name' | 'routed' | 'parent'>): string[] =>
	routed === true ? listNetworks(roots).networks.filter(other => other.name !== name && other.routed === true && other.parent?.name === parent?.name).map(other => other.name) : [];

const linkRegistry = (roots: NetworkRoots, id: string, name: string): void => {
	symlinkSync(registryDirectory(networkDirectory(roots, name)), `${memberships(roots, id)}/${name}`);
};

/** Give both back. Returns which link it was. */
export const forgetLink = (roots: NetworkRoots, id: string, name: string): string | undefined => {
	const directory = linksDirectory(roots, id);
	const link = namesIn(directory).find(candidate => linkText(`${directory}/${candidate}`) === name);
	if (link !== undefined) {
		rmSync(`${directory}/${link}`, {force: true});
	}

	const stays = new Set(networksOf(roots, id).flatMap(other => namesBy(roots, other)));
	for (const other of namesBy(roots, name).filter(candidate => !stays.has(candidate))) {
		rmSync(`${memberships(roots, id)}/${other}`, {force: true});
	}

	return link;
};

/** Whose names who is on a network can ask for. */
const namesBy = (roots: NetworkRoots, name: string): string[] => {
	const record = readByName(roots, name);
	return [name, ...(record === undefined ? [] : reachedFrom(roots, record))];
};
