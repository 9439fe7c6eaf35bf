/** `cloche inspect`. */

import {ClocheError, describeError} from '../base/errors.js';
import {inspectContainer} from '../container/view/inspect.js';
import type {ContainerView} from '../container/view.js';
import {findContainer} from '../container/store/find.js';
import {stateRoots} from '../container/store/roots.js';
import type {Command} from './commands.js';
import {viewsWriter} from './format/views.js';
import {print, warn} from './output.js';

export const inspect: Command = {
	table: {
		name: 'inspect',
		operands: 'CONTAINER…',
		summary: 'Print all that is known of containers, as a JSON array.',
		description: ['docs/inspect.md tells of each member.'],
		groups: [{title: 'Options', options: [{name: 'format', short: 'f', type: 'string', value: 'FORMAT', doc: 'json, or a template as docker\'s, as {{.state.status}}', default: 'json'}]}],
		interspersed: true,
		examples: [
			['cloche inspect web', 'everything'],
			['cloche inspect -f \'{{.state.status}} {{.state.exitCode}}\' web', 'how it is, or how it ended'],
		],
	},
	main: async (operands, values, {root}) => {
		if (operands.length === 0) {
			throw new ClocheError('inspect', {why: 'no container given', remedy: 'name one or more'});
		}

		const write = await viewsWriter(typeof values['format'] === 'string' ? values['format'] : 'json');
		const roots = stateRoots({root});
		const views: ContainerView[] = [];
		let status = 0;
		for (const word of operands) {
			try {
				views.push(await inspectContainer(findContainer(roots, word), roots));
			} catch (error) {
				// The others are told of all the same, as by docker inspect.
				warn(describeError(error));
				status = 125;
			}
		}

		print(write(views));
		return status;
	},
};
