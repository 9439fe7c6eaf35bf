/** Who makes networks for itself says so, so that they are found when it is gone (owned.ts). */

import {mkdirSync, writeFileSync} from 'node:fs';
import {ClocheError} from '../base/errors.js';
import {formatIdentity, identify} from '../base/process.js';
import {type NetworkRoots, ownersDirectory} from './places.js';

/** Say that this process has networks of its own, before it has one. Returns what they bear as their owner. */
export const noteOwner = (roots: Pick<NetworkRoots, 'data'>): string => {
	const identity = identify(process.pid);
	if (identity === undefined) {
		throw new ClocheError('cannot tell who we are', {where: `/proc/${process.pid}/stat`, remedy: 'mount /proc'});
	}

	const owner = formatIdentity(identity);
	mkdirSync(ownersDirectory(roots), {recursive: true, mode: 0o700});
	writeFileSync(`${ownersDirectory(roots)}/${owner}`, '');
	return owner;
};
