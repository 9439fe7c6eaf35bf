/** Health checks: processes of the supervisor's own in the container, whose exit status tells. */

import {existsSync, mkdirSync, readFileSync, readdirSync, readlinkSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import type {Plan, Service} from '../../orchestrator/helper/plan.js';
import {Kind, Tag} from '../../orchestrator/helper/protocol.js';
import {eventually} from './marked.js';
import {valueOf} from './raw.js';
import {Served} from './served.js';
import {directoryFor, privileges, until} from './support.js';

interface Health {
	status: string;
	failingStreak: number;
	last?: {started: string; ended: string; exitCode: number; output: string};
}

const checking = (argv: string[], changes: Partial<Plan> = {}): Plan => ({
	namespaces: [], join: [], streams: {stdin: 'null', stdout: 'pipe', stderr: 'pipe'}, terminal: false, init: false, cgroups: [], remove: [],
	create: [], start: [{op: 'exec', argv, env: ['PATH=/bin:/sbin']}],
	...changes,
});

const sh = (script: string): string[] => ['/bin/sh', '-c', script];

/** How many `sleep 1111` there are in the pid namespace of a process. */
const sleepersBeside = (pid: number): number => {
	const namespace = readlinkSync(`/proc/${pid}/ns/pid`);
	return readdirSync('/proc').filter(entry => {
		try {
			return /^\d+$/.test(entry) && readFileSync(`/proc/${entry}/cmdline`, 'latin1') === 'sleep\0' + '1111\0' && readlinkSync(`/proc/${entry}/ns/pid`) === namespace;
		} catch {
			return false;
		}
	}).length;
};

type Numbers = Partial<Omit<NonNullable<Service['health']>, 'file' | 'plan'>>;

for (const privilege of privileges) {
	const served = (t: Parameters<typeof directoryFor>[0], argv: string[], check: string[], numbers: Numbers = {}, service: Partial<Service> = {}): {container: Served; health: () => Health | undefined} => {
		const directory = directoryFor(t, privilege);
		const file = join(directory, 'health.json');
		const container = new Served(t, privilege, argv, {service: {health: {file, plan: checking(check), interval: 20, timeout: 30_000, retries: 3, startPeriod: 0, ...numbers}, ...service}});
		return {container, health: () => existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) as Health : undefined};
	};

	const known = (container: Served): Array<{action: string; health?: string}> =>
		readFileSync(container.service.events?.file ?? '', 'utf8').trim().split('\n').map(line => JSON.parse(line) as {action: string; health?: string});

	test(`${privilege}: it is starting, then well, unwell after so many failures, well again; each change is an event, and nobody hears of the checks`, async t => {
		const {container, health} = served(t, sh('read word; mkdir /well; exec sleep 1000'), sh('echo looking; echo "not here" >&2; test -d /well'));
		await container.start();
		await until(t, () => health()?.status === 'unhealthy');
		const {failingStreak, last} = health() ?? {failingStreak: 0};
		t.true(failingStreak >= 3);
		t.is(last?.exitCode, 1);
		t.deepEqual(last?.output.split('\n').sort(), ['', 'looking', 'not here']);
		t.true(Date.parse(last?.ended ?? '') >= Date.parse(last?.started ?? ''));
		const client = await container.connect();
		client.input(Buffer.from('now\n'));
		await until(t, () => health()?.status === 'healthy');
		t.is(health()?.failingStreak, 0);
		t.deepEqual(known(container).filter(({action}) => action === 'health_status').map(({health: word}) => word), ['unhealthy', 'healthy']);
		t.deepEqual([...new Set(container.raw.frames.map(({channel}) => channel))], [0, 1]);
	});

	test(`${privilege}: a check that takes too long is killed with what it started, and has failed`, async t => {
		const {container, health} = served(t, ['/bin/sleep', '1000'], sh('echo begun; sleep 1111 & sleep 1111; true'), {timeout: 50, retries: 2});
		await container.start();
		await until(t, () => health()?.status === 'unhealthy');
		t.is(health()?.last?.exitCode, -1);
		t.is(health()?.last?.output, 'the check took longer than 50 ms');
		await until(t, () => (health()?.failingStreak ?? 0) > 4);
		t.true(sleepersBeside(Number(readlinkSync(container.service.initLink).split('-')[1])) <= 2, 'of no check but the last');
	});

	test(`${privilege}: a check that can't run says why`, async t => {
		const {container, health} = served(t, ['/bin/sleep', '1000'], ['/nowhere'], {retries: 1});
		await container.start();
		await until(t, () => health()?.status === 'unhealthy');
		t.is(health()?.last?.exitCode, 127);
		t.is(health()?.last?.output, 'execve /nowhere: No such file or directory');
	});

	test(`${privilege}: early failures don't count until the first success`, async t => {
		const {container, health} = served(t, ['/bin/sleep', '1000'], ['/bin/false'], {startPeriod: 3_600_000, retries: 1});
		await container.start();
		await until(t, () => health()?.last !== undefined);
		t.like(health(), {status: 'starting', failingStreak: 0});
		const once = served(t, ['/bin/sleep', '1000'], sh('mkdir /once 2>/dev/null'), {startPeriod: 3_600_000, retries: 2});
		await once.container.start();
		await until(t, () => once.health()?.status === 'unhealthy');
		t.deepEqual(known(once.container).filter(({action}) => action === 'health_status').map(({health: word}) => word), ['healthy', 'unhealthy']);
	});

	test(`${privilege}: 4 KiB of what a check writes are kept, however much it is and whatever it holds`, async t => {
		const {container, health} = served(t, ['/bin/sleep', '1000'], sh('printf \'a\\000\\001"\\\\\\n\'; yes | head -c 1000000'));
		await container.start();
		await until(t, () => health()?.status === 'healthy');
		const output = health()?.last?.output ?? '';
		t.is(output.length, 4096);
		t.true(output.startsWith('a\0\u0001"\\\ny\ny\n'));
	});

	test(`${privilege}: a check under way ends with the run, and the next run is starting again`, async t => {
		const {container, health} = served(t, sh('test -e /been && exec sleep 1000; touch /been; while ! test -e /checked; do sleep 0.01; done'), sh('if test -e /checked; then true; else touch /checked; sleep 1111; fi'), {}, {restart: {when: 'always', backoff: 10, backoffMost: 10, steady: 10_000}});
		await container.detach();
		await eventually(() => container.actions.filter(action => action === 'start').length === 2, () => container.actions.join(' '));
		await until(t, () => health()?.status === 'healthy');
		t.deepEqual(container.actions.slice(0, 4), ['start', 'die', 'restart', 'start']);
		const client = await container.connect();
		client.stop({timeout: 0});
		await client.closed;
		t.is(await container.ended(), 'status 0');
	});

	test(`${privilege}: a check that asks for what a check can't have is refused before anything is made`, async t => {
		const file = join(directoryFor(t, privilege), 'health.json');
		const plan = checking(['/bin/true'], {remove: ['/nowhere']});
		const container = new Served(t, privilege, ['/bin/true'], {service: {health: {file, plan, interval: 20, timeout: 50, retries: 1, startPeriod: 0}}});
		await container.start();
		const error = container.raw.frames.find(({kind}) => kind === Kind.ERROR);
		t.is(error === undefined ? undefined : valueOf(error, Tag.DETAIL), 'a field stands where it has no meaning in a health check');
		t.is(container.exit, undefined);
	});
}

