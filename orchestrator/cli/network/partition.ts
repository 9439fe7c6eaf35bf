/** `cloche network partition`. */

import {ClocheError} from '../../base/errors.js';
import {partitionContainers} from '../../container/faults.js';
import {stateRoots} from '../../container/store/roots.js';
import type {Command} from '../commands.js';

export const partition: Command = {
	table: {
		name: 'network partition',
		operands: 'CONTAINER CONTAINER',
		summary: 'Cut two running containers off from each other: packets between them are lost, both ways.',
		description: ['Until network heal, or until both have ended. Nobody is told: connections hang, as they do when a cable is cut.'],
		interspersed: true,
		groups: [],
		examples: [['cloche network partition primary replica; sleep 10; cloche network heal primary', 'for ten seconds']],
	},
	async main([one, other, ...more], _values, {root}) {
		if (one === undefined || other === undefined || more.length > 0) {
			throw new ClocheError('network partition', {why: 'it is between two', remedy: 'name two containers; network isolate cuts one off from all'});
		}

		await partitionContainers(stateRoots({root}), one, other);
		return 0;
	},
};
