/** A state root of a test's own, and its container's processes. */

import {readdirSync, readFileSync, readlinkSync} from 'node:fs';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {cloche, directoryOf, type Ended, present, Running} from './cloche.js';
import {readProc, until} from './marked.js';
import type {Person} from './who.js';

export interface Place {
	root: string;
	as: Person;
	/** A command to its end. */
	run: (...words: string[]) => Promise<Ended>;
	/** The same for one that has to end well; what it printed, without the last newline. */
	well: (...words: string[]) => Promise<string>;
	/** One that has to fail as ours; its line. */
	ill: (...words: string[]) => Promise<string>;
	/** One that goes on. */
	begin: (...words: string[]) => Running;
	/** A container in the foreground, whose command has begun; its init's pid. */
	foreground: (name: string, ...words: string[]) => Promise<{running: Running; init: number}>;
	state: (name: string) => Promise<string>;
	/** Of the init of a container. */
	initOf: (id: string) => number;
	/** The actions of the journal, in order. */
	actions: () => string[];
}

const pidIn = (identity: string): number => Number(identity.split('-')[1]);

/** The pid of the process that answers for a container. */
export const ownerOf = (root: string, id: string): number => {
	const claim = readdirSync(join(root, 'live')).find(name => name.endsWith(`-${id}`)) ?? '';
	return pidIn(claim);
};

export const isThere = (pid: number): boolean => !['', 'Z'].includes(/\) (\S)/.exec(readProc(`${pid}/stat`))?.[1] ?? '');

export const placeOf = (t: ExecutionContext, as: Person): Place => {
	const root = join(directoryOf(as), 'state');
	const invocation = {as, env: {CLOCHE_ROOT: root}};
	const run = async (...words: string[]): Promise<Ended> => cloche(words, invocation);
	const well = async (...words: string[]): Promise<string> => {
		const {status, stdout, stderr} = await run(...words);
		t.is(status, 0, `${words.join(' ')}\n${stderr}`);
		return stdout.replace(/\n$/, '');
	};

	const initOf = (id: string): number => pidIn(readlinkSync(join(root, `containers/${id}.init`)));
	return {
		root, as, run, well, initOf,
		async ill(...words) {
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
				init = id === '' ? 0 : initOf(id);
				// Its command is executed, not nsinit any more.
				return init > 0 && !readProc(`${init}/comm`).startsWith('nsinit') && readProc(`${init}/cmdline`).length > 0;
			});
			return {running, init};
		},
		async state(name) {
			return well('ps', '-a', '--filter', `name=^${name}$`, '--format', '{{.State}}');
		},
		actions: () => readFileSync(join(root, 'events'), 'utf8').trim().split('\n').map(line => (JSON.parse(line) as {action: string}).action),
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
