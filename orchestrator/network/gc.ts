/** What the dead have left of networks. Nothing of the living is touched. */

import {existsSync} from 'node:fs';
import {inTurn} from '../base/turn.js';
import {bridgeAliases} from '../host/ip.js';
import {listLinks} from '../host/links.js';
import {aliasOf, isBridge} from './bridge.js';
import {listNetworks, networkNames} from './find.js';
import {rootName} from './machine.js';
import {collectOwned} from './owned.js';
import {isUnswept, sweepKeepers} from './parent.js';
import {joinedDirectory, namesIn, networkDirectory, networksDirectory, type NetworkRoots, parentsDirectory, turnPath} from './places.js';
import {sweepHosts} from './registry.js';
import {releaseContainer} from './release.js';
import {repair, repairInTurn, repairUnfinished} from './repair.js';
import {sweepLeases} from './sweep.js';

const departed = (roots: NetworkRoots): string[] => {
	const ids = namesIn(joinedDirectory(roots));
	const living = ids.length === 0 ? new Set<string>() : roots.claimed();
	return ids.filter(id => !living.has(id));
};

/** Each is looked at once more: somebody may have started it meanwhile. */
const releaseDeparted = (roots: NetworkRoots): void => {
	for (const id of departed(roots)) {
		if (!roots.claimed().has(id)) {
			releaseContainer(roots, id);
		}
	}
};

/** Two looks where nothing is to be done: cheap enough for every start. */
export const collectNetworks = async (roots: NetworkRoots): Promise<void> => {
	await repairUnfinished(roots);
	await collectOwned(roots);
	if (existsSync(parentsDirectory(roots)) && isUnswept(roots)) {
		await inTurn(turnPath(roots), () => {
			sweepKeepers(roots);
		});
	}

	if (departed(roots).length > 0) {
		await inTurn(turnPath(roots), () => {
			releaseDeparted(roots);
		});
	}
};

/** Bridges of this state root that no record tells of: somebody removed the records by hand. ip is asked only where there are unknown ones. */
const strays = async (roots: NetworkRoots): Promise<string[]> => {
	const known = new Set(listNetworks(roots).networks.map(({bridge}) => bridge));
	const unknown = listLinks().filter(link => isBridge(link) && !known.has(link));
	const aliases = unknown.length === 0 ? new Map<string, string>() : await bridgeAliases();
	return unknown.filter(link => aliases.get(link)?.startsWith(aliasOf(rootName(roots), '')) === true);
};

/**
 * The same, and what no mark tells of: addresses of containers that are gone, names that lead nowhere, bridges without a record. For the
 * command; too much for every start.
 *
 * @throws ClocheError where ip or nft can't do it
 */
export const collectNetworksThoroughly = async (roots: NetworkRoots): Promise<void> => {
	if (!existsSync(networksDirectory(roots))) {
		return;
	}

	await collectOwned(roots);
	await inTurn(turnPath(roots), async () => {
		const lost = await strays(roots);
		if (lost.length > 0) {
			await repair(roots, lost);
		} else {
			await repairInTurn(roots);
		}

		releaseDeparted(roots);

		sweepKeepers(roots);
		for (const name of networkNames(roots)) {
			sweepLeases(roots, networkDirectory(roots, name));
			sweepHosts(networkDirectory(roots, name));
		}
	});
};
