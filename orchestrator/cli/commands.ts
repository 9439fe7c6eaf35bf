/** The commands, each loaded only when it is asked for. */

import type {CommandTable} from './options.js';

/** What the global options say. */
export interface GlobalValues {
	/** `--root`. */
	root: string | undefined;
}

export interface Command {
	readonly table: CommandTable;
	/** @returns the exit status */
	readonly main: (words: readonly string[], values: CommandValues, globals: GlobalValues) => number | Promise<number>;
}

export type CommandValues = Readonly<Record<string, string | boolean | readonly string[]>>;

interface CommandEntry {
	readonly summary: string;
	readonly load: () => Promise<Command>;
}

export const commands: Readonly<Record<string, CommandEntry>> = {
	run: {summary: 'run a command in a new container', load: async () => (await import('./run.js')).run},
	rm: {summary: 'remove kept containers', load: async () => (await import('./rm.js')).rm},
	gc: {summary: 'remove what killed processes left behind (every start does so, too)', load: async () => (await import('./gc.js')).gc},
};
