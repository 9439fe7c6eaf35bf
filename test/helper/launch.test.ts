import {spawnSync} from 'node:child_process';
import {existsSync, readFileSync, readlinkSync} from 'node:fs';
import test from 'ava';
import {ClocheError} from '../../orchestrator/base/errors.js';
import type {StartOp} from '../../orchestrator/helper/plan.js';
import {descriptorsOf, isRunning, planFor, privileges, runPlan, supervisorFor, until} from './support.js';

const sh = (script: string): string[] => ['/bin/sh', '-c', script];

for (const privilege of privileges) {
	test(`${privilege}: own host name, PID 1, root and network; the exit status is the payload's; nothing is left`, async t => {
		const supervisor = supervisorFor(t, privilege);
		const plan = planFor(t, privilege, sh('hostname; echo $$; id -u; ls -d /work; grep -c : /proc/net/dev; touch /new; echo oops >&2; exit 7'));
		const {stdout, stderr, exit} = await runPlan(supervisor, plan);
		t.is(stdout, 'westeros\n1\n0\n1\n');
		t.is(stderr, 'ls: /work: No such file or directory\noops\n');
		t.is(exit.code, 7);
		t.true(exit.maxRss > 0);
		t.false(existsSync(plan.state));
	});

	test(`${privilege}: a signal's death is told as such`, async t => {
		const supervisor = supervisorFor(t, privilege);
		const launch = supervisor.launch(planFor(t, privilege, ['/bin/sleep', '60']));
		await launch.running;
		t.true(isRunning(await launch.created));
		launch.signal(9);
		t.is((await launch.exited).signal, 9);
		await launch.released;
	});

	test(`${privilege}: stdin reaches the payload, its end, too`, async t => {
		const supervisor = supervisorFor(t, privilege);
		const launch = supervisor.launch(planFor(t, privilege, ['wc', '-c'], {streams: {stdin: 'pipe', stdout: 'pipe', stderr: 'pipe'}}));
		const {stdin, stdout} = await launch.streams;
		let out = '';
		stdout?.on('data', (chunk: Buffer) => {
			out += chunk.toString();
		});
		stdin?.end(Buffer.alloc(3_000_000));
		t.is((await launch.exited).code, 0);
		await launch.released;
		await until(t, () => out.trim() === '3000000');
	});

	test(`${privilege}: a command that is not there is 127, one that can't be executed 126, and nothing is left`, async t => {
		const supervisor = supervisorFor(t, privilege);
		for (const [argv, exitCode] of [[['nope'], 127], [['/bin/nope'], 127], [['/bin/busybox/x'], 127], [['/bin'], 126]] as const) {
			const plan = planFor(t, privilege, [...argv]);
			const launch = supervisor.launch(plan);
			const error = await t.throwsAsync(launch.running, {instanceOf: ClocheError});
			t.is(error.exitCode, exitCode, error.message);
			t.is(error.op, 'exec');
			t.is(error.path, argv[0]);
			await launch.released;
			t.false(existsSync(plan.state));
		}
	});

	test(`${privilege}: an operation that fails is named with step, index, path and errno, and nothing is left`, async t => {
		const supervisor = supervisorFor(t, privilege);
		const plan = planFor(t, privilege, ['/bin/true']);
		plan.create.splice(3, 0, {op: 'mount', type: 'nosuchfs', target: '/proc'});
		const launch = supervisor.launch(plan);
		const error = await t.throwsAsync(launch.exited, {instanceOf: ClocheError});
		t.like(error, {step: 'create', op: 'mount', index: 3, code: 'ENODEV'});
		t.regex(error.message, /^create: mount nosuchfs \(operation 3\): .*no such device; the kernel has no file system nosuchfs/);
		await launch.released;
		t.false(existsSync(plan.state));
	});

	test(`${privilege}: an operation of START that fails is named, too`, async t => {
		const supervisor = supervisorFor(t, privilege);
		const plan = planFor(t, privilege, ['/bin/true']);
		const cwd: StartOp = {op: 'cwd', target: '/nowhere'};
		plan.start.unshift(cwd);
		const launch = supervisor.launch(plan);
		t.like(await t.throwsAsync(launch.exited, {instanceOf: ClocheError}), {step: 'start', op: 'cwd', index: plan.create.length, code: 'ENOENT', path: '/nowhere', exitCode: 125});
		await launch.released;
	});

	test(`${privilege}: a hold stands before its operation until it is resumed, wherever it is`, async t => {
		const supervisor = supervisorFor(t, privilege);
		const {create, start} = planFor(t, privilege, ['/bin/true']);
		for (let index = 0; index < create.length + start.length; index++) {
			const plan = planFor(t, privilege, ['/bin/true']);
			const held: number[] = [];
			const launch = supervisor.launch(plan, {
				hold: index,
				onHeld: at => {
					held.push(at);
					t.true(launch.resume());
				},
			});
			t.is((await launch.exited).code, 0);
			t.deepEqual(held, [index]);
			await launch.released;
		}
	});

	test(`${privilege}: a trace tells of every operation once, in order`, async t => {
		const supervisor = supervisorFor(t, privilege);
		const plan = planFor(t, privilege, ['/bin/true']);
		const traced: string[] = [];
		await runPlan(supervisor, plan, {onTrace: ({op}) => traced.push(op.op)});
		t.deepEqual(traced, [...plan.create, ...plan.start].map(({op}) => op));
	});

	test(`${privilege}: a created container waits for its start, which brings the command`, async t => {
		const supervisor = supervisorFor(t, privilege);
		const launch = supervisor.launch(planFor(t, privilege, ['/bin/false']), {autoStart: false});
		const pid = await launch.created;
		t.true(isRunning(pid));
		const {stdout} = await launch.streams;
		const chunks: Buffer[] = [];
		stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
		launch.start([{op: 'exec', argv: sh('echo warm'), env: []}]);
		t.is((await launch.exited).code, 0);
		await until(t, () => Buffer.concat(chunks).toString() === 'warm\n');
		await launch.released;
	});

	test(`${privilege}: a process that joins is in the container's namespaces and root`, async t => {
		const supervisor = supervisorFor(t, privilege);
		const target = supervisor.launch(planFor(t, privilege, sh('echo here > /mark; exec sleep 60')));
		await target.running;
		const plan = planFor(t, privilege, sh('until [ -s /mark ]; do :; done; cat /mark; hostname; id -u; ls /proc/1/root/mark'), {namespaces: [], create: []});
		delete plan.userMap;
		const joined = await runPlan(supervisor, plan, {target});
		t.is(joined.stdout, 'here\nwesteros\n0\n/proc/1/root/mark\n', joined.stderr);
		t.true(isRunning(target.pid ?? 0));
		target.signal(9);
		await target.released;
	});

	test(`${privilege}: when the socket closes, containers are killed and what they left is removed`, async t => {
		const supervisor = supervisorFor(t, privilege);
		const plan = planFor(t, privilege, ['/bin/sleep', '60']);
		const launch = supervisor.launch(plan);
		await launch.running;
		const pid = await launch.created;
		await supervisor.close();
		await until(t, () => !isRunning(pid));
		t.false(existsSync(plan.state));
	});

	test(`${privilege}: when the helper is killed, its containers die and what is pending fails`, async t => {
		const supervisor = supervisorFor(t, privilege);
		const launch = supervisor.launch(planFor(t, privilege, ['/bin/sleep', '60']));
		await launch.running;
		const pid = await launch.created;
		process.kill(supervisor.pid, 'SIGKILL');
		t.regex((await t.throwsAsync(launch.exited)).message, /^nsinit is gone: it was killed by SIGKILL \(9\)$/);
		await until(t, () => !isRunning(pid));
	});

	test(`${privilege}: a clock's namespace that is named twice leaves no descriptor in the helper`, async t => {
		const supervisor = supervisorFor(t, privilege);
		await runPlan(supervisor, planFor(t, privilege, ['/bin/true']));
		const before = await descriptorsOf(t, supervisor.pid);
		const launch = supervisor.launch({...planFor(t, privilege, ['/bin/true']), join: ['/proc/self/ns/time', '/proc/self/ns/time']});
		await launch.exited.catch(() => undefined); // Only root may enter one.
		await launch.released;
		t.is(await descriptorsOf(t, supervisor.pid), before);
	});

	test(`${privilege}: many at once through one helper, which keeps nothing of them`, async t => {
		const supervisor = supervisorFor(t, privilege);
		await runPlan(supervisor, planFor(t, privilege, ['/bin/true']));
		const before = await descriptorsOf(t, supervisor.pid);
		for (let round = 0; round < 4; round++) {
			const results = await Promise.all(Array.from({length: 16}, async (_, index) => runPlan(supervisor, planFor(t, privilege, sh(`echo ${index}; exit ${index}`)))));
			t.deepEqual(results.map(({stdout, exit}) => [stdout.trim(), exit.code]), results.map((_, index) => [String(index), index]));
		}

		t.is(await descriptorsOf(t, supervisor.pid), before);
		t.is(supervisor.size, 0);
	});

	test(`${privilege}: only 0, 1 and 2 are open in the payload`, async t => {
		const supervisor = supervisorFor(t, privilege);
		const {stdout} = await runPlan(supervisor, planFor(t, privilege, ['/bin/ls', '/proc/self/fd']));
		t.is(stdout, '0\n1\n2\n3\n'); // 3 is ls reading the directory.
	});
}

/** The ids of the mounts that a process sees (proc_pid_mountinfo(5)); no two mounts have the same. */
const mountsOf = (pid: number | 'self'): string[] => readFileSync(`/proc/${pid}/mountinfo`, 'utf8').split('\n').map(line => line.split(' ')[0] ?? '').filter(id => id !== '');

test('nothing mounted inside shows outside', async t => {
	const [privilege = 'rootless'] = privileges;
	const supervisor = supervisorFor(t, privilege);
	const launch = supervisor.launch(planFor(t, privilege, ['/bin/sleep', '60']));
	await launch.running;
	const inside = mountsOf(await launch.created);
	t.true(inside.length > 1);
	t.deepEqual(mountsOf('self').filter(id => inside.includes(id)), []);
	t.not(readlinkSync(`/proc/${await launch.created}/ns/mnt`), readlinkSync('/proc/self/ns/mnt'));
	launch.signal(9);
	await launch.released;
	t.deepEqual(mountsOf('self').filter(id => inside.includes(id)), []);
});

test('the helper started by hand says what it is', t => {
	const {stderr, status} = spawnSync('build/nsinit', {stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8'});
	t.is(status, 125);
	t.regex(stderr, /to be started by cloche/);
});
