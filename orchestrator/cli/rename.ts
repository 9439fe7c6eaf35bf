/** `cloche rename`: another name for a container. */

import {ClocheError} from '../base/errors.js';
import {appendEvent, subjectOf} from '../container/store/events.js';
import {findContainer} from '../container/store/find.js';
import {renameContainer} from '../container/store/rename.js';
import {stateRoots} from '../container/store/roots.js';
import type {Command} from './commands.js';

export const rename: Command = {
	table: {
		name: 'rename',
		operands: 'CONTAINER NAME',
		summary: 'Give a container another name, whether it runs or not.',
		description: ['Its host name stays as it is.'],
		interspersed: true,
		groups: [],
	},
	main(operands, _values, {root}) {
		const [word, name, ...more] = operands;
		if (word === undefined || name === undefined || more.length > 0) {
			throw new ClocheError('rename', {why: 'it takes two operands', remedy: 'give a container and its new name'});
		}

		const roots = stateRoots({root});
		const {record} = findContainer(roots, word);
		const renamed = renameContainer(roots, record.id, name);
		appendEvent(roots, 'rename', subjectOf(renamed), {oldName: record.name ?? ''});
		return 0;
	},
};
