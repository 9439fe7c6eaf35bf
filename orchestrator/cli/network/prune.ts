/** `cloche network prune`. */

import {networkRoots} from '../../container/store/networks.js';
import {stateRoots} from '../../container/store/roots.js';
import {pruneNetworks} from '../../network/remove.js';
import type {Command} from '../commands.js';
import {requireConsent} from '../consent.js';
import {PRUNE_FILTERS, pruneSelector, readFilters} from '../filters.js';
import {print} from '../output.js';
import {listOf, requireNoOperands} from '../values.js';

const ALL = 'all networks that no container uses';

export const prune: Command = {
	table: {
		name: 'network prune',
		operands: '',
		summary: 'Remove all networks that no container uses. Names of those that were removed are printed.',
		description: ['A container that is kept and doesn\'t run uses none: its network has to be there again when it starts. The default one is made again when it is used.'],
		interspersed: true,
		groups: [{title: 'Options', options: [
			{name: 'force', short: 'f', type: 'boolean', doc: 'don\'t ask'},
			{name: 'filter', type: 'string', multiple: true, value: 'KEY=VALUE', doc: 'only some: until=24h (made before), label=NAME[=VALUE], label!=NAME[=VALUE]'},
		]}],
	},
	async main(operands, values, {root}) {
		requireNoOperands(operands, 'network prune', 'cloche network rm NAME removes one');
		const isChosen = pruneSelector(readFilters(listOf(values['filter']), PRUNE_FILTERS));
		if (!requireConsent(values, 'network prune', ALL, `This removes ${ALL}.`)) {
			return 0;
		}

		const removed = await pruneNetworks(networkRoots(stateRoots({root})), isChosen);
		print(removed.map(({name}) => `${name}\n`).join(''));
		return 0;
	},
};
