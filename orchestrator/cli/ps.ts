/** `cloche ps`. */

import {ClocheError} from '../base/errors.js';
import {type Containers, isUp, listContainers} from '../container/store/find.js';
import {stateRoots, type StateRoots} from '../container/store/roots.js';
import type {Command, CommandValues} from './commands.js';
import {readFilters} from './filters.js';
import {rowsWriter} from './format/rows.js';
import {print, warn} from './output.js';
import {HEADINGS, type Row, rowOf, TABLE} from './ps/row.js';
import {FILTERS, meansAll, selectorOf} from './ps/select.js';

const listOf = (value: CommandValues[string] | undefined): readonly string[] => typeof value === 'object' ? value : [];

const countOf = (values: CommandValues): number | undefined => {
	const value = values['last'];
	if (values['latest'] === true) {
		return 1;
	}

	if (typeof value !== 'string' || value === '-1') {
		return undefined;
	}

	if (!/^\d+$/.test(value)) {
		throw new ClocheError(`--last ${value}`, {why: 'not a number', remedy: 'give how many'});
	}

	return Number(value);
};

/** The newest first. */
const choose = (values: CommandValues, roots: StateRoots): Containers => {
	const filters = readFilters(listOf(values['filter']), FILTERS);
	const count = countOf(values);
	const all = values['all'] === true || count !== undefined || meansAll(filters);
	const isShown = selectorOf(filters, roots);
	const {containers, problems} = listContainers(roots, {answered: !all});
	return {containers: containers.filter(found => (all || isUp(found.state)) && isShown(found)).reverse().slice(0, count), problems};
};

const main: Command['main'] = (operands, values, {root}) => {
	if (operands.length > 0) {
		throw new ClocheError(`ps ${operands.join(' ')}`, {why: 'it takes no operands', remedy: 'cloche ps --filter name=NAME shows those with a name'});
	}

	const format = values['quiet'] === true ? '{{.ID}}' : values['format'];
	const write = rowsWriter<Row>(typeof format === 'string' ? format : 'table', HEADINGS, TABLE);
	const roots = stateRoots({root});
	const {containers, problems} = choose(values, roots);
	const now = Date.now();
	print(write(containers.map(found => rowOf(found, roots, values['no-trunc'] === true, now))));
	for (const problem of problems) {
		warn(problem.message);
	}

	return problems.length === 0 ? 0 : 125;
};

export const ps: Command = {
	table: {
		name: 'ps',
		operands: '',
		summary: 'List containers: those that run, the newest first.',
		groups: [{title: 'Options', options: [
			{name: 'all', short: 'a', type: 'boolean', doc: 'those that don\'t run, too'},
			{name: 'quiet', short: 'q', type: 'boolean', doc: 'ids only'},
			{name: 'last', short: 'n', type: 'string', value: 'NUMBER', doc: 'the last ones that were made, whether they run or not'},
			{name: 'latest', short: 'l', type: 'boolean', doc: 'the same as --last 1'},
			{name: 'no-trunc', type: 'boolean', doc: 'nothing is cut short'},
			{name: 'filter', short: 'f', type: 'string', multiple: true, value: 'KEY=VALUE', doc: `only those it fits: ${FILTERS.join(', ')}`},
			{name: 'format', type: 'string', value: 'FORMAT', doc: 'json (a line each), table, table TEMPLATE, or a template as docker\'s', default: 'table'},
		]}],
		interspersed: true,
		examples: [
			['cloche ps -a --filter status=exited', 'what has ended'],
			['cloche ps --format \'{{.Names}}: {{.Status}}\'', 'a line of one\'s own for each'],
			['cloche ps --format \'table {{.ID}}\\t{{.Names}}\\t{{.Label "stage"}}\'', 'columns of one\'s own'],
		],
	},
	main,
};
