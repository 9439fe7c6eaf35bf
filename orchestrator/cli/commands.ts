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

export interface CommandEntry {
	readonly summary: string;
	readonly load: () => Promise<Command>;
}

/** Commands under one word: `network create`. */
export interface CommandGroup {
	readonly summary: string;
	readonly loadGroup: () => Promise<Commands>;
}

export type Commands = Readonly<Record<string, CommandEntry>>;

export const commands: Readonly<Record<string, CommandEntry | CommandGroup>> = {
	run: {summary: 'run a command in a new container', load: async () => (await import('./run.js')).run},
	attach: {summary: 'be at the terminal of a detached container', load: async () => (await import('./attach.js')).attach},
	exec: {summary: 'run one more command in a container that runs', load: async () => (await import('./exec.js')).exec},
	create: {summary: 'make a container and start nothing', load: async () => (await import('./create.js')).create},
	start: {summary: 'start kept containers again', load: async () => (await import('./start.js')).start},
	restart: {summary: 'stop and start containers', load: async () => (await import('./restart.js')).restart},
	stop: {summary: 'end containers: ask, wait, then kill', load: async () => (await import('./stop.js')).stop},
	kill: {summary: 'send containers a signal', load: async () => (await import('./kill.js')).kill},
	wait: {summary: 'wait until containers have ended, and print how', load: async () => (await import('./wait.js')).wait},
	pause: {summary: 'stop all processes of containers where they are', load: async () => (await import('./pause.js')).pause},
	unpause: {summary: 'let paused containers go on', load: async () => (await import('./unpause.js')).unpause},
	rename: {summary: 'give a container another name', load: async () => (await import('./rename.js')).rename},
	rm: {summary: 'remove kept containers', load: async () => (await import('./rm.js')).rm},
	cp: {summary: 'copy files between a container and this machine', load: async () => (await import('./cp.js')).cp},
	diff: {summary: 'tell what a container has changed of its image', load: async () => (await import('./diff.js')).diff},
	export: {summary: 'write a container\'s root as a tar stream', load: async () => (await import('./export.js')).exportCommand},
	ps: {summary: 'list containers', load: async () => (await import('./ps.js')).ps},
	top: {summary: 'list the processes of a container', load: async () => (await import('./top.js')).top},
	events: {summary: 'print what happened to containers', load: async () => (await import('./events.js')).events},
	logs: {summary: 'print what a detached container wrote', load: async () => (await import('./logs.js')).logs},
	inspect: {summary: 'print all that is known of containers', load: async () => (await import('./inspect.js')).inspect},
	port: {summary: 'print where published ports are reached', load: async () => (await import('./port.js')).port},
	network: {summary: 'make, list and remove networks', loadGroup: async () => (await import('./network/commands.js')).networkCommands},
	lab: {summary: 'whole topologies in a network namespace of their own', loadGroup: async () => (await import('./lab/commands.js')).labCommands},
	prune: {summary: 'remove all containers that have ended', load: async () => (await import('./prune.js')).prune},
	gc: {summary: 'remove what killed processes left behind (every start does so, too)', load: async () => (await import('./gc.js')).gc},
};
