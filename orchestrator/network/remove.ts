/** Removes networks that nobody uses. */

import {rmdirSync, rmSync} from 'node:fs';
import {ClocheError, isErrno} from '../base/errors.js';
import {inTurn} from '../base/turn.js';
import {findNetwork, listNetworks} from './find.js';
import {readLeases} from './leases.js';
import {requirePrivilege, takeDown} from './machine.js';
import {lowerAll} from './parented.js';
import {leasesDirectory, networkDirectory, type NetworkRoots, readyPath, turnPath} from './places.js';
import type {NetworkRecord} from './record.js';
import {begin, finish, repairInTurn} from './repair.js';
import {sweepLeases} from './sweep.js';

/** Ids of the containers that are on it. */
export const usersOf = (roots: Pick<NetworkRoots, 'data'>, name: string): string[] =>
	[...new Set(readLeases(networkDirectory(roots, name)).map(({id}) => id))];

/** From here on nobody can get an address: rmdir(2) fails where somebody has one. */
const close = (roots: NetworkRoots, {name}: NetworkRecord): boolean => {
	const directory = networkDirectory(roots, name);
	sweepLeases(roots, directory);
	try {
		rmdirSync(leasesDirectory(directory));
		return true;
	} catch (error) {
		if (isErrno(error, 'ENOTEMPTY') || isErrno(error, 'EEXIST')) {
			return false;
		}

		throw error;
	}
};

const isHere = ({parent}: NetworkRecord): boolean => parent === undefined;

const removeClosed = async (roots: NetworkRoots, records: readonly NetworkRecord[]): Promise<void> => {
	const rest = listNetworks(roots).networks;
	await lowerAll(roots, records, rest);
	for (const {name} of records) {
		rmSync(readyPath(networkDirectory(roots, name)), {force: true});
	}

	const here = records.filter(record => isHere(record));
	if (here.length > 0) {
		await takeDown(roots, here.map(({bridge}) => bridge), rest);
	}

	for (const {name} of records) {
		rmSync(networkDirectory(roots, name), {recursive: true, force: true});
	}
};

/**
 * Remove a network.
 *
 * @param word its name, its id, or the beginning of that
 * @param describe how a container that uses it is called in the error
 * @throws ClocheError where there is none, or somebody uses it
 */
export const removeNetwork = async (roots: NetworkRoots, word: string, describe: (id: string) => string = id => id): Promise<NetworkRecord> => {
	if (isHere(findNetwork(roots, word))) {
		requirePrivilege();
	}

	return inTurn(turnPath(roots), async () => {
		await repairInTurn(roots);
		const record = findNetwork(roots, word);
		begin(roots);
		if (!close(roots, record)) {
			finish(roots);
			const users = usersOf(roots, record.name).map(id => describe(id));
			throw new ClocheError('the network is in use', {where: record.name, why: `by ${users.slice(0, 5).join(', ')}${users.length > 5 ? ` and ${users.length - 5} more` : ''}`, remedy: 'stop or disconnect them first'});
		}

		await removeClosed(roots, [record]);
		finish(roots);
		return record;
	});
};

/**
 * Remove all networks that nobody uses, in one go.
 *
 * @param isChosen which of them
 */
export const pruneNetworks = async (roots: NetworkRoots, isChosen: (record: NetworkRecord) => boolean): Promise<NetworkRecord[]> => {
	const chosen = listNetworks(roots).networks.filter(record => isChosen(record));
	if (chosen.length === 0) {
		return [];
	}

	if (chosen.some(record => isHere(record))) {
		requirePrivilege();
	}

	return inTurn(turnPath(roots), async () => {
		await repairInTurn(roots);
		begin(roots);
		const closed = listNetworks(roots).networks.filter(record => isChosen(record) && close(roots, record));
		if (closed.length > 0) {
			await removeClosed(roots, closed);
		}

		finish(roots);
		return closed;
	});
};
