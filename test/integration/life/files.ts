/** A container to look into, running or not, and files beside it. */

import {existsSync} from 'node:fs';
import {join} from 'node:path';
import type {ExecutionContext} from 'ava';
import test from 'ava';
import {cloche, directoryOf, type Ended, type Invocation, present} from '../support/cloche.js';
import {until} from '../support/marked.js';
import type {Person} from '../support/who.js';

export const STATES = ['running', 'exited'] as const;
export type State = (typeof STATES)[number];

export interface Scene {
	as: Person;
	/** The state root. */
	root: string;
	/** A directory of theirs, where commands are run. */
	here: string;
	/** The container's name. */
	name: string;
	/** Run a command, whatever it ends with. */
	run: (words: readonly string[], more?: Invocation) => Promise<Ended>;
	/** Run a command that has to end well and to say nothing on stderr; what it printed. */
	well: (words: readonly string[], more?: Invocation) => Promise<Ended>;
	/** What a shell in the container prints. */
	inside: (script: string) => Promise<string>;
}

const NAME = 'looked-into';

/** Make a container by `script`, in that state; gone after the test. */
export const scene = async (t: ExecutionContext, as: Person, state: State, script: string, flags: readonly string[] = []): Promise<Scene> => {
	const here = directoryOf(as);
	const root = join(here, 'state');
	const ready = directoryOf(as);
	const run = async (words: readonly string[], more: Invocation = {}): Promise<Ended> => cloche(words, {as, cwd: here, env: {CLOCHE_ROOT: root}, ...more});
	const well: Scene['well'] = async (words, more) => {
		const ended = await run(words, more);
		t.is(ended.stderr, '', words.join(' '));
		t.is(ended.status, 0, words.join(' '));
		return ended;
	};

	t.teardown(async () => run(['rm', '-f', NAME]));
	await well(['run', ...(state === 'running' ? ['-d'] : []), '--name', NAME, '--init', '-v', `${ready}:/test-ready`, ...flags, 'busybox', 'sh', '-c',
		`set -e; ${script}\n${state === 'running' ? 'touch /test-ready/is; exec sleep 1000' : ''}`]);
	if (state === 'running') {
		await until(() => existsSync(join(ready, 'is')));
	}

	return {as, root, here, name: NAME, run, well, async inside(words) {
		if (state === 'running') {
			return (await well(['exec', NAME, 'sh', '-c', words])).stdout;
		}

		// What its branch holds, seen by another one.
		const {stdout} = await well(['export', NAME]).then(async ({bytes}) => well(['run', '-i', 'busybox', 'sh', '-c', `mkdir /new && tar x --numeric-owner -C /new && cd /new && mkdir -p dev && ${words.replaceAll(/(?<=[ '])\/(?=\w)/g, '')}`], {input: bytes.stdout}));
		return stdout;
	}};
};

/** A test for everybody there is, in each state. */
export const everywhere = (title: string, show: (t: ExecutionContext, as: Person, state: State) => Promise<void>, states: readonly State[] = STATES): void => {
	for (const as of present) {
		for (const state of states) {
			test(`${as.who}, ${state}: ${title}`, async t => {
				await show(t, as, state);
			});
		}
	}
};
