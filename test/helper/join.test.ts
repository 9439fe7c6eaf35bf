/** exec from outside: a container of another supervisor is joined by the pid and start time of its init. */

import {chmodSync, existsSync, mkdirSync, openSync, readFileSync, readlinkSync, rmdirSync, statSync, writeFileSync} from 'node:fs';
import test, {type ExecutionContext} from 'ava';
import {ClocheError} from '../../orchestrator/base/errors.js';
import {startTime} from '../../orchestrator/base/process.js';
import type {Launch} from '../../orchestrator/helper/launch.js';
import type {Plan, TargetProcess} from '../../orchestrator/helper/plan.js';
import {fullPlan} from './full-plan.js';
import {directoryFor, isRunning, nsinit, planFor, privileges, probe, runPlan, supervisorFor, until} from './support.js';

/** A plan that makes nothing: what joins has it all. */
const joining = (argv: string[], changes: Partial<Plan> = {}): Plan => ({
	namespaces: [], join: [], streams: {stdin: 'null', stdout: 'pipe', stderr: 'pipe'}, terminal: false, init: false, cgroups: [], remove: [],
	create: [], start: [{op: 'exec', argv, env: ['PATH=/bin:/sbin']}],
	...changes,
});

/** Whom a launch runs. */
const targetOf = async (launch: Launch): Promise<TargetProcess> => {
	await launch.running;
	const pid = await launch.created;
	return {pid, start: startTime(pid) ?? 0};
};

const namespacesOf = (pid: number | 'self'): Record<string, string> =>
	Object.fromEntries(['user', 'mnt', 'pid', 'net', 'ipc', 'uts', 'cgroup'].map(name => [name, readlinkSync(`/proc/${pid}/ns/${name}`)]));

const notRunning = async (t: ExecutionContext, launch: Launch): Promise<void> => {
	t.like(await t.throwsAsync(launch.exited, {instanceOf: ClocheError}), {step: 'join', code: 'ESRCH'});
	await launch.released;
};

