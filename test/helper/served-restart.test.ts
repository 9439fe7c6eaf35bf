/** A served container from one run to the next. */

import {existsSync, readFileSync} from 'node:fs';
import test from 'ava';
import {Kind} from '../../orchestrator/helper/protocol.js';
import {eventually} from './marked.js';
import {Served} from './served.js';
import {privileges} from './support.js';

const sh = (script: string): string[] => ['/bin/sh', '-c', script];
const LATE = 3_600_000;
const quick = {backoff: 1, backoffMost: 2, steady: LATE};
/** Counts its runs in its own root, which stays. */
const COUNTING = 'echo run >> /runs; runs=$(wc -l < /runs); echo "run $runs"';

for (const privilege of privileges) {
	test(`${privilege}: on-failure starts it again in the root that it left, until it succeeds`, async t => {
		const served = await new Served(t, privilege, sh(`${COUNTING}; [ $runs = 3 ]`), {service: {restart: {when: 'on-failure', ...quick}}}).detach();
		t.is(await served.ended(), 'status 0');
		t.deepEqual(served.log, ['stdout F run 1', 'stdout F run 2', 'stdout F run 3']);
		t.like(served.exit, {code: 0, restarts: 2});
		t.is(served.exit?.restarting, undefined);
		t.deepEqual(served.actions, ['start', 'die', 'restart', 'start', 'die', 'restart', 'start', 'die']);
		t.false(existsSync(served.plan.state));
	});

	test(`${privilege}: what always starts again ends by STOP, while it waits, too`, async t => {
		const served = await new Served(t, privilege, ['/bin/false'], {service: {restart: {when: 'always', backoff: LATE, backoffMost: LATE, steady: LATE}}}).detach();
		await eventually(() => served.exit?.restarting === true, () => JSON.stringify(served.exit));
		const client = await served.connect();
		t.deepEqual(await client.status(), {restarts: 0, lost: 0});
		client.stop();
		t.is((await client.exited).code, 1);
		t.is(await served.ended(), 'status 0');
		t.like(served.exit, {code: 1, stopped: true});
		t.is(served.exit?.restarting, undefined);
		t.false(existsSync(served.plan.state));
	});
}

const [privilege = 'rootless'] = privileges;

test('no more restarts than allowed', async t => {
	const served = await new Served(t, privilege, ['/bin/false'], {service: {restart: {when: 'on-failure', most: 2, ...quick}}}).detach();
	await served.ended();
	t.like(served.exit, {code: 1, restarts: 2});
	t.is(served.actions.filter(action => action === 'start').length, 3);
});

test('each wait is twice the one before, up to the longest', async t => {
	const served = await new Served(t, privilege, ['/bin/false'], {service: {restart: {when: 'on-failure', most: 4, backoff: 50, backoffMost: 100, steady: LATE}}}).detach();
	await served.ended();
	const times = readFileSync(served.service.events?.file ?? '', 'utf8').trim().split('\n').map(line => JSON.parse(line) as {action: string; time: string});
	const waits = times.flatMap(({action, time}, at) => action === 'restart' ? [Date.parse(time) - Date.parse(times[at - 1]?.time ?? '')] : []);
	t.is(waits.length, 4);
	for (const [index, least] of [50, 100, 100, 100].entries()) {
		t.true((waits[index] ?? 0) >= least - 2, waits.join(' '));
	}
});

test('a run that ended before DETACH is followed by the next only after it', async t => {
	const served = new Served(t, privilege, sh(`${COUNTING}; [ $runs = 2 ]`), {service: {restart: {when: 'always', most: 1, ...quick}}});
	await served.start();
	await served.raw.until(({kind}) => kind === Kind.EXITED);
	t.true(served.exit?.restarting);
	served.detachNow();
	await served.ended();
	t.deepEqual(served.log, ['stdout F run 1', 'stdout F run 2']);
});

test('before DETACH the end of the control socket is the end of who waits for the next run', async t => {
	const served = new Served(t, privilege, ['/bin/false'], {service: {restart: {when: 'always', backoff: LATE, backoffMost: LATE, steady: LATE}}});
	await served.start();
	await served.raw.until(({kind}) => kind === Kind.EXITED);
	served.raw.helper.socket.destroy();
	t.is(await served.ended(), 'status 0');
	t.is(served.exit?.restarting, undefined);
	t.false(existsSync(served.plan.state));
});

test('clients hear of every run, and which end is the last', async t => {
	const served = new Served(t, privilege, sh('read word; exit $word'), {service: {restart: {when: 'on-failure', ...quick}}});
	await served.detach();
	const client = await served.connect();
	const again: Array<number | undefined> = [];
	const running = new Promise<void>(resolve => {
		client.onAgain = ({code}) => again.push(code);
		client.onRunning = resolve;
	});
	client.input(Buffer.from('5\n'));
	await running;
	t.is((await client.status()).restarts, 1);
	client.input(Buffer.from('0\n'));
	t.is((await client.exited).code, 0);
	t.deepEqual(again, [5]);
	await served.ended();
});

test('a run that can\'t be made is the last', async t => {
	const served = await new Served(t, privilege, sh('rm -rf /bin/sh; exit 1'), {service: {restart: {when: 'always', ...quick}}}).detach();
	await served.ended();
	t.regex(served.exit?.error ?? '', /execve/);
	t.is(served.exit?.restarts, 1);
});

// At whichever moment it comes: between runs, while one is made, while it runs.
test('who is stopped while it is started again and again has ended as a run did', async t => {
	for (let round = 0; round < 10; round++) {
		const served = await new Served(t, privilege, ['/bin/false'], {service: {restart: {when: 'always', ...quick}}}).detach();
		const client = await served.connect();
		await eventually(() => (served.exit?.restarts ?? 0) > 2, () => JSON.stringify(served.exit));
		client.stop();
		const {code, signal} = await client.exited;
		t.true(code === 1 || signal === 9); // It runs for a moment, too.
		await served.ended();
		t.like(served.exit, {stopped: true});
		t.is(served.exit?.error, undefined);
		t.is(served.exit?.restarting, undefined);
	}
});
