/** Runs the installed command, and says how it ended. */

import {type ChildProcess, spawn, type StdioOptions} from 'node:child_process';
import {chownSync, existsSync, mkdtempSync, readdirSync} from 'node:fs';
import {join} from 'node:path';
import type {Readable} from 'node:stream';
import {buffer} from 'node:stream/consumers';
import type {ExecutionContext} from 'ava';
import {command, probe} from './installed.js';
import {people, type Person, type Who} from './who.js';

export interface Invocation {
	/** Root where that can be had, by default. */
	as?: Who | Person;
	/** What is written to its standard input, which is closed then. Without it there is none. */
	input?: string | Uint8Array;
	/** As of spawn(); instead of pipes. */
	stdio?: StdioOptions;
	/** Beside PATH, HOME and CLOCHE_ROOT. */
	env?: Readonly<Record<string, string>>;
	cwd?: string;
	/** Whether its outputs are read, to be kept; true by default. */
	keep?: boolean;
	/** In place of the command: what comes before the words. */
	program?: readonly string[];
}

export interface Ended {
	status: number | null;
	signal: NodeJS.Signals | null;
	bytes: {stdout: Buffer; stderr: Buffer};
	stdout: string;
	stderr: string;
}

/** The people that there are here. */
export const present = Object.values(people);

const somebody = (as: Who | Person | undefined): Person => {
	const person = typeof as === 'object' ? as : as === undefined ? people.root ?? people.user : people[as];
	if (person === undefined) {
		throw new Error(`nobody here is ${as as string}`);
	}

	return person;
};

/** The state root that all of a person's commands share unless they say otherwise. */
export const stateOf = (as?: Who | Person): string => join(somebody(as).home, 'state');

/** A fresh directory that a person alone can enter. */
export const directoryOf = (as?: Who | Person): string => {
	const {home, uid, gid, other} = somebody(as);
	const directory = mkdtempSync(join(home, 'test-'));
	if (other) {
		chownSync(directory, uid, gid);
	}

	return directory;
};

export class Running {
	readonly child: ChildProcess;
	readonly ended: Promise<Ended>;

	constructor(words: readonly string[], {as, input, stdio, env, cwd, keep = true, program = [command]}: Invocation = {}) {
		const person = somebody(as);
		const [file = '', ...before] = program;
		this.child = spawn(file, [...before, ...words], {
			stdio: stdio ?? [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
			env: {...person.env, CLOCHE_ROOT: stateOf(person), ...env},
			cwd: cwd ?? person.home,
			...(person.other ? {uid: person.uid, gid: person.gid} : {}),
		});
		const {stdin, stdout, stderr} = this.child;
		// EPIPE where it didn't read all: its right.
		stdin?.on('error', () => undefined);
		if (input !== undefined) {
			stdin?.end(input);
		}

		this.ended = keep ? this.#end(stdout, stderr) : this.#end();
		this.ended.catch(() => undefined);
	}

	get pid(): number {
		return this.child.pid ?? 0;
	}

	async #end(...outputs: Array<Readable | null>): Promise<Ended> {
		const exit = new Promise<Pick<Ended, 'status' | 'signal'>>((resolve, reject) => {
			this.child.on('error', reject).on('exit', (status, signal) => {
				resolve({status, signal});
			});
		});
		const [how, stdout, stderr] = await Promise.all([exit, ...outputs.map(async stream => stream === null ? Buffer.alloc(0) : buffer(stream))]);
		const bytes = {stdout: stdout ?? Buffer.alloc(0), stderr: stderr ?? Buffer.alloc(0)};
		return {...how, bytes, stdout: bytes.stdout.toString(), stderr: bytes.stderr.toString()};
	}
}

/** Run `cloche WORDS…` to its end. */
export const cloche = async (words: readonly string[], invocation: Invocation = {}): Promise<Ended> => new Running(words, invocation).ended;

/** Run `cloche run WORDS…`, which has to end well and to say nothing on stderr; what it printed. */
export const ran = async (t: ExecutionContext, words: readonly string[], invocation: Invocation = {}): Promise<string> => {
	const {status, signal, stdout, stderr} = await cloche(['run', ...words], invocation);
	t.is(stderr, '', words.join(' '));
	t.is(signal, null);
	t.is(status, 0, `${words.join(' ')}\n${stdout}`);
	return stdout;
};

/** The flags that put the probe into a container as /probe. */
export const withProbe = ['-v', `${probe}:/probe:ro`] as const;

/** Run the probe in a busybox container; the lines it printed. */
export const probed = async (t: ExecutionContext, flags: readonly string[], verbs: readonly string[], invocation: Invocation = {}): Promise<string[]> => {
	const text = await ran(t, [...flags, ...withProbe, 'busybox', '/probe', ...verbs], invocation);
	return text.split('\n').slice(0, -1);
};

/** What a state root holds of containers: nothing, when all have ended. */
export const remains = (root: string): string[] => ['containers', 'live', 'names', 'run'].flatMap(kind => {
	const directory = join(root, kind);
	return existsSync(directory) ? readdirSync(directory).map(name => `${kind}/${name}`) : [];
});

/** Run something that has to fail as ours: status 125, one line that matches each pattern, and nothing left of it; the line. */
export const refused = async (t: ExecutionContext, words: readonly string[], patterns: readonly RegExp[], invocation: Invocation = {}): Promise<string> => {
	const root = join(directoryOf(invocation.as), 'state');
	const {status, stdout, stderr} = await cloche(words, {...invocation, env: {CLOCHE_ROOT: root, ...invocation.env}});
	const about = `${words.join(' ').slice(0, 200)}\n${stderr}`;
	t.is(status, 125, about);
	t.is(stdout, '', about);
	t.regex(stderr, /^cloche: [^\n]+\n$/, about);
	for (const pattern of patterns) {
		t.regex(stderr, pattern, about);
	}

	t.deepEqual(remains(root), [], about);
	return stderr;
};