for (const privilege of privileges) {
	test(`${privilege}: it is in all the container's namespaces, and ends as its program does`, async t => {
		const container = supervisorFor(t, privilege).launch(fullPlan(t, privilege, ['/bin/sleep', '1000']));
		const target = await targetOf(container);
		const supervisor = supervisorFor(t, privilege);
		const inside = supervisor.launch(joining(['/bin/sleep', '1000'], {streams: {stdin: 'null', stdout: 'null', stderr: 'null'}}), {target});
		const {pid} = await targetOf(inside);
		t.deepEqual(namespacesOf(pid), namespacesOf(target.pid));
		const {stdout, exit} = await runPlan(supervisor, joining(['sh', '-c', 'hostname; exit 7']), {target});
		t.is(stdout, 'westeros\n');
		t.is(exit.code, 7);
	});

	test(`${privilege}: it takes a user of the container, whose groups may not be dropped`, async t => {
		const container = supervisorFor(t, privilege).launch(fullPlan(t, privilege, ['/bin/sleep', '1000']));
		const start: Plan['start'] = [
			{op: 'capabilities', bounding: 0n, permitted: 0n, inheritable: 0n, ambient: 0n},
			{op: 'credentials', uid: 0, gid: 0},
			{op: 'exec', argv: ['/probe', 'caps'], env: []},
		];
		const {stderr, exit} = await runPlan(supervisorFor(t, privilege), joining([], {start}), {target: await targetOf(container)});
		t.is(stderr, '');
		t.is(exit.code, 0);
	});

	test(`${privilege}: it ends with the container`, async t => {
		const container = supervisorFor(t, privilege).launch(planFor(t, privilege, ['/bin/sleep', '1000']));
		const joined = supervisorFor(t, privilege).launch(joining(['/bin/sleep', '1000']), {target: await targetOf(container)});
		await joined.running;
		container.signal(9);
		t.is((await joined.exited).signal, 9);
		await joined.released;
	});

	test(`${privilege}: it ends with a container that shares our pids, joined by channel or by pid`, async t => {
		const plan = planFor(t, privilege, ['/bin/sleep', '1000']);
		const namespaces = plan.namespaces.filter(name => name !== 'pid');
		const create = plan.create.filter(({op, target}: {op: string; target?: string}) => op !== 'mount' || target !== '/proc');
		const supervisor = supervisorFor(t, privilege);
		const container = supervisor.launch({...plan, namespaces, create});
		const target = await targetOf(container);
		const ones = [supervisor.launch(joining(['/bin/sleep', '1000']), {target: container}), supervisor.launch(joining(['/bin/sleep', '1000']), {target}), supervisorFor(t, privilege).launch(joining(['/bin/sleep', '1000']), {target})];
		await Promise.all(ones.map(async ({running}) => running));
		container.signal(9);
		for (const {exited, released} of ones) {
			t.is((await exited).signal, 9);
			await released;
		}
	});

	test(`${privilege}: a pid whose start time is another, or that has ended, isn't joined`, async t => {
		const supervisor = supervisorFor(t, privilege);
		const container = supervisorFor(t, privilege).launch(planFor(t, privilege, ['/bin/sleep', '1000']));
		const {pid, start} = await targetOf(container);
		await notRunning(t, supervisor.launch(joining(['/bin/true']), {target: {pid, start: start + 1}}));
		container.signal(9);
		await container.released;
		await notRunning(t, supervisor.launch(joining(['/bin/true']), {target: {pid, start}}));
	});

	test(`${privilege}: a program of the machine runs in a root that has none, unseen by the container's processes`, async t => {
		const plan = planFor(t, privilege, ['/probe', 'sleep-forever']);
		plan.create.splice(1, 1,
			{op: 'mount', type: 'tmpfs', target: '/', options: ['mode=755'], root: true},
			{op: 'bind', source: probe, target: '/probe', create: 'file'});
		const container = supervisorFor(t, privilege).launch(plan);
		const target = await targetOf(container);
		const supervisor = supervisorFor(t, privilege);
		const enter: Plan['enter'] = privilege === 'root' ? ['mount'] : ['mount', 'user'];
		const program = probe;
		const listed = await runPlan(supervisor, joining(['any', 'list', '/'], {enter, program}), {target});
		t.is(listed.stderr, '');
		t.deepEqual(listed.stdout.trim().split('\n').sort(), ['"probe"', '"proc"']);
		const running = supervisor.launch(joining(['any', 'sleep-forever'], {enter, program, streams: {stdin: 'null', stdout: 'null', stderr: 'null'}}), {target});
		const {pid} = await targetOf(running);
		const {pid: ours, net, ...entered} = namespacesOf(pid);
		t.is(ours, readlinkSync('/proc/self/ns/pid'));
		t.is(net, readlinkSync('/proc/self/ns/net'));
		t.is(entered['mnt'], readlinkSync(`/proc/${target.pid}/ns/mnt`));
		const seen = await runPlan(supervisor, joining(['any', 'list', '/proc'], {program}), {target});
		t.is(seen.stdout.match(/^"\d+"$/gm)?.length, 2, 'the container\'s init and the lister');
	});

	for (const init of [false, true]) {
		test(`${privilege}${init ? ', with --init' : ''}: a container whose root is empty runs a program of the machine`, async t => {
			const plan = planFor(t, privilege, ['any', 'argv', 'a b'], {program: probe, init});
			plan.create.splice(1, 2, {op: 'mount', type: 'tmpfs', target: '/', options: ['mode=755'], root: true}, {op: 'mkdir', target: '/proc'});
			const {stdout, exit} = await runPlan(supervisorFor(t, privilege), plan);
			t.is(stdout, '"a b"\n');
			t.is(exit.code, 0);
		});
	}

	test(`${privilege}: what is no regular file is no program`, async t => {
		for (const program of ['/dev/null', '/tmp', '/nowhere']) {
			const launch = supervisorFor(t, privilege).launch(planFor(t, privilege, ['any'], {program}));
			t.like(await t.throwsAsync(launch.exited, {instanceOf: ClocheError}), {path: program});
			await launch.released;
		}
	});
}

const V2 = ['/sys/fs/cgroup/unified', '/sys/fs/cgroup'].find(path => existsSync(`${path}/cgroup.procs`) && existsSync(`${path}/cgroup.controllers`));
const V1 = existsSync('/sys/fs/cgroup/memory/memory.oom_control') ? '/sys/fs/cgroup/memory' : undefined;

/** A cgroup of the test's own; removed, if need be, at its end. */
const cgroupIn = (t: ExecutionContext, parent: string): string => {
	const path = `${parent}/cloche-test-${process.pid}-${Math.random().toString(36).slice(2)}`;
	mkdirSync(path);
	t.teardown(() => {
		if (existsSync(path)) {
			rmdirSync(path);
		}
	});
	return path;
};

const cgroupsOf = (pid: number): string => readFileSync(`/proc/${pid}/cgroup`, 'utf8');

