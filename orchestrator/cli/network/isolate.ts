/** `cloche network isolate`. */

import {isolateContainer} from '../../container/faults.js';
import {stateRoots} from '../../container/store/roots.js';
import type {Command} from '../commands.js';
import {forEachContainer} from '../each.js';

export const isolate: Command = {
	table: {
		name: 'network isolate',
		operands: 'CONTAINER…',
		summary: 'Cut running containers off from everybody: all packets in and out are lost.',
		description: ['They still reach themselves, and are reached at their published ports, whose way in isn\'t the network.'],
		interspersed: true,
		groups: [],
	},
	async main(operands, _values, {root}) {
		const roots = stateRoots({root});
		return forEachContainer(operands, 'network isolate', async word => {
			await isolateContainer(roots, word);
		});
	},
};
