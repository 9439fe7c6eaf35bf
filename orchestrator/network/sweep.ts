/** Addresses are given back: by who answers for a container, or for those for whom nobody answers any more. */

import {ClocheError} from '../base/errors.js';
import {tryToDeleteLinks} from '../host/ip.js';
import {linkExists} from '../host/links.js';
import {dropLease, type Lease, readLeases} from './leases.js';
import {mayChange} from './machine.js';
import {peerOf} from './peer.js';
import type {NetworkRoots} from './places.js';
import {type NetworkRecord, readNetwork} from './record.js';

const recordOf = (directory: string): NetworkRecord | undefined => {
	try {
		return readNetwork(directory);
	} catch (error) {
		if (error instanceof ClocheError) {
			return undefined; // Whoever uses it is told; addresses are given back all the same.
		}

		throw error;
	}
};

/**
 * Links that something keeps, as connections without their last answer do: they have addresses that are about to be somebody
 * else's. What can't be done here, as in a parent namespace, is done by who gets the address ({@link peerOf}).
 */
const deleteLingering = (directory: string, leases: readonly Lease[]): void => {
	const record = leases.length === 0 || !mayChange() ? undefined : recordOf(directory);
	if (record !== undefined && record.parent === undefined) {
		tryToDeleteLinks(leases.map(({address}) => peerOf(record.bridge, address)).filter(link => linkExists(link)));
	}
};

/** Give back all that is a container's on one network. Its processes are gone. */
export const freeLeases = (directory: string, id: string): void => {
	const leases = readLeases(directory).filter(lease => lease.id === id);
	deleteLingering(directory, leases);
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
	const abandoned = (): Lease[] => {
		const leases = readLeases(directory);
		const living = claimed();
		return leases.filter(({id}) => !living.has(id));
	};

	deleteLingering(directory, abandoned());
	// Once more: somebody may have started one meanwhile.
	for (const {address} of abandoned()) {
		dropLease(directory, address);
	}
};
