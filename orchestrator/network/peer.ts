/** The outer end of a container's link: a port of the network's bridge. */

import {createHash} from 'node:crypto';

/**
 * Its name, which is an address's alone: who gets the address of one that is gone finds by it the link that still has it, and
 * nobody is asked for it otherwise. 14 characters, of the 15 that a link's name may have.
 */
export const peerOf = (bridge: string, address: string): string =>
	`v${createHash('sha256').update(`${bridge} ${address}`).digest('hex').slice(0, 13)}`;
