/** `cloche lab ls`. */

import {type LabView, listLabs} from '../../container/lab/list.js';
import {stateRoots} from '../../container/store/roots.js';
import type {Command} from '../commands.js';
import {rowsWriter} from '../format/rows.js';
import {requireNoOperands, textOf} from '../values.js';
import {print} from '../output.js';

interface Row {
	Name: string;
	Networks: string;
	Containers: string;
	Running: string;
}

const HEADINGS: Row = {Name: 'NAME', Networks: 'NETWORKS', Containers: 'CONTAINERS', Running: 'RUNNING'};

const TABLE = '{{.Name}}\t{{.Networks}}\t{{.Containers}}\t{{.Running}}';

const rowOf = ({name, networks, containers, running}: LabView): Row => ({Name: name, Networks: networks.join(','), Containers: `${containers}`, Running: `${running}`});

export const ls: Command = {
	table: {
		name: 'lab ls',
		operands: '',
		summary: 'List labs, by name.',
		interspersed: true,
		groups: [{title: 'Options', options: [
			{name: 'quiet', short: 'q', type: 'boolean', doc: 'names only'},
			{name: 'format', type: 'string', value: 'FORMAT', doc: 'json (a line each), table, table TEMPLATE, or a template as docker\'s', default: 'table'},
		]}],
		examples: [['cloche ps --filter label=cloche.lab=demo', 'the containers of one']],
	},
	main(operands, values, {root}) {
		requireNoOperands(operands, 'lab ls', 'cloche ps --filter label=cloche.lab=LAB shows one\'s containers');
		const write = rowsWriter<Row>(values['quiet'] === true ? '{{.Name}}' : textOf(values['format']) ?? 'table', HEADINGS, TABLE);
		print(write(listLabs(stateRoots({root})).map(lab => rowOf(lab))));
		return 0;
	},
};
