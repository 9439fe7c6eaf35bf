/** `cloche restart`: stop, then start. */

import {stopContainer} from '../container/stop.js';
import {appendEvent, subjectOf} from '../container/store/events.js';
import {findContainer} from '../container/store/find.js';
import {stateRoots} from '../container/store/roots.js';
import type {Command} from './commands.js';
import {forEachContainer} from './each.js';
import {readStop, stopOptions} from './life-options.js';
import {startOne} from './start.js';

export const restart: Command = {
	table: {
		name: 'restart',
		operands: 'CONTAINER…',
		interspersed: true,
		summary: 'Stop containers as cloche stop does, and start them again.',
		description: ['One that doesn\'t run is only started.'],
		groups: [{title: 'Options', options: stopOptions}],
	},
	async main(operands, values, {root}) {
		const roots = stateRoots({root});
		const options = readStop(values);
		return forEachContainer(operands, 'restart', async word => {
			const found = findContainer(roots, word);
			if (await stopContainer(found, roots, options)) {
				appendEvent(roots, 'restart', subjectOf(found.record));
			}

			await startOne(roots, found.record.id);
		});
	},
};
