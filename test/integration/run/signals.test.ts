/** Signals to `cloche run` reach the payload, whichever they are and whenever they come. */

import {once} from 'node:events';
import {constants} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {cloche, directoryOf, type Invocation, present, remains, Running, stateOf, withProbe} from '../support/cloche.js';
import {gone, MARK, newMark} from '../support/marked.js';
import type {Person} from '../support/who.js';

const everybody = (title: string, show: (t: ExecutionContext, as: Person) => Promise<void>): void => {
	for (const as of present) {
		test(`${as.who}: ${title}`, async t => {
			await show(t, as);
		});
	}
};

/** Run the probe, and wait until it says `ready`. */
const ready = async (flags: readonly string[], verbs: readonly string[], invocation: Invocation): Promise<Running> => {
	const running = new Running(['run', ...flags, ...withProbe, 'busybox', '/probe', ...verbs], invocation);
	const {stdout} = running.child;
	if (stdout === null) {
		throw new Error('no stdout');
	}

	await Promise.race([once(stdout, 'data'), running.ended.then(({stderr}) => {
		throw new Error(`it ended: ${stderr}`);
	})]);
	return running;
};

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;

for (const init of [[], ['--init']] as const) {
	everybody(`every signal that is sent to us reaches the payload${init.length === 0 ? '' : ', through the init'}`, async (t, as) => {
		const running = await ready(init, ['print-signals', String(FORWARDED.length)], {as});
		let seen = '';
		running.child.stdout?.on('data', chunk => {
			seen += String(chunk);
		});
		for (const [index, signal] of FORWARDED.entries()) {
			running.child.kill(signal);
			// The next only when this one has come: two of a kind may come as one, and others in any order.
			while (seen.split('\n').length < index + 2) {
				await once(running.child.stdout ?? running.child, 'data');
			}
		}

		const {status, stdout} = await running.ended;
		t.is(status, 0);
		t.deepEqual(stdout.trim().split('\n'), ['ready', ...FORWARDED.map(signal => String(constants.signals[signal]))]);
	});
}

everybody('a payload that handles the signal ends as it likes', async (t, as) => {
	const running = await ready([], ['exit-on-term'], {as});
	running.child.kill('SIGTERM');
	t.is((await running.ended).status, 0);
});

everybody('a process 1 that would never see the signal is ended by it, as any process is', async (t, as) => {
	for (const [signal, status] of [['SIGINT', 130], ['SIGTERM', 143], ['SIGHUP', 129]] as const) {
		const running = await ready([], ['sleep-forever'], {as});
		running.child.kill(signal);
		t.is((await running.ended).status, status, signal);
	}
});

everybody('a signal that the payload ignores does nothing, and the next one is heard', async (t, as) => {
	const running = await ready([], ['ignore-term'], {as});
	running.child.kill('SIGTERM');
	running.child.kill('SIGINT');
	t.is((await running.ended).status, 130);
});

everybody('a signal in the middle of the start isn\'t lost', async (t, as) => {
	const root = join(directoryOf(as), 'state');
	const results = await Promise.all([20, 60, 100, 140].map(async milliseconds => {
		const mark = newMark();
		const running = new Running(['run', '-e', `${MARK}=${mark}`, 'busybox', 'sleep', '1000'], {as, env: {[MARK]: mark, CLOCHE_ROOT: root}});
		const timer = setTimeout(() => running.child.kill('SIGTERM'), milliseconds);
		const {status, signal} = await running.ended;
		clearTimeout(timer);
		await gone(mark);
		return status ?? signal;
	}));
	// Before Node has a handler the signal is Node's own end.
	t.deepEqual(results.filter(result => result !== 143 && result !== 'SIGTERM'), []);
	t.is((await cloche(['--root', root, 'gc'], {as})).status, 0);
	t.deepEqual(remains(root), []);
});

test.after('nothing is left of any of them', t => {
	for (const as of present) {
		t.deepEqual(remains(stateOf(as)), []);
	}
});
