/** `cloche lab down`. */

import {ClocheError, describeError} from '../../base/errors.js';
import {lowerLab} from '../../container/lab/up.js';
import {stateRoots} from '../../container/store/roots.js';
import type {Command} from '../commands.js';
import {print, warn} from '../output.js';

export const down: Command = {
	table: {
		name: 'lab down',
		operands: 'LAB…',
		summary: 'Remove labs: their containers, whether they run or not, and their networks.',
		interspersed: true,
		groups: [],
		examples: [['cloche lab down demo', '']],
	},
	async main(operands, _values, {root}) {
		if (operands.length === 0) {
			throw new ClocheError('lab down', {why: 'no lab given', remedy: 'name one or more'});
		}

		let status = 0;
		for (const lab of new Set(operands)) {
			try {
				await lowerLab(stateRoots({root}), lab);
				print(`${lab}\n`);
			} catch (error) {
				warn(describeError(error));
				status = 125;
			}
		}

		return status;
	},
};
