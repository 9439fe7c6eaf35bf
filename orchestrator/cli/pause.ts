/** `cloche pause`. */

import {pauseContainer} from '../container/pause.js';
import {findContainer} from '../container/store/find.js';
import {stateRoots} from '../container/store/roots.js';
import type {Command} from './commands.js';
import {forEachContainer} from './each.js';

export const pause: Command = {
	table: {
		name: 'pause',
		operands: 'CONTAINER…',
		summary: 'Stop all processes of containers where they are.',
		description: ['They keep their memory and their files. It takes a cgroup: root has one, others where one is delegated to them.'],
		interspersed: true,
		groups: [],
	},
	async main(operands, _values, {root}) {
		const roots = stateRoots({root});
		return forEachContainer(operands, 'pause', word => pauseContainer(findContainer(roots, word), roots));
	},
};
