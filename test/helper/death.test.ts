/**
 * Who dies with whom. Whatever is killed, at whichever operation, no process and no mount stays; a directory stays only
 * where the supervisor itself, which would remove it, was killed: the next start's gc finds that.
 */

import {existsSync, readFileSync} from 'node:fs';
import test, {type ExecutionContext} from 'ava';
import {encodeCreateAndStart} from '../../orchestrator/helper/encode.js';
import type {Launch} from '../../orchestrator/helper/launch.js';
import {type FullPlan, fullPlan, marked, operationCount} from './full-plan.js';
import {commandOf, Marked, eventually} from './marked.js';
import {privileges, type Privilege} from './support.js';

const mountsOf = (plan: FullPlan): string[] => readFileSync('/proc/self/mountinfo', 'utf8').split('\n').filter(line => line.includes(plan.state));

/** Never 0, which is the whole process group. */
const killOne = (pid: number | undefined): void => {
	if (pid === undefined) {
		throw new Error('nobody to kill');
	}

	process.kill(pid, 'SIGKILL');
};

/** Stop before operation `index` of a full plan. */
const holdAt = async (t: ExecutionContext, helper: Marked, privilege: Privilege, index: number): Promise<{plan: FullPlan; launch: Launch}> => {
	const plan = marked(fullPlan(t, privilege, ['/probe', 'sleep-forever'], {streams: {stdin: 'null', stdout: 'null', stderr: 'null'}}), helper.mark);
	let launch: Launch | undefined;
	await new Promise<void>((resolve, reject) => {
		launch = helper.launch(plan, {hold: index, onHeld: () => resolve()});
		launch.exited.then(() => reject(new Error('it ended')), reject);
	});
	if (launch === undefined) {
		throw new Error('not launched');
	}

	return {plan, launch};
};

const indices = (t: ExecutionContext, privilege: Privilege): number[] => [...Array.from({length: operationCount(fullPlan(t, privilege, ['x']))}).keys()];

for (const privilege of privileges) {
	test(`${privilege}: at every operation, the orchestrator's death ends the container and removes what it left`, async t => {
		for (const index of indices(t, privilege)) {
			const helper = new Marked(t, privilege);
			const {plan} = await holdAt(t, helper, privilege, index);
			helper.socket.destroy(); // What the kernel does at the orchestrator's death.
			await helper.gone();
			t.is(await helper.ended, 'status 0');
			t.false(existsSync(plan.state), `at operation ${index}`);
			t.deepEqual(mountsOf(plan), []);
		}
	});

	test(`${privilege}: at every operation, the supervisor's death leaves a directory, nothing else`, async t => {
		for (const index of indices(t, privilege)) {
			const helper = new Marked(t, privilege);
			const {plan, launch} = await holdAt(t, helper, privilege, index);
			process.kill(helper.pid, 'SIGKILL');
			await helper.gone();
			t.is(await helper.ended, 'SIGKILL');
			t.true(existsSync(plan.state));
			t.deepEqual(mountsOf(plan), []);
			await t.throwsAsync(launch.exited);
		}
	});

	test(`${privilege}: at every operation, the init's death is told, and what it left is removed`, async t => {
		const helper = new Marked(t, privilege);
		for (const index of indices(t, privilege)) {
			const {plan, launch} = await holdAt(t, helper, privilege, index);
			const [init, ...others] = helper.inits;
			t.deepEqual(others, []);
			killOne(init);
			t.like(await t.throwsAsync(launch.exited), {step: 'init'});
			await launch.released;
			t.false(existsSync(plan.state), `at operation ${index}`);
			t.deepEqual(mountsOf(plan), []);
			t.deepEqual(helper.inits, []);
		}

		t.is(await helper.close(), 'status 0');
		await helper.gone();
	});

	for (const init of [false, true]) {
		const how = `${privilege}${init ? ', with --init' : ''}`;

		test(`${how}: a running payload that resists everything ends with its orchestrator`, async t => {
			const helper = new Marked(t, privilege);
			const {plan} = await runStubborn(t, helper, privilege, init);
			helper.socket.destroy();
			await helper.gone();
			t.false(existsSync(plan.state));
		});

		test(`${how}: a running payload that resists everything ends with its init`, async t => {
			const helper = new Marked(t, privilege);
			const {plan, launch} = await runStubborn(t, helper, privilege, init);
			process.kill(await launch.created, 'SIGKILL');
			t.is((await launch.exited).signal, 9);
			await launch.released;
			t.false(existsSync(plan.state));
			t.is(await helper.close(), 'status 0');
			await helper.gone();
		});
	}

	test(`${privilege}: a running payload that leaves its death signal alone ends with its supervisor`, async t => {
		const helper = new Marked(t, privilege);
		const plan = marked(fullPlan(t, privilege, ['/probe', 'ignore-term']), helper.mark);
		const launch = helper.launch(plan);
		await launch.running;
		process.kill(helper.pid, 'SIGKILL');
		await t.notThrowsAsync(helper.gone());
	});

	test(`${privilege}: a Node process that is killed takes its supervisor and containers along`, async t => {
		const helper = new Marked(t, privilege, {through: [process.execPath, '-e', ORCHESTRATOR]});
		const plan = marked(fullPlan(t, privilege, ['/probe', 'sleep-forever'], {streams: {stdin: 'null', stdout: 'null', stderr: 'null'}}), helper.mark);
		helper.socket.write(encodeCreateAndStart(1, plan));
		await eventually(() => helper.processes().some(pid => commandOf(pid) === '/probe\u0000sleep-forever\u0000'), () => 'the payload to run');
		process.kill(helper.pid, 'SIGKILL');
		await helper.gone();
		t.false(existsSync(plan.state));
	});
}

