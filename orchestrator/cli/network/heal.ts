/** `cloche network heal`. */

import {ClocheError} from '../../base/errors.js';
import {healAll, healContainers} from '../../container/faults.js';
import {stateRoots} from '../../container/store/roots.js';
import type {Command} from '../commands.js';

export const heal: Command = {
	table: {
		name: 'network heal',
		operands: '[CONTAINER…]',
		summary: 'Take all network faults of containers away: partitions, isolation, loss, delay and rates.',
		interspersed: true,
		groups: [{title: 'Options', options: [{name: 'all', short: 'a', type: 'boolean', doc: 'of all containers'}]}],
	},
	async main(operands, values, {root}) {
		const all = values['all'] === true;
		if (all === operands.length > 0) {
			throw new ClocheError('network heal', {why: all ? `--all, and ${operands.join(' ')}` : 'no container given', remedy: 'name one or more, or give --all'});
		}

		const roots = stateRoots({root});
		await (all ? healAll(roots) : healContainers(roots, operands));
		return 0;
	},
};
