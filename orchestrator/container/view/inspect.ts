/** All that is known of a container, by what its supervisor knows, too. */

import {isGone} from '../../helper/client.js';
import {reach} from '../reach.js';
import {type FoundContainer, isUp} from '../store/find.js';
import type {StateRoots} from '../store/roots.js';
import {type ContainerView, type LiveReport, viewOf} from '../view.js';

/** `undefined` where nobody listens: it ends just now, or its supervisor died. */
const askSupervisor = async (roots: StateRoots, id: string): Promise<LiveReport | undefined> => {
	using client = await reach(roots, id);
	try {
		return await client?.status();
	} catch (error) {
		if (isGone(error)) {
			return undefined;
		}

		throw error;
	}
};

export const inspectContainer = async (found: FoundContainer, roots: StateRoots): Promise<ContainerView> => {
	const {record, state} = found;
	return viewOf(found, roots, record.detached === true && isUp(state) ? await askSupervisor(roots, record.id) : undefined);
};
