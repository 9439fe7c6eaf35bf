/** `cloche network inspect`. */

import {ClocheError, describeError} from '../../base/errors.js';
import {containerName, networkRoots} from '../../container/store/networks.js';
import {stateRoots} from '../../container/store/roots.js';
import {findNetwork} from '../../network/find.js';
import {type NetworkView, viewNetwork} from '../../network/view.js';
import type {Command} from '../commands.js';
import {viewsWriter} from '../format/views.js';
import {print, warn} from '../output.js';
import {textOf} from '../values.js';

export const inspect: Command = {
	table: {
		name: 'network inspect',
		operands: 'NETWORK…',
		summary: 'Print all that is known of networks, as a JSON array.',
		description: ['docs/network.md tells of each member.'],
		interspersed: true,
		groups: [{title: 'Options', options: [{name: 'format', short: 'f', type: 'string', value: 'FORMAT', doc: 'json, or a template as docker\'s, as {{.internal}}', default: 'json'}]}],
		examples: [['cloche network inspect -f \'{{range .IPAM.Config}}{{.Subnet}} {{end}}\' tests', 'its subnets']],
	},
	async main(operands, values, {root}) {
		if (operands.length === 0) {
			throw new ClocheError('network inspect', {why: 'no network given', remedy: 'name one or more'});
		}

		const write = await viewsWriter(textOf(values['format']) ?? 'json');
		const roots = stateRoots({root});
		const views: NetworkView[] = [];
		let status = 0;
		for (const word of operands) {
			try {
				views.push(viewNetwork(networkRoots(roots), findNetwork(roots, word), id => containerName(roots, id)));
			} catch (error) {
				warn(describeError(error));
				status = 125;
			}
		}

		print(write(views));
		return status;
	},
};
