/** What a dead container has of networks. */

import {existsSync} from 'node:fs';
import {networksDirectory} from '../../network/places.js';
import {releaseContainer} from '../../network/release.js';
import type {StateRoots} from './roots.js';

/** Free its addresses and names. For who took its claim over. */
export const releaseAddresses = (roots: StateRoots, id: string): void => {
	if (existsSync(networksDirectory(roots))) {
		releaseContainer(roots, id);
	}
};
