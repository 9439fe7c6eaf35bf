/** `cloche rm`: removes kept containers. */

import {ClocheError, describeError} from '../base/errors.js';
import {identify} from '../base/process.js';
import {killContainer} from '../container/kill.js';
import {findContainer, resolveId} from '../container/store/find.js';
import {occupyContainer, removeContainer} from '../container/store/keep.js';
import {stateRoots, type StateRoots} from '../container/store/roots.js';
import type {Command} from './commands.js';
import {print, warn} from './output.js';

const removeOne = async (roots: StateRoots, word: string, force: boolean): Promise<void> => {
	const id = resolveId(roots, word);
	const self = identify(process.pid);
	if (self === undefined) {
		throw new ClocheError('cannot tell who we are', {where: `/proc/${process.pid}/stat`, remedy: 'mount /proc'});
	}

	if (force) {
		await killContainer(findContainer(roots, id));
	}

	removeContainer(roots, occupyContainer(roots, id, self));
};

export const rm: Command = {
	table: {
		name: 'rm',
		operands: 'CONTAINER…',
		summary: 'Remove kept containers, each by name, id, or the beginning of its id.',
		groups: [{title: 'Options', options: [{name: 'force', short: 'f', type: 'boolean', doc: 'kill one that runs'}]}],
	},
	main: async (operands, values, {root}) => {
		if (operands.length === 0) {
			throw new ClocheError('rm', {why: 'no container given', remedy: 'name one or more'});
		}

		const roots = stateRoots({root});
		let status = 0;
		for (const word of operands) {
			try {
				await removeOne(roots, word, values['force'] === true);
				print(`${word}\n`);
			} catch (error) {
				// The others are removed all the same, as by docker rm.
				warn(describeError(error));
				status = 125;
			}
		}

		return status;
	},
};
