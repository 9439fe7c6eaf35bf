/** The table of states, and what is done at each turn: signals, stopping, the time limit. */

import {setTimeout as pause} from 'node:timers/promises';
import test from 'ava';
import {ClocheError} from '../../../orchestrator/base/errors.js';
import {exitStatus, Lifecycle, type LifecycleOptions, type Outcome} from '../../../orchestrator/container/lifecycle.js';
import {type Event, type State, transitions} from '../../../orchestrator/container/states.js';
import type {Exit} from '../../../orchestrator/helper/events.js';
import type {Disposition} from '../../../orchestrator/host/signals.js';

const usage = {userTime: 0, systemTime: 0, maxRss: 0};
const SIGINT = 2;
const SIGKILL = 9;
const SIGTERM = 15;

/** A launch that a test plays. */
const fake = () => {
	const signals: number[] = [];
	let run: () => void = () => undefined;
	let exit: (exit: Exit) => void = () => undefined;
	let fail: (error: Error) => void = () => undefined;
	const running = new Promise<void>(resolve => {
		run = resolve;
	});
	const exited = new Promise<Exit>((resolve, reject) => {
		exit = resolve;
		fail = reject;
	});
	return {
		signals,
		launch: {pid: 42, running, exited, signal: (number: number) => signals.push(number) > 0},
		async run() {
			run();
			await pause(0);
		},
		exit,
		fail,
	};
};

const start = (helper: ReturnType<typeof fake>, {disposition = 'handled', ...options}: Partial<Omit<LifecycleOptions, 'disposition' | 'spec'>> & {disposition?: Disposition} & Partial<LifecycleOptions['spec']> = {}): Lifecycle => {
	const {stopSignal = SIGTERM, stopTimeout = 20, timeout, init = false, ...rest} = options;
	return new Lifecycle(helper.launch, {
		spec: {stopSignal, stopTimeout, init, ...(timeout === undefined ? {} : {timeout})},
		alone: true,
		disposition: () => disposition,
		...rest,
	});
};

test('the table has an answer to everything, and an end that stays', t => {
	const states = Object.keys(transitions) as State[];
	const events: Event[] = ['running', 'signal', 'stop', 'overdue', 'kill', 'ended'];
	for (const state of states) {
		t.deepEqual(Object.keys(transitions[state]).sort(), [...events].sort());
		t.is(transitions[state].ended[1], 'ended');
	}

	for (const event of events) {
		t.deepEqual(transitions.ended[event], ['nothing', 'ended']);
	}
});

test('signals wait until there is a payload', async t => {
	const helper = fake();
	const lifecycle = start(helper);
	lifecycle.signal(SIGTERM);
	lifecycle.signal(SIGINT);
	t.deepEqual(helper.signals, []);
	t.is(lifecycle.state, 'creating');
	await helper.run();
	t.deepEqual(helper.signals, [SIGTERM, SIGINT]);
	t.is(lifecycle.state, 'running');
});

test('the same signal again kills a start that does not end, and that is no defect', async t => {
	const helper = fake();
	const lifecycle = start(helper);
	lifecycle.signal(SIGTERM);
	t.deepEqual(helper.signals, []);
	lifecycle.signal(SIGTERM);
	t.deepEqual(helper.signals, [SIGKILL]);
	helper.fail(new ClocheError('the init died before the payload ran', {step: 'init', why: 'signal 9'}));
	t.is(exitStatus(await lifecycle.outcome), 137);
});

test('an init that dies before the payload ran, and that nobody killed, is a defect', async t => {
	const helper = fake();
	const lifecycle = start(helper);
	helper.fail(new ClocheError('the init died before the payload ran', {step: 'init', why: 'signal 9'}));
	await t.throwsAsync(lifecycle.outcome, {message: /before the payload ran/});
});

