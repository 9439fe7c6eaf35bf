/** `cloche diff`: what a container has changed of its image. */

import {escapeControls} from '../base/errors.js';
import {diffContainer} from '../container/diff/diff.js';
import {findContainer} from '../container/store/find.js';
import {stateRoots} from '../container/store/roots.js';
import type {Command} from './commands.js';
import {requireOne} from './each.js';
import {print} from './output.js';

/** A name may hold a newline, and a line is one path; what escapes is escaped, too. */
const escape = (path: string): string => escapeControls(path.replaceAll('\\', '\\\\'));

export const diff: Command = {
	table: {
		name: 'diff',
		operands: 'CONTAINER',
		summary: 'Tell what a container has changed of its image: A is new, C is changed, D is gone.',
		description: ['A line each, by path. A directory is C where something in it is told, or its mode or owner is another. Volumes and what else is mounted aren\'t looked into. A control character in a name is \\x and two digits, a backslash two.'],
		interspersed: true,
		groups: [],
	},
	main: async (operands, _values, {root}) => {
		const changes = await diffContainer(findContainer(stateRoots({root}), requireOne(operands, 'diff')));
		print(changes.map(({kind, path}) => `${kind} ${escape(path)}\n`).join(''));
		return 0;
	},
};
