/** `cloche unpause`. */

import {unpauseContainer} from '../container/pause.js';
import {findContainer} from '../container/store/find.js';
import {stateRoots} from '../container/store/roots.js';
import type {Command} from './commands.js';
import {forEachContainer} from './each.js';

export const unpause: Command = {
	table: {
		name: 'unpause',
		operands: 'CONTAINER…',
		summary: 'Let the processes of paused containers go on.',
		interspersed: true,
		groups: [],
	},
	async main(operands, _values, {root}) {
		const roots = stateRoots({root});
		return forEachContainer(operands, 'unpause', word => unpauseContainer(findContainer(roots, word), roots));
	},
};
