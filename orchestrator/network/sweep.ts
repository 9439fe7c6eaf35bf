/** Addresses of those for whom nobody answers any more. */

import {dropLease, readLeases} from './leases.js';
import type {NetworkRoots} from './places.js';

/** In a turn: free the addresses of one network that belong to containers for which nobody answers. Leases first: a claim is made before them. */
export const sweepLeases = ({claimed, settle}: Pick<NetworkRoots, 'claimed' | 'settle'>, directory: string): void => {
	if (readLeases(directory).length === 0) {
		return;
	}

	settle();
	const leases = readLeases(directory);
	const living = claimed();
	for (const {address} of leases.filter(({id}) => !living.has(id))) {
		dropLease(directory, address);
	}
};
