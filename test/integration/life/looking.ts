/** What tests of `ps`, `inspect`, `logs`, `events` and `top` share: a state root of each test's own, all of which is removed. */

import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {cloche, directoryOf, type Ended, type Invocation, present, remains} from '../support/cloche.js';
import type {Person} from '../support/who.js';

export interface Place {
	root: string;
	invocation: Invocation;
	/** Runs a command that has to end well and to say nothing on stderr; what it printed. */
	well: (...words: string[]) => Promise<string>;
	/** Runs a command that fails as ours, in one line, which is given. */
	fails: (...words: string[]) => Promise<string>;
}

const placeOf = (t: ExecutionContext, as: Person): Place => {
	const root = join(directoryOf(as), 'state');
	const invocation: Invocation = {as, env: {CLOCHE_ROOT: root}};
	const run = async (words: readonly string[]): Promise<Ended> => cloche(words, invocation);
	return {root, invocation, async well(...words) {
		const {status, stdout, stderr} = await run(words);
		t.deepEqual([status, stderr], [0, ''], words.join(' '));
		return stdout;
	}, async fails(...words) {
		const {status, stderr} = await run(words);
		t.is(status, 125, words.join(' '));
		t.regex(stderr, /^cloche: [^\n]+\n$/, words.join(' '));
		return stderr;
	}};
};

/** As everybody who is here. What is left at the end is removed by force, and nothing of it stays. */
export const everybody = (title: string, show: (t: ExecutionContext, place: Place) => Promise<void>): void => {
	for (const as of present) {
		test(`${as.who}: ${title}`, async t => {
			const place = placeOf(t, as);
			try {
				await show(t, place);
			} finally {
				const ids = (await cloche(['ps', '-aq'], place.invocation)).stdout.split('\n').filter(id => id !== '');
				if (ids.length > 0) {
					await cloche(['rm', '-f', ...ids], place.invocation);
				}
			}

			t.deepEqual(remains(place.root), []);
		});
	}
};
