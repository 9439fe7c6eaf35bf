/** Networks that a process made for itself, as a test suite does: they go with it, whatever ends it. */

import {rmdirSync, rmSync} from 'node:fs';
import {isAlive, parseIdentity} from '../base/process.js';
import {ignoring, namesIn, type NetworkRoots, ownersDirectory} from './places.js';
import {pruneNetworks} from './remove.js';

type DataRoot = Pick<NetworkRoots, 'data'>;

const forgetOwner = (roots: DataRoot, owner: string): void => {
	rmSync(`${ownersDirectory(roots)}/${owner}`, {force: true});
	ignoring(['ENOENT', 'ENOTEMPTY', 'EEXIST'], () => {
		rmdirSync(ownersDirectory(roots));
	});
};

const isGone = (owner: string): boolean => {
	const identity = parseIdentity(owner);
	return identity !== undefined && !isAlive(identity);
};

/** Remove what the dead owned and nobody uses; what somebody still uses is looked at again. */
export const collectOwned = async (roots: NetworkRoots): Promise<void> => {
	for (const owner of namesIn(ownersDirectory(roots)).filter(name => isGone(name))) {
		let left = 0;
		const isItsOwn = (record: {owner?: string}): boolean => record.owner === owner;
		const removed = await pruneNetworks(roots, record => {
			left += isItsOwn(record) ? 1 : 0;
			return isItsOwn(record);
		});
		if (removed.length >= left) {
			forgetOwner(roots, owner);
		}
	}
};
