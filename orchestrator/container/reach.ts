/** The supervisor of a detached container, by its socket. */

import {setTimeout as pause} from 'node:timers/promises';
import {connectToContainer, isGone} from '../helper/client.js';
import type {ContainerClient} from '../helper/container-client.js';
import {socketPath, type StateRoots} from './store/roots.js';

/** It answers at once, unless something stopped it. */
const PATIENCE_MS = 5000;

/** Its supervisor, if that listens, and greets in time: one that hangs is none. */
export const reach = async (roots: StateRoots, id: string): Promise<ContainerClient | undefined> => {
	const greeted = connectToContainer(socketPath(roots, id));
	try {
		const client = await Promise.race([greeted, pause(PATIENCE_MS, undefined, {ref: false})]);
		if (client === undefined) {
			greeted.then(late => {
				late.close();
			}, () => undefined);
		}

		return client;
	} catch (error) {
		if (isGone(error)) {
			return undefined;
		}

		throw error;
	}
};
