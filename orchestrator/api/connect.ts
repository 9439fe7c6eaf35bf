/** A container goes onto a network, and off it, by the supervisor that this process has. */

import {normalizeAttachment} from '../container/normalize-network.js';
import {refuseUnknown} from '../container/options/option-names.js';
import type {Many} from '../container/options/run-options.js';
import type {FoundContainer} from '../container/store/find.js';
import type {StateRoots} from '../container/store/roots.js';
import {borrowSupervisor, returnSupervisor} from './resident.js';

export interface ConnectOptions {
	/** More names on this network. */
	alias?: Many<string> | undefined;
	/** Its addresses there; else the next free ones. */
	ip?: string | undefined;
	ip6?: string | undefined;
	/** Its hardware address there; else one made of its address. */
	macAddress?: string | undefined;
}

const NAMES = {alias: true, ip: true, ip6: true, macAddress: true} satisfies Record<keyof ConnectOptions, true>;

/** @throws ClocheError where an option is refused, or it can't be on that network */
export const connectHere = async (found: FoundContainer, roots: StateRoots, network: string, options: ConnectOptions): Promise<void> => {
	refuseUnknown(options, Object.keys(NAMES));
	const attachment = normalizeAttachment(network, options, String);
	const {connectContainer} = await import('../container/network/connect.js');
	const supervisor = borrowSupervisor();
	try {
		for (const warning of await connectContainer(found, attachment, {roots, supervisor: () => supervisor})) {
			process.emitWarning(warning, 'ClocheWarning');
		}
	} finally {
		returnSupervisor();
	}
};

/** @throws ClocheError where it isn't on that network */
export const disconnectHere = async (found: FoundContainer, roots: StateRoots, network: string): Promise<void> => {
	const {disconnectContainer} = await import('../container/network/connect.js');
	const supervisor = borrowSupervisor();
	try {
		await disconnectContainer(found, network, {roots, supervisor: () => supervisor});
	} finally {
		returnSupervisor();
	}
};
