/** Addresses of those for whom nobody answers any more. */

import {deleteLinks} from '../host/ip.js';
import {linkExists} from '../host/links.js';
import {dropLease, type Lease, readLeases} from './leases.js';
import {peerOf} from './peer.js';
import type {NetworkRoots} from './places.js';
import {readNetwork} from './record.js';

/**
 * Free addresses of the dead. A link that something keeps, as connections without their last answer do, goes first: else it would
 * have an address that is somebody else's. In a parent namespace that is left to who gets the address ({@link peerOf}).
 */
export const freeLeases = (directory: string, leases: readonly Lease[]): void => {
	const record = leases.length === 0 ? undefined : readNetwork(directory);
	if (record !== undefined && record.parent === undefined) {
		deleteLinks(leases.map(({address}) => peerOf(record.bridge, address)).filter(link => linkExists(link)));
	}

	for (const {address} of leases) {
		dropLease(directory, address);
	}
};

/** In a turn: free the addresses of one network that belong to containers for which nobody answers. Leases first: a claim is made before them. */
export const sweepLeases = ({claimed, settle}: Pick<NetworkRoots, 'claimed' | 'settle'>, directory: string): void => {
	if (readLeases(directory).length === 0) {
		return;
	}

	settle();
	const leases = readLeases(directory);
	const living = claimed();
	freeLeases(directory, leases.filter(({id}) => !living.has(id)));
};
