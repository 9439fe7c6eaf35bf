/** `cloche rm`: removes kept containers. */

import {removeByForce, removeEnded} from '../container/remove.js';
import {stateRoots} from '../container/store/roots.js';
import type {Command} from './commands.js';
import {forEachContainer} from './each.js';

export const rm: Command = {
	table: {
		name: 'rm',
		operands: 'CONTAINER…',
		summary: 'Remove kept containers, each by name, id, or the beginning of its id.',
		description: ['With all that they have written to their roots, and their logs. What was mounted into them stays.'],
		interspersed: true,
		groups: [{title: 'Options', options: [
			{name: 'force', short: 'f', type: 'boolean', doc: 'kill one that runs'},
			{name: 'volumes', short: 'v', type: 'boolean', doc: 'taken since docker has it; it changes nothing, as no container has volumes without a name'},
		]}],
	},
	async main(operands, values, {root}) {
		const roots = stateRoots({root});
		return forEachContainer(operands, 'rm', word => values['force'] === true ? removeByForce(roots, word) : removeEnded(roots, word));
	},
};
