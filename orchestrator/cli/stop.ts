/** `cloche stop`: asks containers to end, and kills what doesn't. */

import {stopContainer} from '../container/stop.js';
import {findContainer} from '../container/store/find.js';
import {stateRoots} from '../container/store/roots.js';
import type {Command} from './commands.js';
import {forEachContainer} from './each.js';
import {readStop, stopOptions} from './life-options.js';

export const stop: Command = {
	table: {
		name: 'stop',
		operands: 'CONTAINER…',
		summary: 'End containers: ask with the stop signal, wait, then kill.',
		description: ['All at once. It is for good: no restart policy starts them again. A paused one is unpaused first. What doesn\'t run is left as it is.'],
		interspersed: true,
		groups: [{title: 'Options', options: stopOptions}],
		examples: [['cloche stop -t 2 web db', 'both end within about two seconds']],
	},
	async main(operands, values, {root}) {
		const roots = stateRoots({root});
		const options = readStop(values);
		return forEachContainer(operands, 'stop', async word => {
			await stopContainer(findContainer(roots, word), roots, options);
		});
	},
};
