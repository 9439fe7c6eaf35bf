/** `cloche gc`: what every start does in passing, thoroughly and with a report. */

import {ClocheError} from '../base/errors.js';
import {collectThoroughly} from '../container/store/sweep.js';
import {tidyNetworks} from '../container/store/networks.js';
import {stateRoots} from '../container/store/roots.js';
import type {Command} from './commands.js';
import {print, warn} from './output.js';

export const gc: Command = {
	table: {
		name: 'gc',
		operands: '',
		summary: 'Remove what killed processes left behind.',
		description: ['Every start does the most of it in passing. Containers that run, and ones that are kept, stay. Ids of those that were removed are printed.'],
		groups: [],
	},
	main: async (operands, _values, {root}) => {
		if (operands.length > 0) {
			throw new ClocheError(`gc ${operands.join(' ')}`, {why: 'it takes no operands', remedy: 'cloche rm NAME removes one container'});
		}

		const roots = stateRoots({root});
		const {removed, problems: ofContainers} = collectThoroughly(roots);
		print(removed.map(id => `${id}\n`).join(''));
		const problems = [...ofContainers, ...await tidyNetworks(roots, {thorough: true})];
		for (const problem of problems) {
			warn(problem.message);
		}

		return problems.length === 0 ? 0 : 125;
	},
};
