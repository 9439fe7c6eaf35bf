/** Networks that a process made for itself, as a test suite does: they go with it, whatever ends it. */

import {rmdirSync, rmSync} from 'node:fs';
import {ignoring} from '../base/errors.js';
import {isAlive, parseIdentity} from '../base/process.js';
import {inTurn} from '../base/turn.js';
import {listNetworks} from './find.js';
import {namesIn, type NetworkRoots, ownersDirectory, turnPath} from './places.js';
import type {NetworkRecord} from './record.js';
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
		const isItsOwn = (record: NetworkRecord): boolean => record.owner === owner;
		await pruneNetworks(roots, isItsOwn);
		// In a turn, as its making is: nobody writes his own beside it meanwhile.
		await inTurn(turnPath(roots), () => {
			if (!listNetworks(roots).networks.some(record => isItsOwn(record))) {
				forgetOwner(roots, owner);
			}
		});
	}
};