test('a signal that process 1 has no handler for ends it, and counts as that signal', async t => {
	const helper = fake();
	const lifecycle = start(helper, {disposition: 'default'});
	await helper.run();
	lifecycle.signal(SIGINT);
	t.deepEqual(helper.signals, [SIGKILL]);
	helper.exit({signal: SIGKILL, ...usage});
	const outcome = await lifecycle.outcome;
	t.is(outcome.instead, SIGINT);
	t.is(exitStatus(outcome), 130);
});

for (const [what, options] of Object.entries({
	'one that process 1 handles': {disposition: 'handled'},
	'one that it ignores': {disposition: 'ignored'},
	'with an init before it': {disposition: 'default', init: true},
	'in the host\'s pid namespace': {disposition: 'default', alone: false},
} as const)) {
	test(`a signal is passed on: ${what}`, async t => {
		const helper = fake();
		const lifecycle = start(helper, options);
		await helper.run();
		lifecycle.signal(SIGINT);
		t.deepEqual(helper.signals, [SIGINT]);
	});
}

test('stop asks, waits, and kills', async t => {
	const helper = fake();
	const lifecycle = start(helper);
	await helper.run();
	lifecycle.stop();
	lifecycle.stop();
	t.deepEqual(helper.signals, [SIGTERM]);
	t.is(lifecycle.state, 'stopping');
	await pause(60);
	t.deepEqual(helper.signals, [SIGTERM, SIGKILL]);
	helper.exit({signal: SIGKILL, ...usage});
	t.is(exitStatus(await lifecycle.outcome), 137);
	t.is(lifecycle.state, 'ended');
});

test('a payload that ends in time isn\'t killed', async t => {
	const helper = fake();
	const lifecycle = start(helper, {stopTimeout: 40});
	await helper.run();
	lifecycle.stop();
	helper.exit({code: 0, ...usage});
	await lifecycle.outcome;
	await pause(80);
	t.deepEqual(helper.signals, [SIGTERM]);
});

test('nobody waits for a payload that can\'t hear', async t => {
	const helper = fake();
	const lifecycle = start(helper, {disposition: 'default', stopTimeout: 60_000});
	await helper.run();
	lifecycle.stop();
	t.deepEqual(helper.signals, [SIGKILL]);
	helper.exit({signal: SIGKILL, ...usage});
	t.is(exitStatus(await lifecycle.outcome), 137);
});

test('what doesn\'t run yet is killed at once', t => {
	const helper = fake();
	start(helper).stop();
	t.deepEqual(helper.signals, [SIGKILL]);
});

test('the time limit stops', async t => {
	const helper = fake();
	let heard = 0;
	const lifecycle = start(helper, {timeout: 10, stopTimeout: 60_000, onTimeout: () => {
		heard++;
	}});
	await pause(30);
	t.is(heard, 0, 'the clock starts with the payload');
	await helper.run();
	await pause(25);
	t.is(heard, 1);
	t.deepEqual(helper.signals, [SIGTERM]);
	helper.exit({code: 0, ...usage});
	const outcome = await lifecycle.outcome;
	t.true(outcome.timedOut);
	t.is(exitStatus(outcome), 124);
});

test('a failure is the outcome', async t => {
	const helper = fake();
	const lifecycle = start(helper);
	helper.fail(new Error('no'));
	await t.throwsAsync(lifecycle.outcome, {message: 'no'});
	t.is(lifecycle.state, 'ended');
	lifecycle.signal(SIGTERM);
	t.deepEqual(helper.signals, []);
});

const statuses: ReadonlyArray<readonly [exit: {code: number} | {signal: number}, more: Partial<Outcome>, status: number]> = [
	[{code: 0}, {}, 0],
	[{code: 3}, {}, 3],
	[{signal: 15}, {}, 143],
	[{signal: 9}, {instead: 2}, 130],
	[{code: 0}, {timedOut: true}, 124],
	[{code: 3}, {timedOut: true}, 3],
	[{signal: 15}, {timedOut: true}, 143],
];

for (const [exit, more, status] of statuses) {
	test(`the exit status of ${JSON.stringify({...exit, ...more})} is ${status}`, t => {
		t.is(exitStatus({exit: {...exit, ...usage}, timedOut: false, ...more}), status);
	});
}
