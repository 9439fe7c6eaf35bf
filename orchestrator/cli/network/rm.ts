/** `cloche network rm`. */

import {ClocheError, describeError} from '../../base/errors.js';
import {containerName, networkRoots} from '../../container/store/networks.js';
import {stateRoots} from '../../container/store/roots.js';
import {isNoSuchNetwork} from '../../network/find.js';
import {removeNetwork} from '../../network/remove.js';
import type {Command} from '../commands.js';
import {print, warn} from '../output.js';

export const rm: Command = {
	table: {
		name: 'network rm',
		operands: 'NETWORK…',
		summary: 'Remove networks that no container uses, each by name, id, or the beginning of its id.',
		interspersed: true,
		groups: [{title: 'Options', options: [{name: 'force', short: 'f', type: 'boolean', doc: 'one that isn\'t there is no error'}]}],
	},
	async main(operands, values, {root}) {
		if (operands.length === 0) {
			throw new ClocheError('network rm', {why: 'no network given', remedy: 'name one or more'});
		}

		const roots = stateRoots({root});
		let status = 0;
		for (const word of new Set(operands)) {
			try {
				const {name} = await removeNetwork(networkRoots(roots), word, id => containerName(roots, id) ?? id);
				print(`${name}\n`);
			} catch (error) {
				if (values['force'] !== true || !isNoSuchNetwork(error)) {
					warn(describeError(error));
					status = 125;
				}
			}
		}

		return status;
	},
};
