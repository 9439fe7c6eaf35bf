/**
 * PARENT: containers whose links lead to bridges in another process's network namespace, below whose user namespace theirs are
 * made. The supervisors here are outside of all those namespaces, and, but for root's, an ordinary user's.
 */

import {chmodSync, readFileSync, readlinkSync, statSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {ClocheError} from '../../orchestrator/base/errors.js';
import {startTime} from '../../orchestrator/base/process.js';
import type {Launch} from '../../orchestrator/helper/launch.js';
import type {LaunchOptions} from '../../orchestrator/helper/launch-options.js';
import type {Plan, TargetProcess} from '../../orchestrator/helper/plan.js';
import {endpoint, outsideFor, rooted, withOps} from './bridged.js';
import {fullPlan, marked} from './full-plan.js';
import {Marked} from './marked.js';
import {asNobody, below, goneFor, type Kinship, openDirectory, type Parent, parentFor, SUBORDINATE, userAbove, userOf, whyNoRange} from './parents.js';
import {publish, publishing, ask} from './publishing.js';
import {registryFor} from './registry.js';
import {Served} from './served.js';
import {planFor, runPlan, until} from './support.js';

const NULLS = {stdin: 'null', stdout: 'null', stderr: 'null'} as const;
const SLEEP = ['/bin/sleep', '1000'];
const PING = 'ping -q -c 1 -W 5 10.77.0.1 && ping -q -6 -c 1 -W 5 fd77::1';
const ANSWERED = /1 packets received[\s\S]*1 packets received/;

/** Kinships whose user namespace is another than the supervisor's. */
const nested = (['single', 'range'] as const).filter(kinship => kinship === 'single' || whyNoRange === undefined);
const kinships: Kinship[] = [...nested, 'network'];

if (whyNoRange !== undefined) {
	test(`no parents with ranges of ids: ${whyNoRange}`, t => {
		t.pass();
	});
}

const privilegeOf = (kinship: Kinship): 'root' | 'rootless' => kinship === 'network' ? 'root' : 'rootless';

/** A plan of a container below this parent, with a link, and everything else that a container has. */
const planBelow = (t: ExecutionContext, parent: Parent, kinship: Kinship, argv: string[], changes: Partial<Plan> = {}, last = 5): Plan & {state: string} => {
	const plan = fullPlan(t, privilegeOf(kinship), argv, changes);
	const ids = below(kinship);
	return withOps({
		...plan,
		...(kinship === 'network' ? {} : {userMap: {uids: ids, gids: ids, denySetgroups: kinship === 'single'}}),
		parent,
		presence: parent.presence,
		// ping needs CAP_NET_RAW
		start: plan.start.filter(({op}) => op !== 'capabilities' && op !== 'credentials'),
	}, endpoint(last));
};

/** So that the parent stays when it is gone. */
const withoutPresence = <P extends Plan>(plan: P): Omit<P, 'presence'> => {
	const {presence, ...rest} = plan;
	return presence === undefined ? plan : rest;
};

/** Launch it; its processes can be found again. */
const launchBelow = (helper: Marked, plan: Plan & {state: string}, options: LaunchOptions = {}): Launch => {
	const launch = helper.launch(marked(plan, helper.mark), options);
	launch.exited.catch(() => undefined);
	return launch;
};

const targetOf = async (launch: Launch): Promise<TargetProcess> => {
	await launch.running;
	const pid = await launch.created;
	return {pid, start: startTime(pid) ?? 0};
};

const joining = (argv: string[], changes: Partial<Plan> = {}): Plan => ({
	namespaces: [], join: [], streams: {stdin: 'null', stdout: 'pipe', stderr: 'pipe'}, terminal: false, init: false, cgroups: [], remove: [],
	create: [], start: [{op: 'exec', argv, env: ['PATH=/bin:/sbin:/usr/bin']}],
	...changes,
});

/** Links for one that runs, without a process that joins it. */
const linking = (parent: TargetProcess, ...create: Plan['create']): Plan => ({...joining([], {create, parent, streams: NULLS}), start: []});

/** What refused it; beside `others` that are meant to stay, the helper has no process then. */
const refusalOf = async (t: ExecutionContext, helper: Marked, launch: Launch, others = 0): Promise<ClocheError> => {
	const error = await t.throwsAsync(launch.exited, {instanceOf: ClocheError});
	t.log(error.message);
	await launch.released;
	await until(t, () => helper.inits.length === others);
	return error;
};

for (const kinship of kinships) {
	const title = `${kinship}: `;
	const privilege = privilegeOf(kinship);

	rooted(`${title}a container has its link, whose other end is the parent's, and reaches its gateway`, async t => {
		const parent = await parentFor(t, kinship);
		const helper = new Marked(t, privilege);
		const {stdout, stderr, exit} = await runPlan(helper, marked(planBelow(t, parent, kinship, ['sh', '-c', PING]), helper.mark));
		t.is(stderr, '');
		t.is(exit.code, 0);
		t.regex(stdout, ANSWERED);
		t.is(await parent.ended, 0);
		t.is(await helper.close(), 'status 0');
		await helper.gone();
	});

	for (const init of [false, true]) {
		rooted(`${title}${init ? 'with --init: ' : ''}its namespaces are where they should be, and another supervisor joins it, and kills it`, async t => {
			const parent = await parentFor(t, kinship);
			const helper = new Marked(t, privilege);
			const container = launchBelow(helper, planBelow(t, parent, kinship, SLEEP, {streams: NULLS, init}));
			const target = await targetOf(container);
			t.is(parent.links(), 3);
			t.not(readlinkSync(`/proc/${target.pid}/ns/net`), readlinkSync(`/proc/${parent.pid}/ns/net`));
			if (kinship === 'network') {
				t.is(userOf(target.pid), readlinkSync('/proc/self/ns/user'));
			} else {
				t.is(userAbove(target.pid), userOf(parent.pid));
				t.is(userAbove(parent.pid), readlinkSync('/proc/self/ns/user'));
			}

			const other = new Marked(t, privilege);
			const inside = await runPlan(other, joining(['sh', '-c', `${PING}; readlink /proc/self/ns/user; exit 7`]), {target});
			t.is(inside.exit.code, 7, inside.stderr);
			t.regex(inside.stdout, ANSWERED);
			t.true(inside.stdout.includes(userOf(target.pid)));
			const stays = other.launch(joining(SLEEP, {streams: NULLS}), {target});
			await stays.running;
			stays.signal(9);
			t.is((await stays.exited).signal, 9);
			const last = other.launch(joining(SLEEP, {streams: NULLS}), {target});
			await last.running;
			container.signal(9);
			t.is((await container.exited).signal, 9);
			t.is((await last.exited).signal, 9);
			await container.released;
			t.is(await parent.ended, 0);
			await helper.close();
			await helper.gone();
		});
	}

	rooted(`${title}with a terminal`, async t => {
		const parent = await parentFor(t, kinship);
		const helper = new Marked(t, privilege);
		const plan = planBelow(t, parent, kinship, ['sh', '-c', `/probe ttyname; read line; echo "<$line>"; ${PING}`], {terminal: true, init: true, streams: {stdin: 'pipe', stdout: 'pipe', stderr: 'null'}});
		const launch = launchBelow(helper, plan);
		const {stdin, stdout} = await launch.streams;
		let said = '';
		stdout?.on('data', (data: Buffer) => {
			said += data.toString();
		});
		stdin?.write('typed\n');
		t.is((await launch.exited).code, 0, said);
		await until(t, () => ANSWERED.test(said));
		t.regex(said, /^\/dev\/(console|pts\/0)\r$/m);
		t.true(said.includes('<typed>'));
	});

	rooted(`${title}ports are published`, async t => {
		const parent = await parentFor(t, kinship);
		const plan = publishing(t, privilege, ['echo', '0.0.0.0', '80']);
		const ids = below(kinship);
		const server = await publish(t, privilege, withOps({
			...plan, ...(kinship === 'network' ? {} : {userMap: {uids: ids, gids: ids, denySetgroups: kinship === 'single'}}), parent, presence: parent.presence,
		}, endpoint(5)));
		t.is(await ask(server.number, 'hello'), 'hello');
		server.launch.signal(9);
		await server.launch.released;
		t.is(await parent.ended, 0);
	});

	rooted(`${title}one that runs is connected, and one whose second link can't be made keeps none`, async t => {
		const parent = await parentFor(t, kinship);
		const helper = new Marked(t, privilege);
		const container = launchBelow(helper, planBelow(t, parent, kinship, SLEEP, {streams: NULLS}));
		const target = await targetOf(container);
		const other = new Marked(t, privilege);
		// Often, since what it does runs beside what the joining process does.
		for (let turn = 0; turn < 10; turn++) {
			const link = endpoint(9, {name: 'eth1', addresses: ['10.77.0.9/24'], gateways: []});
			const connect = other.launch(linking(parent, link), {target, links: true});
			await connect.created;
			await connect.released;
			t.is(parent.links(), 4);
			const {stdout} = await runPlan(other, joining(['busybox', 'ip', 'addr', 'show', 'dev', 'eth1']), {target});
			t.regex(stdout, /inet 10\.77\.0\.9\/24/);
			await runPlan(other, joining(['/bin/true'], {create: [{op: 'link-delete', name: 'eth1'}]}), {target});
			t.is(parent.links(), 3);
		}

		const create = [endpoint(8, {name: 'eth1'}), endpoint(9, {name: 'eth2', bridge: 'nobridge'})];
		const error = await refusalOf(t, other, other.launch(linking(parent, ...create), {target, links: true}));
		t.like(error, {step: 'create', op: 'endpoint', path: 'nobridge'});
		t.is(parent.links(), 3);
		container.signal(9);
		await container.released;
	});

	rooted(`${title}what can't be made leaves nothing with the parent`, async t => {
		const parent = await parentFor(t, kinship);
		const helper = new Marked(t, privilege);
		for (const changes of [{bridge: 'nobridge'}, {gateways: ['10.99.0.1']}, {name: 'lo'}, {addresses: ['10.77.0.300/24']}]) {
			const plan = planBelow(t, parent, kinship, SLEEP, {streams: NULLS});
			const create = plan.create.map(op => op.op === 'endpoint' ? {...op, ...changes} : op);
			const error = await refusalOf(t, helper, launchBelow(helper, withoutPresence({...plan, create})));
			t.like(error, {step: 'create', op: 'endpoint'});
			await until(t, () => parent.links() === 2);
		}
	});

	rooted(`${title}a parent that has ended, and one that isn't the one that was meant`, async t => {
		const parent = await parentFor(t, kinship);
		const helper = new Marked(t, privilege);
		const without = (one: TargetProcess): Plan & {state: string} => ({...withoutPresence(planBelow(t, parent, kinship, SLEEP, {streams: NULLS})), parent: one});

		for (const start of [parent.start + 1, parent.start - 1, 0]) {
			t.like(await refusalOf(t, helper, launchBelow(helper, without({pid: parent.pid, start}))), {step: 'parent', code: 'ESRCH'});
		}

		const container = launchBelow(helper, without(parent));
		const target = await targetOf(container);
		await parent.kill();
		t.like(await refusalOf(t, helper, launchBelow(helper, without(parent)), 1), {step: 'parent', code: 'ESRCH'});
		t.like(await refusalOf(t, helper, helper.launch(linking(parent, endpoint(9, {name: 'eth1'})), {target, links: true}), 1), {step: 'parent', code: 'ESRCH'});
		container.signal(9);
		await container.released;
		await helper.close();
		await helper.gone();
	});

	rooted(`${title}each run of a served container has its link; its presence lasts from run to run`, async t => {
		const parent = await parentFor(t, kinship);
		const registry = registryFor(t, 'red');
		registry.join('red', 'gate', '10.77.0.1');
		chmodSync(dirname(registry.directory), 0o755);
		const script = 'echo run >> /runs; ping -c 1 -W 5 gate >/dev/null && echo "run $(wc -l < /runs)"; [ $(wc -l < /runs) = 5 ]';
		const served = new Served(t, privilege, ['/bin/sh', '-c', script], {service: {restart: {when: 'on-failure', backoff: 1, backoffMost: 1, steady: 3_600_000}}});
		const {plan} = served;
		const ids = below(kinship);
		plan.parent = parent;
		plan.presence = parent.presence;
		if (kinship !== 'network') {
			plan.userMap = {uids: ids, gids: ids, denySetgroups: kinship === 'single'};
		}

		const resolv = join(openDirectory(t), 'resolv.conf');
		writeFileSync(resolv, 'nameserver 127.0.0.11\n');
		plan.create = withOps(plan, {op: 'bind', source: resolv, target: '/etc/resolv.conf'}, endpoint(3, {replace: true})).create;
		plan.start = plan.start.filter(({op}) => op !== 'capabilities' && op !== 'credentials');
		plan.names = {directory: registry.directory, servers: []};
		await served.detach();
		t.is(await served.ended(), 'status 0');
		t.like(served.exit, {code: 0, restarts: 4});
		t.deepEqual(served.log, Array.from({length: 5}, (_, run) => `stdout F run ${run + 1}`));
		t.is(await parent.ended, 0);
	});
}

for (const kinship of nested) {
	rooted(`${kinship}: the supervisor's descriptors can still be opened by its own user, after a container, an exec and a live connect`, async t => {
		const parent = await parentFor(t, kinship);
		const helper = new Marked(t, 'rootless');
		const look = (): string => asNobody('readlink', `/proc/${helper.pid}/fd/3`);
		const before = look();
		const container = launchBelow(helper, planBelow(t, parent, kinship, SLEEP, {streams: NULLS}));
		const target = await targetOf(container);
		t.is(look(), before);
		const links = helper.launch(linking(parent, endpoint(9, {name: 'eth1'})), {target, links: true});
		await links.created;
		await links.released;
		await runPlan(helper, joining(['/bin/true']), {target});
		t.is(look(), before);
		container.signal(9);
		await container.released;
		t.is(look(), before);
	});

	rooted(`${kinship}: a container may be in the parent's own user namespace`, async t => {
		const parent = await parentFor(t, kinship);
		const helper = new Marked(t, 'rootless');
		const {userMap, ...plan} = planBelow(t, parent, kinship, ['sh', '-c', `${PING}; readlink /proc/self/ns/user`]);
		t.truthy(userMap);
		const {stdout, exit} = await runPlan(helper, marked({...plan, namespaces: plan.namespaces.filter(name => name !== 'user')}, helper.mark));
		t.is(exit.code, 0);
		t.regex(stdout, ANSWERED);
	});

	rooted(`${kinship}: a map that the parent doesn't have is refused`, async t => {
		const parent = await parentFor(t, kinship);
		const helper = new Marked(t, 'rootless');
		const plan = planBelow(t, parent, kinship, SLEEP, {streams: NULLS});
		const ids = [{inside: 0, outside: 65_534_000, count: 1}];
		t.like(await refusalOf(t, helper, launchBelow(helper, {...plan, userMap: {uids: ids, gids: ids, denySetgroups: true}})), {step: 'id map', code: 'EPERM'});
		t.is(await parent.ended, 0);
	});
}

if (nested.includes('range')) {
	rooted('range: who is another user inside is another one outside, and is killed all the same', async t => {
		const parent = await parentFor(t, 'range');
		const helper = new Marked(t, 'rootless');
		const directory = openDirectory(t);
		const script = 'echo told > /out/file; echo up; exec sleep 1000';
		const plan = planBelow(t, parent, 'range', ['/bin/sh', '-c', script], {init: true, streams: {stdin: 'null', stdout: 'pipe', stderr: 'pipe'}});
		const {state} = plan;
		const container = launchBelow(helper, {
			...withOps(plan, {op: 'bind', source: directory, target: '/out', create: 'directory'}), state,
			start: [{op: 'credentials', uid: 33, gid: 34, groups: [35]}, ...plan.start],
		});
		const {stdout} = await container.streams;
		let said = '';
		stdout?.on('data', (data: Buffer) => {
			said += data.toString();
		});
		await until(t, () => said === 'up\n');
		const {uid, gid} = statSync(join(directory, 'file'));
		t.deepEqual([uid, gid], [SUBORDINATE + 32, SUBORDINATE + 33]);
		const {pid} = await targetOf(container);
		const child = Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim());
		t.regex(readFileSync(`/proc/${child}/status`, 'utf8'), new RegExp(`^Uid:\\s+${SUBORDINATE + 32}\\s[\\s\\S]*^Groups:\\s+${SUBORDINATE + 34} $`, 'm'));
		// Of the init, whose user is the supervisor's, and of an exec, whose user isn't.
		const exec = new Marked(t, 'rootless').launch(joining([], {streams: NULLS, start: [{op: 'credentials', uid: 33, gid: 34, groups: []}, {op: 'exec', argv: SLEEP, env: []}]}), {target: {pid, start: startTime(pid) ?? 0}});
		await exec.running;
		exec.signal(9);
		t.is((await exec.exited).signal, 9);
		container.signal(9);
		t.is((await container.exited).signal, 9);
		await container.released;
		t.is(await parent.ended, 0);
	});

	rooted('range: a container whose first process has changed its user is killed with its supervisor, and by it', async t => {
		const parent = await parentFor(t, 'range');
		for (const dies of [false, true]) {
			const helper = new Marked(t, 'rootless');
			const plan = planBelow(t, parent, 'range', SLEEP, {streams: NULLS});
			const container = launchBelow(helper, {...plan, presence: parent.presence, start: [{op: 'credentials', uid: 33, gid: 33, groups: []}, ...plan.start]});
			const keeping = dies ? undefined : launchBelow(helper, planBelow(t, parent, 'range', SLEEP, {streams: NULLS}, 6));
			await keeping?.running;
			const {pid} = await targetOf(container);
			t.is(statSync(`/proc/${pid}`).uid, SUBORDINATE + 32);
			if (dies) {
				helper.child.kill('SIGKILL');
				await helper.ended;
			} else {
				container.signal(9);
				t.is((await container.exited).signal, 9);
				await container.released;
				const {presence} = parent;
				const other = new Marked(t, 'rootless');
				// Somebody stays present meanwhile.
				const stays = other.launch(joining(SLEEP, {streams: NULLS, presence}), {target: await targetOf(keeping ?? container)});
				await stays.running;
				t.teardown(async () => other.close());
			}

			await goneFor(t, pid);
		}
	});
}

