/** `cloche network prune`. */

import {networkRoots} from '../../container/store/networks.js';
import {stateRoots} from '../../container/store/roots.js';
import type {NetworkRecord} from '../../network/record.js';
import {pruneNetworks} from '../../network/remove.js';
import type {Command} from '../commands.js';
import {requireConsent} from '../consent.js';
import {type Filters, hasLabel, readFilters} from '../filters.js';
import {print} from '../output.js';
import {momentOf} from '../prune.js';
import {listOf, requireNoOperands} from './values.js';

const FILTERS = ['until', 'label', 'label!'];

const ALL = 'all networks that no container uses';

const selectorOf = (filters: Filters): (record: NetworkRecord) => boolean => {
	const untils = (filters.get('until') ?? []).map(text => momentOf(text));
	return ({created, labels}) => untils.every(until => Date.parse(created) < until)
		&& (filters.get('label') ?? []).every(word => hasLabel(labels, word))
		&& (filters.get('label!') ?? []).every(word => !hasLabel(labels, word));
};

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
		requireNoOperands(operands, 'prune', 'cloche network rm NAME removes one');
		const isChosen = selectorOf(readFilters(listOf(values['filter']), FILTERS));
		if (!requireConsent(values, 'network prune', ALL, `This removes ${ALL}.`)) {
			return 0;
		}

		const removed = await pruneNetworks(networkRoots(stateRoots({root})), isChosen);
		print(removed.map(({name}) => `${name}\n`).join(''));
		return 0;
	},
};