for (const [version, parent] of [['version 2', V2], ['version 1', V1]] as const) {
	const withCgroups = process.getuid?.() === 0 && parent !== undefined ? test : test.skip;
	withCgroups(`${version} (root, ${parent ?? 'not mounted here'}): container and exec are in the cgroup, see it as their root, and it is removed with all below it`, async t => {
		const path = cgroupIn(t, parent ?? '');
		const plan = fullPlan(t, 'root', ['/bin/sleep', '1000'], {cgroups: [path]});
		const container = supervisorFor(t, 'root').launch({...plan, remove: [...plan.remove, path]});
		const target = await targetOf(container);
		const name = path.slice((parent ?? '').length);
		t.true(cgroupsOf(target.pid).includes(`${name}\n`));
		const joined = supervisorFor(t, 'root').launch(joining(['/bin/sleep', '1000'], {cgroups: [path]}), {target});
		const {pid} = await targetOf(joined);
		t.true(cgroupsOf(pid).includes(`${name}\n`));
		t.is(readlinkSync(`/proc/${pid}/ns/cgroup`), readlinkSync(`/proc/${target.pid}/ns/cgroup`));
		const {stdout} = await runPlan(supervisorFor(t, 'root'), joining(['cat', '/proc/self/cgroup'], {cgroups: [path]}), {target});
		t.regex(stdout, version === 'version 2' ? /^0::\/$/m : /^\d+:memory:\/$/m);
		mkdirSync(`${path}/a/b/c`, {recursive: true});
		mkdirSync(`${path}/d`);
		container.signal(9);
		await container.released;
		t.false(existsSync(path));
		await joined.released;
	});

	withCgroups(`${version} (root): exec reaches the cgroup of a container with a user namespace of its own`, async t => {
		const path = cgroupIn(t, parent ?? '');
		const ids = [{inside: 0, outside: 0, count: 1000}];
		const base = planFor(t, 'root', ['any', 'sleep-forever'], {program: probe, cgroups: [path], userMap: {uids: ids, gids: ids, denySetgroups: false}});
		base.create.splice(1, 1, {op: 'mount', type: 'tmpfs', target: '/', options: ['mode=755'], root: true}, {op: 'mkdir', target: '/proc'});
		const container = supervisorFor(t, 'root').launch({...base, namespaces: [...base.namespaces, 'user', 'cgroup'], remove: [...base.remove, path]});
		const target = await targetOf(container);
		const start: Plan['start'] = [{op: 'credentials', uid: 0, gid: 0}, {op: 'exec', argv: ['any', 'read', '/proc/self/cgroup'], env: []}];
		const {stdout} = await runPlan(supervisorFor(t, 'root'), joining([], {program: probe, cgroups: [path], start}), {target});
		t.regex(stdout, version === 'version 2' ? /^0::\/$/m : /^\d+:memory:\/$/m);
		t.is((await runPlan(supervisorFor(t, 'root'), joining(['any', 'uid'], {program: probe}), {target})).exit.code, 0);
		container.signal(9);
		await container.released;
		t.false(existsSync(path));
	});

	withCgroups(`${version} (root): a cgroup that somebody lives in stays, with a warning`, async t => {
		const path = cgroupIn(t, parent ?? '');
		const other = supervisorFor(t, 'root').launch(planFor(t, 'root', ['/bin/sleep', '1000'], {cgroups: [path]}));
		await other.running;
		const warnings: ClocheError[] = [];
		const directory = directoryFor(t, 'root');
		writeFileSync(`${directory}/kept`, '');
		await runPlan(supervisorFor(t, 'root'), planFor(t, 'root', ['/bin/true'], {remove: [path, `${directory}/kept`]}), {onWarning: warning => warnings.push(warning)});
		t.is(warnings.length, 1);
		t.like(warnings[0], {step: 'remove', path, code: 'EBUSY'});
		t.true(existsSync(`${directory}/kept`), 'what follows stays, too');
		const pid = await other.created;
		other.signal(9);
		await other.released;
		await until(t, () => !isRunning(pid));
	});
}

/** What a hostile container gets at by a link to /proc/self/exe in place of what is executed (CVE-2019-5736). */
test('what the supervisor runs from is no file of this machine: neither its mode nor its bytes are changed through /proc/PID/exe', async t => {
	const [privilege = 'rootless'] = privileges;
	const container = supervisorFor(t, privilege).launch(planFor(t, privilege, ['/bin/sleep', '1000']));
	const {pid} = await targetOf(container);
	const supervisor = Number(/^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
	const exe = `/proc/${supervisor}/exe`;
	const {mode} = statSync(nsinit);
	chmodSync(exe, 0o700);
	t.is(statSync(nsinit).mode, mode);
	t.throws(() => openSync(exe, 'r+'), {message: /ETXTBSY|EPERM/});
	t.deepEqual(readFileSync(exe), readFileSync(nsinit));
	t.is(readFileSync(`/proc/${supervisor}/comm`, 'utf8'), 'nsinit\n');
});