rooted('an ordinary user is refused a parent of root\'s, and one of another user\'s', async t => {
	const outside = await outsideFor(t).parent();
	const helper = new Marked(t, 'rootless');
	const others: TargetProcess[] = [outside, {pid: 1, start: startTime(1) ?? 0}];
	for (const parent of others) {
		const plan = planFor(t, 'rootless', SLEEP, {streams: NULLS});
		const error = await refusalOf(t, helper, launchBelow(helper, withOps({...plan, parent}, endpoint(3))));
		t.like(error, {step: 'parent', code: 'EPERM'});
	}
});

rooted('network: a user namespace of the container\'s own', async t => {
	const parent = await parentFor(t, 'network');
	const helper = new Marked(t, 'root');
	const plan = planBelow(t, parent, 'network', ['sh', '-c', `${PING}; cat /proc/self/uid_map`]);
	const ids = [{inside: 0, outside: 0, count: 1}, {inside: 1, outside: 100_000, count: 100}];
	const {stdout, exit} = await runPlan(helper, marked({
		...plan, namespaces: [...plan.namespaces, 'user'], userMap: {uids: ids, gids: ids, denySetgroups: false},
		create: plan.create.filter(({op}) => op !== 'device'),
	}, helper.mark));
	t.is(exit.code, 0, stdout);
	t.regex(stdout, ANSWERED);
	t.regex(stdout, /^\s+1\s+100000\s+100$/m);
});

rooted('the supervisor itself as a parent is as good as none', async t => {
	const helper = new Marked(t, 'rootless');
	const plan = planFor(t, 'rootless', ['/bin/true'], {parent: {pid: helper.pid, start: startTime(helper.pid) ?? 0}});
	const {exit} = await runPlan(helper, marked(plan, helper.mark));
	t.is(exit.code, 0);
});