/** An orchestrator in one line: it passes the bytes on, and its helper is its child. The helper's path comes last. */
const ORCHESTRATOR = `
	const socket = new (require('node:net').Socket)({fd: 3});
	const helper = require('node:child_process').spawn(process.argv[1], [], {stdio: ['ignore', 'ignore', 'inherit', 'pipe']});
	socket.pipe(helper.stdio[3]);
`;

/** Root's whole container is a process tree that changed its user; a rootless one has a single id to change to: its own. */
const runStubborn = async (t: ExecutionContext, helper: Marked, privilege: Privilege, init: boolean): Promise<{plan: FullPlan; launch: Launch}> => {
	const plan = marked(fullPlan(t, privilege, ['/probe', 'stubborn', privilege === 'root' ? '1000' : '0'], {init}), helper.mark);
	const launch = helper.launch(plan);
	const {stdout} = await launch.streams;
	let said = '';
	stdout?.on('data', (chunk: Buffer) => {
		said += chunk.toString();
	});
	await launch.running;
	await eventually(() => said === 'ready\n', () => `it said ${JSON.stringify(said)}`);
	return {plan, launch};
};

if (privileges.includes('root')) {
	for (const init of [false, true]) {
		test(`root${init ? ', with --init' : ''}: a running payload that resists everything ends with its supervisor, by the anchor`, async t => {
			const helper = new Marked(t, 'root');
			await runStubborn(t, helper, 'root', init);
			process.kill(helper.pid, 'SIGKILL');
			await t.notThrowsAsync(helper.gone());
		});
	}

	test('root: what a container left in a shared pid namespace ends with it, and not before', async t => {
		const helper = new Marked(t, 'root');
		const shared = (argv: string[]): FullPlan => {
			const plan = marked(fullPlan(t, 'root', argv, {streams: {stdin: 'null', stdout: 'null', stderr: 'null'}}), helper.mark);
			return {...plan, namespaces: plan.namespaces.filter(name => name !== 'pid')};
		};
		// The shell goes, its child stays, and comes to the supervisor.
		const daemonise = 'setsid sleep 4321 & ';
		// Not the shells that have it among their words.
		const sleeping = (): number => helper.processes().filter(pid => commandOf(pid) === 'sleep\u00004321\u0000').length;
		const first = helper.launch(shared(['/bin/sh', '-c', `(${daemonise}); exec /probe sleep-forever`]));
		await first.running;
		await eventually(() => sleeping() === 1, () => 'the first daemon');
		const second = helper.launch(shared(['/bin/sh', '-c', `(${daemonise}); exit 0`]));
		t.is((await second.exited).code, 0);
		await second.released;
		t.is(sleeping(), 1);
		const joined = helper.launch({...shared(['/bin/sh', '-c', 'exit 0']), namespaces: [], create: [], remove: []}, {target: first});
		await joined.released;
		t.is(sleeping(), 1);
		first.signal(9);
		await first.released;
		t.is(sleeping(), 0);
	});

	test('root: the anchor\'s death in the middle of many starts ends them all', async t => {
		for (let round = 0; round < 5; round++) {
			const helper = new Marked(t, 'root');
			const plans = Array.from({length: 8}, () => marked(fullPlan(t, 'root', ['/probe', 'sleep-forever'], {streams: {stdin: 'null', stdout: 'null', stderr: 'null'}}), helper.mark));
			const launches = plans.map(plan => helper.launch(plan));
			await launches[round]?.created;
			killOne(helper.anchor);
			t.is(await helper.ended, 'status 0');
			await helper.gone();
			t.false(plans.some(plan => existsSync(plan.state)));
		}
	});

	test('root: the anchor\'s death ends every container and the supervisor, cleanly', async t => {
		const helper = new Marked(t, 'root');
		const first = await runStubborn(t, helper, 'root', false);
		const second = await runStubborn(t, helper, 'root', true);
		killOne(helper.anchor);
		t.is(await helper.ended, 'status 0');
		await helper.gone();
		t.false(existsSync(first.plan.state));
		t.false(existsSync(second.plan.state));
	});
}

test('rootless, with --init: a running payload that resists everything ends with its supervisor, since nsinit is its PID 1', async t => {
	const helper = new Marked(t, 'rootless');
	await runStubborn(t, helper, 'rootless', true);
	process.kill(helper.pid, 'SIGKILL');
	await t.notThrowsAsync(helper.gone());
});

// Without privilege there is no anchor (unshare(CLONE_NEWPID) is refused), and PDEATHSIG is a leash that can be taken off.
test('rootless: what took off its death signal outlives a supervisor that was killed, and only that', async t => {
	const helper = new Marked(t, 'rootless');
	const {launch} = await runStubborn(t, helper, 'rootless', false);
	const init = await launch.created;
	process.kill(helper.pid, 'SIGKILL');
	await helper.ended;
	t.true(helper.processes().includes(init));
	process.kill(init, 'SIGKILL');
	await helper.gone();
});
