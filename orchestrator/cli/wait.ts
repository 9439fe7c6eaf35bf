/** `cloche wait`: prints how containers ended. */

import {stateRoots} from '../container/store/roots.js';
import {waitFor} from '../container/wait.js';
import type {Command} from './commands.js';
import {forEachContainer} from './each.js';

export const wait: Command = {
	table: {
		name: 'wait',
		operands: 'CONTAINER…',
		summary: 'Wait until containers have ended, and print the exit status of each.',
		description: ['128+N where signal N ended it. Of one that has ended, it is printed at once; of one that is restarted, when it has ended for good.'],
		interspersed: true,
		groups: [],
	},
	async main(operands, _values, {root}) {
		const roots = stateRoots({root});
		return forEachContainer(operands, 'wait', async word => String(await waitFor(word, roots)));
	},
};
