/** The commands under `cloche network`. */

import type {Commands} from '../commands.js';

export const networkCommands: Commands = {
	create: {summary: 'make a network', load: async () => (await import('./create.js')).create},
	ls: {summary: 'list networks', load: async () => (await import('./ls.js')).ls},
	inspect: {summary: 'print all that is known of networks', load: async () => (await import('./inspect.js')).inspect},
	rm: {summary: 'remove networks', load: async () => (await import('./rm.js')).rm},
	prune: {summary: 'remove all networks that no container uses', load: async () => (await import('./prune.js')).prune},
};
