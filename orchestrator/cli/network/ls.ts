/** `cloche network ls`. */

import {networkRoots} from '../../container/store/networks.js';
import {stateRoots} from '../../container/store/roots.js';
import {listNetworks} from '../../network/find.js';
import {type NetworkRecord, rangesOf} from '../../network/record.js';
import {usersOf} from '../../network/remove.js';
import type {Command} from '../commands.js';
import {readFilters} from '../filters.js';
import {rowsWriter} from '../format/rows.js';
import {print, warn} from '../output.js';
import {FILTERS, selectorOf} from './select.js';
import {listOf, requireNoOperands, textOf} from '../values.js';

/** Docker's columns; what a template can name. */
interface Row {
	ID: string;
	Name: string;
	Driver: string;
	Scope: string;
	Subnets: string;
	IPv4: string;
	IPv6: string;
	Internal: string;
	Labels: string;
	CreatedAt: string;
	Label: (name: string) => string;
}

const HEADINGS: Row = {
	ID: 'NETWORK ID', Name: 'NAME', Driver: 'DRIVER', Scope: 'SCOPE', Subnets: 'SUBNETS', IPv4: 'IPV4', IPv6: 'IPV6', Internal: 'INTERNAL',
	Labels: 'LABELS', CreatedAt: 'CREATED AT', Label: name => name,
};

const TABLE = '{{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}\t{{.Subnets}}';

const rowOf = (record: NetworkRecord): Row => {
	const {id, name, subnets, internal, labels, created} = record;
	const families = rangesOf(record).map(({subnet}) => subnet.family);
	return {
		ID: id, Name: name, Driver: 'bridge', Scope: 'local',
		Subnets: subnets.map(({subnet}) => subnet).join(','),
		IPv4: `${families.includes(4)}`, IPv6: `${families.includes(6)}`, Internal: `${internal}`,
		Labels: Object.entries(labels).map(([key, value]) => `${key}=${value}`).join(','),
		CreatedAt: created,
		Label: key => labels[key] ?? '',
	};
};

export const ls: Command = {
	table: {
		name: 'network ls',
		operands: '',
		summary: 'List networks, by name.',
		interspersed: true,
		groups: [{title: 'Options', options: [
			{name: 'quiet', short: 'q', type: 'boolean', doc: 'ids only'},
			{name: 'no-trunc', type: 'boolean', doc: 'taken since docker has it; it changes nothing, as ids are short'},
			{name: 'filter', short: 'f', type: 'string', multiple: true, value: 'KEY=VALUE', doc: `only those it fits: ${FILTERS.join(', ')}`},
			{name: 'format', type: 'string', value: 'FORMAT', doc: 'json (a line each), table, table TEMPLATE, or a template as docker\'s', default: 'table'},
		]}],
		examples: [['cloche network ls --filter label=stage --format \'{{.Name}} {{.Subnets}}\'', 'a line of one\'s own for each']],
	},
	main(operands, values, {root}) {
		requireNoOperands(operands, 'network ls', 'cloche network ls --filter name=NAME shows those with a name');
		const write = rowsWriter<Row>(values['quiet'] === true ? '{{.ID}}' : textOf(values['format']) ?? 'table', HEADINGS, TABLE);
		const roots = networkRoots(stateRoots({root}));
		const isUsed = ({name}: NetworkRecord): boolean => {
			const living = roots.claimed();
			return usersOf(roots, name).some(id => living.has(id));
		};

		const isShown = selectorOf(readFilters(listOf(values['filter']), FILTERS), isUsed);
		const {networks, problems} = listNetworks(roots);
		print(write(networks.filter(record => isShown(record)).map(record => rowOf(record))));
		for (const problem of problems) {
			warn(problem.message);
		}

		return problems.length === 0 ? 0 : 125;
	},
};
