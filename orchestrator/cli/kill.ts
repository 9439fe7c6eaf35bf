/** `cloche kill`: sends containers a signal. */

import {killContainer} from '../container/stop.js';
import {findContainer} from '../container/store/find.js';
import {stateRoots} from '../container/store/roots.js';
import type {Command} from './commands.js';
import {forEachContainer} from './each.js';
import {readSignal} from './life-options.js';

export const kill: Command = {
	table: {
		name: 'kill',
		operands: 'CONTAINER…',
		summary: 'Send a signal to the first process of containers that run.',
		description: ['KILL ends them for good, and is waited for. A paused one gets any other signal when it is unpaused.'],
		interspersed: true,
		groups: [{title: 'Options', options: [
			{name: 'signal', short: 's', type: 'string', value: 'SIGNAL', doc: 'a name or number, as HUP, SIGUSR1 or 9', default: 'KILL'},
		]}],
	},
	async main(operands, values, {root}) {
		const roots = stateRoots({root});
		const signal = readSignal(values);
		return forEachContainer(operands, 'kill', async word => killContainer(findContainer(roots, word), roots, signal));
	},
};
