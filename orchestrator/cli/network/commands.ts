/** The commands under `cloche network`. */

import type {Commands} from '../commands.js';

export const networkCommands: Commands = {
	create: {summary: 'make a network', load: async () => (await import('./create.js')).create},
	ls: {summary: 'list networks', load: async () => (await import('./ls.js')).ls},
	inspect: {summary: 'print all that is known of networks', load: async () => (await import('./inspect.js')).inspect},
	connect: {summary: 'put a container on a network', load: async () => (await import('./connect.js')).connect},
	disconnect: {summary: 'take a container off a network', load: async () => (await import('./disconnect.js')).disconnect},
	rm: {summary: 'remove networks', load: async () => (await import('./rm.js')).rm},
	prune: {summary: 'remove all networks that no container uses', load: async () => (await import('./prune.js')).prune},
	partition: {summary: 'cut two containers off from each other', load: async () => (await import('./partition.js')).partition},
	isolate: {summary: 'cut containers off from everybody', load: async () => (await import('./isolate.js')).isolate},
	degrade: {summary: 'make links lose, delay or hold back packets', load: async () => (await import('./degrade.js')).degrade},
	faults: {summary: 'list what is wrong on purpose', load: async () => (await import('./faults.js')).faults},
	heal: {summary: 'take faults away', load: async () => (await import('./heal.js')).heal},
};
