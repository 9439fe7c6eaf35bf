/** Gives back what a container has of networks. */

import {rmSync} from 'node:fs';
import {networkNames} from './find.js';
import {joinedDirectory, memberships, networkDirectory, type NetworkRoots} from './places.js';
import {freeLeases} from './sweep.js';

/**
 * Free all of a container's addresses and names. For who answers for it, when its processes are gone: then nobody else does so.
 */
export const releaseContainer = (roots: Pick<NetworkRoots, 'data' | 'run'>, id: string): void => {
	for (const name of networkNames(roots)) {
		const directory = networkDirectory(roots, name);
		freeLeases(directory, id);
	}

	rmSync(`${joinedDirectory(roots)}/${id}`, {recursive: true, force: true});
	rmSync(memberships(roots, id), {recursive: true, force: true});
};
