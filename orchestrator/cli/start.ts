/** `cloche start`: starts kept containers, each by its own supervisor. */

import {startKept} from '../container/start-kept.js';
import {findContainer, isUp} from '../container/store/find.js';
import {stateRoots, type StateRoots} from '../container/store/roots.js';
import type {Command} from './commands.js';
import {forEachContainer} from './each.js';
import {print, warn} from './output.js';
import {startLastingSupervisor} from './supervisor.js';

/** One that runs stays as it is, as for docker start. */
export const startOne = async (roots: StateRoots, word: string, beforeStart?: () => Promise<void>): Promise<void> => {
	const found = findContainer(roots, word);
	if (!isUp(found.state)) {
		await startKept(found, {roots, supervisor: await startLastingSupervisor(), beforeStart, launch: {onWarning: warning => {
			warn(warning.message);
		}}});
	}
};

export const start: Command = {
	table: {
		name: 'start',
		operands: 'CONTAINER…',
		interspersed: true,
		summary: 'Start kept containers again; they run by themselves, and print their names.',
		description: ['Their files are as they were left, their log goes on. One that runs stays as it is.'],
		groups: [],
	},
	async main(operands, _values, {root}) {
		const roots = stateRoots({root});
		const [word = '', another] = operands;
		if (word !== '' && another === undefined) {
			// Alone, its own status tells: 127 where the command isn't there.
			await startOne(roots, word);
			print(`${word}\n`);
			return 0;
		}

		return forEachContainer(operands, 'start', each => startOne(roots, each));
	},
};
