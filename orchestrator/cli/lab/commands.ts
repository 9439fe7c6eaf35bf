/** The commands under `cloche lab`. */

import type {Commands} from '../commands.js';

export const labCommands: Commands = {
	up: {summary: 'make the networks of a file and start its containers', load: async () => (await import('./up.js')).up},
	down: {summary: 'remove labs: containers and networks', load: async () => (await import('./down.js')).down},
	ls: {summary: 'list labs', load: async () => (await import('./ls.js')).ls},
};
