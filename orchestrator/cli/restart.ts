/** `cloche restart`: stop, then start. */

import {stopContainer} from '../container/stop.js';
import {appendEvent, subjectOf} from '../container/store/events.js';
import {findContainer} from '../container/store/find.js';
import {stateRoots} from '../container/store/roots.js';
import type {Command} from './commands.js';
import {forEachContainer} from './each.js';
import {signalOf, timeoutOf} from './life-options.js';
import {startOne} from './start.js';

export const restart: Command = {
	table: {
		name: 'restart',
		operands: 'CONTAINER…',
		interspersed: true,
		summary: 'Stop containers as cloche stop does, and start them again.',
		description: ['One that doesn\'t run is only started.'],
		groups: [{title: 'Options', options: [
			{name: 'time', short: 't', type: 'string', value: 'SECONDS', doc: 'between asking and killing; -1 waits without end', default: 'the container\'s --stop-timeout, 10s'},
			{name: 'signal', short: 's', type: 'string', value: 'SIGNAL', doc: 'what asks', default: 'the container\'s --stop-signal, TERM'},
		]}],
	},
	async main(operands, values, {root}) {
		const roots = stateRoots({root});
		const options = {signal: signalOf(values['signal']), timeout: timeoutOf(values['time'])};
		return forEachContainer(operands, 'restart', async word => {
			const found = findContainer(roots, word);
			if (await stopContainer(found, roots, options)) {
				appendEvent(roots, 'restart', subjectOf(found.record));
			}

			await startOne(roots, found.record.id);
		});
	},
};
