/** How a served container is asked to end, and made to. */

import test from 'ava';
import {eventually} from './marked.js';
import {Served} from './served.js';
import {privileges} from './support.js';

const TERM = 15;
const KILL = 9;
const sh = (script: string): string[] => ['/bin/sh', '-c', script];
/** Longer than any test. */
const LATE = 3_600_000;

for (const privilege of privileges) {
	test(`${privilege}: STOP lets a handler do its work`, async t => {
		const served = await new Served(t, privilege, sh('trap "echo bye; exit 3" TERM; echo ready; while :; do sleep 600 & wait; done')).detach();
		await served.logged('stdout F ready');
		const client = await served.connect();
		client.stop({signal: TERM, timeout: LATE});
		t.is((await client.exited).code, 3);
		await served.ended();
		t.true(served.log.includes('stdout F bye'));
		t.like(served.exit, {code: 3, stopped: true});
	});

	test(`${privilege}: STOP doesn't wait for process 1 without a handler, which wouldn't see the signal`, async t => {
		const served = await new Served(t, privilege, ['/bin/sleep', '600']).detach();
		const client = await served.connect();
		client.stop({signal: TERM, timeout: LATE});
		t.is((await client.exited).signal, KILL);
		await served.ended();
	});

	test(`${privilege}: with --init STOP reaches the command`, async t => {
		const served = await new Served(t, privilege, ['/bin/sleep', '600'], {plan: {init: true}}).detach();
		const client = await served.connect();
		client.stop({signal: TERM, timeout: LATE});
		t.is((await client.exited).code, 128 + TERM);
		await served.ended();
	});
}

const [privilege = 'rootless'] = privileges;
const STUBBORN = sh('trap "echo no" TERM; echo ready; while :; do sleep 600 & wait; done');

test('who doesn\'t heed STOP is killed after TIMEOUT', async t => {
	const served = await new Served(t, privilege, STUBBORN).detach();
	await served.logged('stdout F ready');
	const client = await served.connect();
	client.stop({signal: TERM, timeout: 300});
	t.is((await client.exited).signal, KILL);
	await served.ended();
	t.true(served.log.includes('stdout F no'));
});

test('STOP without a signal kills at once, a second STOP after a patient first one, too', async t => {
	const served = await new Served(t, privilege, STUBBORN).detach();
	await served.logged('stdout F ready');
	const client = await served.connect();
	client.stop({signal: TERM, timeout: LATE});
	await served.logged('stdout F no');
	client.stop();
	t.is((await client.exited).signal, KILL);
	await served.ended();
});

test('a container that has lived its LIFETIME is stopped, and isn\'t started again', async t => {
	const served = await new Served(t, privilege, STUBBORN, {service: {
		lifetime: 300, stopSignal: TERM, stopTimeout: 300, restart: {when: 'always', backoff: 1, backoffMost: 1, steady: LATE},
	}}).detach();
	await served.ended();
	t.like(served.exit, {signal: KILL, stopped: true});
	t.true(served.log.includes('stdout F no'));
	t.deepEqual(served.actions, ['start', 'die']);
});

test('a signal is passed on as it is', async t => {
	const served = await new Served(t, privilege, sh('trap "echo hup" HUP; echo ready; while :; do sleep 600 & wait; done')).detach();
	await served.logged('stdout F ready');
	const client = await served.connect();
	client.signal(1);
	await served.logged('stdout F hup');
	client.signal(KILL);
	t.is((await client.exited).signal, KILL);
	await served.ended();
	await eventually(() => served.exit !== undefined, () => 'no record');
});
