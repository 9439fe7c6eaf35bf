/** `cloche network faults`. */

import {listFaults} from '../../container/faults.js';
import {containerName} from '../../container/store/networks.js';
import {stateRoots} from '../../container/store/roots.js';
import {type FaultView, viewFaults} from '../../network/faults/words.js';
import type {Command} from '../commands.js';
import {rowsWriter} from '../format/rows.js';
import {print} from '../output.js';
import {textOf} from '../values.js';

/** What a template can name. */
interface Row {
	ID: string;
	Name: string;
	Fault: string;
	To: string;
	Network: string;
	Loss: string;
	Delay: string;
	Jitter: string;
	Rate: string;
}

const HEADINGS: Row = {ID: 'CONTAINER ID', Name: 'NAME', Fault: 'FAULT', To: 'TO', Network: 'NETWORK', Loss: 'LOSS', Delay: 'DELAY', Jitter: 'JITTER', Rate: 'RATE'};

const TABLE = '{{.ID}}\t{{.Name}}\t{{.Fault}}\t{{.To}}\t{{.Network}}\t{{.Loss}}\t{{.Delay}}\t{{.Jitter}}\t{{.Rate}}';

const rowOf = (id: string, nameOf: (id: string) => string, {kind, to, network = '', loss = '', delay = '', jitter = '', rate = ''}: FaultView): Row =>
	({ID: id, Name: nameOf(id), Fault: kind, To: to === undefined ? '' : nameOf(to), Network: network, Loss: loss, Delay: delay, Jitter: jitter, Rate: rate});

export const faults: Command = {
	table: {
		name: 'network faults',
		operands: '[CONTAINER…]',
		summary: 'List network faults, a line for each, as the kernel tells of them.',
		interspersed: true,
		groups: [{title: 'Options', options: [{name: 'format', type: 'string', value: 'FORMAT', doc: 'json (a line each), table, table TEMPLATE, or a template as docker\'s', default: 'table'}]}],
	},
	async main(operands, values, {root}) {
		const write = rowsWriter<Row>(textOf(values['format']) ?? 'table', HEADINGS, TABLE);
		const roots = stateRoots({root});
		const nameOf = (id: string): string => containerName(roots, id) ?? id;
		const found = await listFaults(roots, operands);
		print(write(found.flatMap(one => viewFaults(one.faults, one.links).map(view => rowOf(one.id, nameOf, view)))));
		return 0;
	},
};
