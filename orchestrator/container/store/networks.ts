/** Networks, as the store of containers sees them: who answers for a container holds its addresses. */

import {existsSync} from 'node:fs';
import {ClocheError} from '../../base/errors.js';
import {joinedDirectory, networksDirectory, type NetworkRoots, ownersDirectory, parentsDirectory, unfinishedPath} from '../../network/places.js';
import {readClaims} from './claim.js';
import {collectGarbage} from './gc.js';
import {readRecord} from './record.js';
import {containerDirectory, type StateRoots} from './roots.js';

/** What the network's part needs of ours. */
export const networkRoots = (roots: StateRoots): NetworkRoots => ({...roots, claimed: () => new Set(readClaims(roots).claims.map(({id}) => id)), settle: () => {
	collectGarbage(roots);
}});

/** The name of a container, where it has one that can be read. */
export const containerName = (roots: StateRoots, id: string): string | undefined => {
	try {
		return readRecord(containerDirectory(roots, id))?.name;
	} catch (error) {
		if (error instanceof ClocheError) {
			return undefined;
		}

		throw error;
	}
};

/**
 * What killed processes have left of networks. Four looks where there is nothing: cheap enough for every start, and then asynchronous only
 * where there is something.
 *
 * @param thorough for the command
 * @returns what couldn't be dealt with
 */
export const tidyNetworks = async (roots: StateRoots, {thorough = false} = {}): Promise<ClocheError[]> => {
	const marks = [unfinishedPath, joinedDirectory, parentsDirectory, ownersDirectory];
	if (!thorough && !marks.some(mark => existsSync(mark(roots)))) {
		return [];
	}

	const {collectNetworks, collectNetworksThoroughly} = await import('../../network/gc.js');
	try {
		await (thorough ? collectNetworksThoroughly : collectNetworks)(networkRoots(roots));
		return [];
	} catch (cause) {
		return [cause instanceof ClocheError ? cause : new ClocheError('cannot clean up', {where: networksDirectory(roots), cause})];
	}
};

/** What killed processes have left: before something is made that could be in its way. Returns what couldn't be dealt with. */
/** The same for who has nobody to tell but Node's warnings. */
export const tidyAndWarn = async (roots: StateRoots): Promise<void> => {
	for (const {message} of await tidyAll(roots)) {
		process.emitWarning(message, 'ClocheWarning');
	}
};

export const tidyAll = async (roots: StateRoots): Promise<ClocheError[]> => [...collectGarbage(roots).problems, ...await tidyNetworks(roots)];