const V2 = ['/sys/fs/cgroup/unified', '/sys/fs/cgroup'].find(path => existsSync(`${path}/cgroup.procs`) && existsSync(`${path}/cgroup.controllers`));

(process.getuid?.() === 0 && V2 !== undefined ? test : test.skip)(`version 2 cgroup (root, ${V2 ?? 'not mounted here'}): a container that is paused is neither checked nor blamed`, async t => {
	const cgroup = `${V2 ?? ''}/cloche-health-${process.pid}`;
	mkdirSync(cgroup);
	const file = join(directoryFor(t, 'root'), 'health.json');
	const health = (): Health => JSON.parse(readFileSync(file, 'utf8')) as Health;
	const plan = checking(sh('sleep 1111; true'));
	const container = new Served(t, 'root', ['/bin/sleep', '1000'], {service: {health: {file, plan, interval: 20, timeout: 3000, retries: 1, startPeriod: 0}}, plan: {cgroups: [cgroup]}});
	container.plan.remove.push(cgroup);
	await container.start();
	const pid = Number(readlinkSync(container.service.initLink).split('-')[1]);
	await until(t, () => sleepersBeside(pid) === 1);
	writeFileSync(`${cgroup}/cgroup.freeze`, '1');
	await until(t, () => sleepersBeside(pid) === 0);
	const thawed = Date.now();
	writeFileSync(`${cgroup}/cgroup.freeze`, '0');
	await until(t, () => health().last !== undefined);
	t.true(Date.parse(health().last?.started ?? '') >= thawed);
	container.raw.helper.socket.destroy();
	await container.ended();
	t.false(existsSync(cgroup));
});
