/** A lab's networks: all of them, or none. */

import {ClocheError} from '../../base/errors.js';
import {createNetwork} from '../../network/create.js';
import {listNetworks} from '../../network/find.js';
import type {NetworkRecord} from '../../network/record.js';
import {removeNetwork} from '../../network/remove.js';
import {containerName, networkRoots, tidyAndWarn} from '../store/networks.js';
import type {StateRoots} from '../store/roots.js';
import type {Lab} from './read.js';

/** Those of the lab of that name. */
export const labNetworks = (roots: StateRoots, lab: string): NetworkRecord[] => listNetworks(roots).networks.filter(({parent}) => parent?.name === lab);

/** @throws ClocheError where somebody is still on one */
export const removeNetworks = async (roots: StateRoots, lab: string): Promise<void> => {
	for (const {name} of labNetworks(roots, lab)) {
		await removeNetwork(networkRoots(roots), name, id => containerName(roots, id) ?? id);
	}
};

/**
 * Make them; the namespace they lie in is made with the first container.
 *
 * @param owned they go with this process
 * @throws ClocheError where there is such a lab, or one of them can't be had; none is left then
 */
export const createNetworks = async (roots: StateRoots, {name, networks}: Lab, {owned = false} = {}): Promise<void> => {
	await tidyAndWarn(roots); // A lab of that name may be that of a process which was killed.
	if (labNetworks(roots, name).length > 0) {
		throw new ClocheError('the lab is there already', {where: name, remedy: `cloche lab down ${name} removes it`});
	}

	const made: string[] = [];
	try {
		for (const network of networks.values()) {
			await createNetwork(roots, {...network, owned});
			made.push(network.name);
		}
	} catch (error) {
		for (const network of made) {
			await removeNetwork(networkRoots(roots), network);
		}

		throw error;
	}
};
