/** A state root of a test's own: commands on it, and what lies in it. Whatever is left at the end is ended and removed. */

import {existsSync, readdirSync, readFileSync, readlinkSync} from 'node:fs';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {cloche, directoryOf, type Ended, type Invocation, present, Running} from './cloche.js';
import {killMarked, MARK, newMark, readProc, until} from './marked.js';
import type {Person} from './who.js';

/** What tests look at of a container's record. */
export interface Written {
	id: string;
	name?: string;
	keep: boolean;
	labels?: unknown;
}

/** And of an exit record. */
export interface Exit {
	code?: number;
	signal?: number;
	error?: string;
	stopped?: boolean;
	restarts?: number;
	restarting?: boolean;
}

export interface Place {
	root: string;
	as: Person;
	/** Of the environment of everything that runs there. */
	mark: string;
	/** How its commands are called. */
	invocation: Invocation;
	/** A command to its end. */
	run: (...words: string[]) => Promise<Ended>;
	/** The same for one that has to end well and to say nothing on stderr; what it printed. */
	prints: (...words: string[]) => Promise<string>;
	/** The same without the last newline. */
	well: (...words: string[]) => Promise<string>;
	/** One that has to fail as ours; its line. */
	fails: (...words: string[]) => Promise<string>;
	/** One that goes on. */
	begin: (...words: string[]) => Running;
	/** A container in the foreground, whose command has begun; its init's pid. */
	foreground: (name: string, ...words: string[]) => Promise<{running: Running; init: number}>;
	state: (name: string) => Promise<string>;
	/** A path below the root. */
	file: (...names: string[]) => string;
	record: (id: string) => Written;
	/** How it ended for good; waits for that. */
	exit: (id: string) => Promise<Exit>;
	/** The log without its times. */
	log: (id: string) => string[];
	/** The actions of the journal, in order: all, or those of one container. */
	actions: (id?: string) => string[];
	/** Of the init of a container. */
	initOf: (id: string) => number;
	/** Wait until nobody answers for it. */
	released: (id: string) => Promise<void>;
}

/** The pid in a name of the form BOOT-PID-START. */
const pidIn = (identity: string): number => Number(identity.split('-')[1]);

/** The pid of the process that answers for a container. */
export const ownerOf = (root: string, id: string): number => {
	const claim = readdirSync(join(root, 'live')).find(name => name.endsWith(`-${id}`)) ?? '';
	return pidIn(claim);
};

export const isThere = (pid: number): boolean => !['', 'Z'].includes(/\) (\S)/.exec(readProc(`${pid}/stat`))?.[1] ?? '');

const idsIn = (root: string): string[] => existsSync(join(root, 'containers')) ? readdirSync(join(root, 'containers')).filter(name => !name.includes('.')) : [];

/** It goes when another run begins. */
const readExit = (path: string): Exit | undefined => {
	try {
		return JSON.parse(readFileSync(path, 'utf8')) as Exit;
	} catch (error) {
		if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
			return undefined;
		}

		throw error;
	}
};

/** What stands in a state root. */
const filesOf = (root: string): Pick<Place, 'file' | 'record' | 'exit' | 'log' | 'actions' | 'initOf' | 'released'> => {
	const file = (...names: string[]): string => join(root, ...names);
	return {
		file,
		record: id => JSON.parse(readFileSync(file('containers', id, 'record.json'), 'utf8')) as Written,
		async exit(id) {
			const path = file('containers', id, 'exit.json');
			let exit: Exit | undefined;
			await until(() => {
				exit = readExit(path);
				return exit !== undefined && exit.restarting !== true;
			});
			return exit ?? {};
		},
		log(id) {
			const directory = file('containers', id, 'log');
			return readdirSync(directory).sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))
				.flatMap(name => readFileSync(join(directory, name), 'utf8').split('\n').slice(0, -1)).map(line => line.replace(/^\S+ /, ''));
		},
		actions: id => readFileSync(file('events'), 'utf8').split('\n').slice(0, -1).map(line => JSON.parse(line) as {action: string; id: string})
			.filter(event => id === undefined || event.id === id).map(({action}) => action),
		initOf: id => pidIn(readlinkSync(file(`containers/${id}.init`))),
		released: async id => until(() => readdirSync(file('live')).every(name => !name.endsWith(id))),
	};
};

export const placeOf = (t: ExecutionContext, as: Person, root = join(directoryOf(as), 'state')): Place => {
	const mark = newMark();
	const invocation: Invocation = {as, env: {CLOCHE_ROOT: root, [MARK]: mark}};
	const run = async (...words: string[]): Promise<Ended> => cloche(words, invocation);
	const prints = async (...words: string[]): Promise<string> => {
		const {status, stdout, stderr} = await run(...words);
		t.deepEqual([status, stderr], [0, ''], words.join(' '));
		return stdout;
	};

	const well = async (...words: string[]): Promise<string> => (await prints(...words)).replace(/\n$/, '');
	t.teardown(async () => {
		const ids = idsIn(root);
		if (ids.length > 0) {
			await run('rm', '-f', ...ids);
		}

		killMarked(mark);
	});
	const files = filesOf(root);
	return {
		...files, root, as, mark, invocation, run, prints, well,
		async fails(...words) {
			const {status, stderr} = await run(...words);
			t.is(status, 125, `${words.join(' ')}\n${stderr}`);
			t.regex(stderr, /^cloche: [^\n]+\n$/);
			return stderr;
		},
		begin: (...words) => new Running(words, invocation),
		async foreground(name, ...words) {
			const running = new Running(['run', '--name', name, ...words], invocation);
			let init = 0;
			await until(async () => {
				const {stdout} = await run('ps', '--no-trunc', '--filter', `name=^${name}$`, '--format', '{{.ID}}');
				const id = stdout.trim();
				init = id === '' ? 0 : files.initOf(id);
				// Its command is executed, not nsinit any more.
				return init > 0 && !readProc(`${init}/comm`).startsWith('nsinit') && readProc(`${init}/cmdline`).length > 0;
			});
			return {running, init};
		},
		state: async name => well('ps', '-a', '--filter', `name=^${name}$`, '--format', '{{.State}}'),
	};
};

/** A test for each person there is, with a state root of its own. */
export const everybody = (title: string, show: (t: ExecutionContext, place: Place) => Promise<void>): void => {
	for (const as of present) {
		test(`${as.who}: ${title}`, async t => {
			await show(t, placeOf(t, as));
		});
	}
};
