/** What networks there are. */

import {existsSync} from 'node:fs';
import {ClocheError} from '../base/errors.js';
import {leasesDirectory, namesIn, networkDirectory, networksDirectory, type NetworkRoots} from './places.js';
import {isNetworkName, type NetworkRecord, readNetwork} from './record.js';

type DataRoot = Pick<NetworkRoots, 'data'>;

export interface Networks {
	/** By name. */
	networks: NetworkRecord[];
	/** Records that couldn't be read, each named; they are left as they are. */
	problems: ClocheError[];
}

/** Directories of networks, whatever is in them. */
export const networkNames = (roots: DataRoot): string[] => namesIn(networksDirectory(roots)).filter(name => isNetworkName(name)).sort();

/** Whether it is whole: neither being made nor being removed. */
export const isWhole = (directory: string): boolean => existsSync(leasesDirectory(directory));

export const listNetworks = (roots: DataRoot): Networks => {
	const found: Networks = {networks: [], problems: []};
	for (const name of networkNames(roots)) {
		const directory = networkDirectory(roots, name);
		try {
			const record = isWhole(directory) ? readNetwork(directory) : undefined;
			if (record !== undefined) {
				found.networks.push(record);
			}
		} catch (error) {
			if (!(error instanceof ClocheError)) {
				throw error;
			}

			found.problems.push(error);
		}
	}

	return found;
};

const NO_SUCH = 'no such network';

/** @param why where there was one a moment ago */
export const noSuchNetwork = (word: string, {why, cause}: {why?: string; cause?: unknown} = {}): ClocheError =>
	new ClocheError(NO_SUCH, {where: word, why, cause, remedy: 'cloche network ls lists them, cloche network create makes one'});

export const isNoSuchNetwork = (error: unknown): boolean => error instanceof ClocheError && error.what === NO_SUCH;

/** By its name, as containers ask for it: one file is read. */
export const readByName = (roots: DataRoot, name: string): NetworkRecord | undefined => isNetworkName(name) ? readNetwork(networkDirectory(roots, name)) : undefined;

/**
 * The one that a word means: a name, an id, or the beginning of exactly one id.
 *
 * @throws ClocheError where there is none, or more than one
 */
export const findNetwork = (roots: DataRoot, word: string): NetworkRecord => {
	if (isNetworkName(word) && isWhole(networkDirectory(roots, word))) {
		const named = readByName(roots, word);
		if (named !== undefined) {
			return named;
		}
	}

	const {networks} = listNetworks(roots);
	const [match, another] = word === '' ? [] : networks.filter(({id}) => id.startsWith(word));
	if (match === undefined) {
		throw noSuchNetwork(word);
	}

	if (another !== undefined) {
		throw new ClocheError('more than one network', {where: word, why: `${match.id} and ${another.id} begin so`, remedy: 'say more of the id'});
	}

	return match;
};
