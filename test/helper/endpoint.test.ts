/** ENDPOINT and LINK_DELETE: links between real bridges, in a network namespace of the test's own, and containers. */

import {spawn} from 'node:child_process';
import {existsSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import type {ExecutionContext} from 'ava';
import {ClocheError} from '../../orchestrator/base/errors.js';
import {startTime} from '../../orchestrator/base/process.js';
import type {Launch} from '../../orchestrator/helper/launch.js';
import type {Endpoint, Plan, TargetProcess} from '../../orchestrator/helper/plan.js';
import {startSupervisor} from '../../orchestrator/helper/start.js';
import type {Supervisor} from '../../orchestrator/helper/supervisor.js';
import {endpoint, outsideFor, rooted, withOps} from './bridged.js';
import {registryFor} from './registry.js';
import {Served} from './served.js';
import {directoryFor, nsinit, planFor, runPlan, supervisorFor, until} from './support.js';

/** What busybox's own `ip` says, and the gateway's answer. */
const LOOK = 'busybox ip addr show dev eth0; busybox ip route; busybox ip -6 route; cat /sys/class/net/eth0/mtu; ping -c 1 -W 5 10.77.0.1 >/dev/null && echo v4; ping -6 -c 1 -W 5 fd77::1 >/dev/null && echo v6';

const withSys = (plan: Plan & {state: string}, ...ops: Plan['create']): Plan & {state: string} =>
	withOps(plan, {op: 'mount', type: 'sysfs', target: '/sys', create: 'directory'}, ...ops);

const sleeping = (t: ExecutionContext, ...ops: Plan['create']): Plan =>
	withSys(planFor(t, 'root', ['/bin/sleep', '1000'], {streams: {stdin: 'null', stdout: 'null', stderr: 'null'}}), ...ops);

const joining = (create: Plan['create'], argv: string[]): Plan => ({
	namespaces: [], join: [], streams: {stdin: 'null', stdout: 'pipe', stderr: 'pipe'}, terminal: false, init: false, cgroups: [], remove: [],
	create, start: [{op: 'exec', argv, env: ['PATH=/bin:/sbin:/usr/bin']}],
});

/** Nothing joins: links alone. */
const connect = async (supervisor: Supervisor, target: TargetProcess, ...create: Plan['create']): Promise<void> => {
	const launch = supervisor.launch({...joining(create, []), start: []}, {target, links: true});
	try {
		await launch.created;
	} finally {
		await launch.released;
	}
};

const targetOf = async (launch: Launch): Promise<TargetProcess> => {
	await launch.running;
	const pid = await launch.created;
	return {pid, start: startTime(pid) ?? 0};
};

const failureOf = async (t: ExecutionContext, promise: Promise<unknown>): Promise<string> => {
	const error = await t.throwsAsync(promise, {instanceOf: ClocheError});
	return error.message;
};

rooted('a container has its addresses, MTU, MAC and routes, and reaches its gateway', async t => {
	const outside = outsideFor(t);
	const link = endpoint(5, {mac: '02:42:0a:4d:00:05', mtu: 1400});
	const {stdout, stderr} = await runPlan(outside.supervisor(), withSys(planFor(t, 'root', ['sh', '-c', LOOK]), link));
	t.is(stderr, '');
	t.regex(stdout, /link\/ether 02:42:0a:4d:00:05/);
	t.regex(stdout, /inet 10\.77\.0\.5\/24 brd 10\.77\.0\.255/);
	t.regex(stdout, /inet6 fd77::5\/64/);
	t.regex(stdout, /default via 10\.77\.0\.1 dev eth0/);
	t.regex(stdout, /default via fd77::1 dev eth0/);
	t.regex(stdout, /\n1400\nv4\nv6\n$/);
	await until(t, () => !outside.ip('-br', 'link').includes(link.peer));
});

rooted('a container with a user namespace of its own, too', async t => {
	const outside = outsideFor(t);
	const plan = planFor(t, 'root', ['sh', '-c', LOOK]);
	const map = [{inside: 0, outside: 0, count: 1}];
	const {stdout, stderr} = await runPlan(outside.supervisor(), {
		...withSys(plan, endpoint(5)), namespaces: [...plan.namespaces, 'user'], userMap: {uids: map, gids: map, denySetgroups: false},
	});
	t.is(stderr, '');
	t.regex(stdout, /\n1500\nv4\nv6\n$/);
});

rooted('the bridge may be in another namespace than the helper', async t => {
	const outside = outsideFor(t);
	const {stdout, stderr} = await runPlan(supervisorFor(t, 'root'), {...withSys(planFor(t, 'root', ['sh', '-c', LOOK]), endpoint(5)), parent: await outside.parent()});
	t.is(stderr, '');
	t.regex(stdout, /v4\nv6\n$/);
});

rooted('two networks: the first one\'s gateway is used, and the second\'s when that link is gone', async t => {
	const outside = outsideFor(t);
	for (const line of ['link add br1 type bridge', 'addr add 10.78.0.1/24 dev br1', 'link set br1 up']) {
		outside.ip(...line.split(' '));
	}

	const second = endpoint(5, {name: 'eth1', bridge: 'br1', addresses: ['10.78.0.5/24'], gateways: ['10.78.0.1']});
	const script = 'busybox ip route get 192.0.2.1; busybox ip link del eth0; busybox ip route get 192.0.2.1';
	const {stdout} = await runPlan(outside.supervisor(), withSys(planFor(t, 'root', ['sh', '-c', script]), endpoint(5), second));
	t.regex(stdout, /via 10\.77\.0\.1 dev eth0[\s\S]*via 10\.78\.0\.1 dev eth1/);
});

rooted('a container that runs is connected, and disconnected', async t => {
	const outside = outsideFor(t);
	const target = await targetOf(supervisorFor(t, 'root').launch(sleeping(t)));
	const supervisor = outside.supervisor();
	const link = endpoint(9);
	await connect(supervisor, target, link);
	outside.run('busybox', 'ping', '-c', '1', '-W', '5', '10.77.0.9');
	await runPlan(supervisor, joining([{op: 'link-delete', name: 'eth0'}], ['/bin/true']), {target});
	t.false(outside.ip('-br', 'link').includes(link.peer));
	t.regex(await failureOf(t, runPlan(supervisor, joining([{op: 'link-delete', name: 'eth0'}], ['/bin/true']), {target})), /eth0/);
	await runPlan(supervisor, joining([{op: 'link-delete', name: 'eth0', ifExists: true}], ['/bin/true']), {target});
});

rooted('a link that has the peer\'s name is replaced where it is said to be of one who is gone, else it stays', async t => {
	const outside = outsideFor(t);
	const supervisor = outside.supervisor();
	const former = endpoint(9);
	const first = supervisor.launch(sleeping(t, former));
	await first.running;
	const other = (link: Endpoint): ReturnType<typeof withSys> => {
		const plan = planFor(t, 'root', ['ping', '-c', '1', '-W', '5', '10.77.0.1']);
		return withOps({...plan, start: plan.start.filter(({op}) => op !== 'capabilities' && op !== 'credentials')}, link); // ping needs CAP_NET_RAW
	};

	const index = outside.ip('-o', 'link', 'show', former.peer);
	t.regex(await failureOf(t, runPlan(supervisor, other(endpoint(9, {peer: former.peer})))), /EEXIST|exists/i);
	t.is(outside.ip('-o', 'link', 'show', former.peer), index);
	// It isn't the name outside that is taken, so nothing outside is touched.
	t.regex(await failureOf(t, runPlan(supervisor, other(endpoint(10, {name: 'lo', replace: true})))), /EEXIST|exists/i);
	t.is(outside.ip('-o', 'link', 'show', former.peer), index);
	const {stdout} = await runPlan(supervisor, other(endpoint(9, {peer: former.peer, replace: true})));
	t.regex(stdout, /1 packets received/);
	first.signal(9);
	await first.exited;
});

const refusals: Array<[string, Partial<Endpoint>, RegExp]> = [
	['a bridge that is not there', {bridge: 'nobridge'}, /nobridge/],
	['a bridge that is none', {bridge: 'lo'}, /./],
	['a name over 15 bytes', {peer: 'a234567890123456'}, /15 bytes/],
	['a name inside that is taken', {name: 'lo'}, /./],
	['an address that is none', {addresses: ['10.77.0.300/24']}, /10\.77\.0\.300/],
	['a prefix that is none', {addresses: ['10.77.0.3/33']}, /10\.77\.0\.3\/33/],
	['an address that is given twice', {addresses: ['10.77.0.3/24', '10.77.0.3/24']}, /10\.77\.0\.3\/24/],
	['a gateway out of reach', {gateways: ['10.99.0.1']}, /10\.99\.0\.1/],
];

for (const [name, changes, expected] of refusals) {
	rooted(`${name} is told, and leaves nothing`, async t => {
		const outside = outsideFor(t);
		const supervisor = outside.supervisor();
		const plan = sleeping(t, endpoint(3, changes));
		const launch = supervisor.launch(plan);
		const error = await t.throwsAsync(launch.running, {instanceOf: ClocheError});
		t.regex(error.message, expected);
		t.log(error.message);
		await launch.released;
		await until(t, () => !outside.ip('-br', 'link').includes('veth') && outside.ip('-br', 'link').trim().split('\n').length === 2);
	});

	rooted(`${name}: a live connect leaves nothing either`, async t => {
		const outside = outsideFor(t);
		const running = supervisorFor(t, 'root').launch(sleeping(t));
		const target = await targetOf(running);
		const supervisor = outside.supervisor();
		t.regex(await failureOf(t, connect(supervisor, target, endpoint(3, changes))), expected);
		t.is(outside.ip('-br', 'link').trim().split('\n').length, 2);
		const links = readFileSync(`/proc/${target.pid}/net/dev`, 'utf8').trim().split('\n').slice(2);
		t.is(links.length, 1);
	});
}

rooted('the second of two that cannot be made takes the first along', async t => {
	const outside = outsideFor(t);
	const target = await targetOf(supervisorFor(t, 'root').launch(sleeping(t)));
	await failureOf(t, connect(outside.supervisor(), target, endpoint(3), endpoint(4, {name: 'eth1', bridge: 'nobridge'})));
	t.is(outside.ip('-br', 'link').trim().split('\n').length, 2);
});

rooted('links for whom there is no network namespace, or who has ended, are refused', async t => {
	const supervisor = outsideFor(t).supervisor();
	const own = process.pid;
	const inOurs = startSupervisor({path: nsinit, stdin: 'ignore', stdout: 'ignore'});
	t.teardown(async () => inOurs.close());
	t.regex(await failureOf(t, connect(inOurs, {pid: own, start: startTime(own) ?? 0}, endpoint(3))), /no network namespace of its own/);
	t.regex(await failureOf(t, connect(supervisor, {pid: own, start: 1}, endpoint(3))), /not running/);
});

rooted('an operation that fails before it is the one that is told', async t => {
	const outside = outsideFor(t);
	const plan = planFor(t, 'root', ['/bin/true']);
	const failing: Plan = {...plan, create: [{op: 'bind', source: '/nonexistent-source', target: '/x'}, ...plan.create, endpoint(3)]};
	const message = await failureOf(t, runPlan(outside.supervisor(), failing));
	t.regex(message, /nonexistent-source/);
});

for (const nested of [false, true]) {
	rooted(`without privilege, from namespaces of the user's own: a container ${nested ? 'with a user namespace of its own below' : 'in the same user namespace'}`, async t => {
		const outside = ['ip link set lo up', 'ip link add br0 type bridge', 'ip addr add 10.77.0.1/24 dev br0', 'ip addr add fd77::1/64 dev br0 nodad', 'ip link set br0 up'];
		const directory = directoryFor(t, 'rootless');
		const wrapper = join(directory, 'nsinit');
		const become = '/usr/bin/setpriv --reuid=65534 --regid=65534 --clear-groups /usr/bin/unshare -Urn';
		writeFileSync(wrapper, `#!/bin/sh\nexec ${become} /bin/sh -c '${outside.join('; ')}; exec ${nsinit}'\n`, {mode: 0o755});
		const supervisor = startSupervisor({path: wrapper, stdin: 'ignore', stdout: 'ignore', stderr: 'inherit'});
		t.teardown(async () => supervisor.close());
		const {userMap, ...plan} = planFor(t, 'rootless', ['sh', '-c', 'ping -q -c 1 -W 5 10.77.0.1 && ping -q -6 -c 1 -W 5 fd77::1']);
		const map = [{inside: 0, outside: 0, count: 1}];
		t.truthy(userMap);
		const {stdout, exit} = await runPlan(supervisor, withOps(nested
			? {...plan, userMap: {uids: map, gids: map, denySetgroups: true}}
			: {...plan, namespaces: plan.namespaces.filter(name => name !== 'user')}, endpoint(7)));
		t.is(exit.code, 0);
		t.is(stdout.match(/1 packets received/g)?.length, 2);
	});
}

rooted('each run of a served container has its link, and its resolver, though the last one\'s are hardly gone', async t => {
	const outside = outsideFor(t);
	const registry = registryFor(t, 'red');
	registry.join('red', 'gate', '10.77.0.1');
	const script = 'echo run >> /runs; ping -c 1 -W 5 gate >/dev/null && echo "run $(wc -l < /runs)"; [ $(wc -l < /runs) = 8 ]';
	const served = new Served(t, 'root', ['/bin/sh', '-c', script], {service: {restart: {when: 'on-failure', backoff: 1, backoffMost: 1, steady: 3_600_000}}});
	const {plan} = served;
	const link = endpoint(3, {replace: true});
	plan.parent = await outside.parent();
	plan.create = [...withOps(plan, link, {op: 'file', target: '/etc/resolv.conf', data: 'nameserver 127.0.0.11\n'}).create];
	plan.start = plan.start.filter(({op}) => op !== 'capabilities' && op !== 'credentials'); // ping needs CAP_NET_RAW
	plan.names = {directory: registry.directory, servers: []};
	await served.detach();
	t.is(await served.ended(), 'status 0');
	t.deepEqual(served.log, Array.from({length: 8}, (_, run) => `stdout F run ${run + 1}`));
	await until(t, () => !outside.ip('-br', 'link').includes(link.peer));
});

rooted('a link that a connection keeps goes with its container, also where that ends while it waits for its next run', async t => {
	const outside = outsideFor(t);
	const never = 3_600_000;
	const served = new Served(t, 'root', ['/bin/sh', '-c', 'sleep 1000 | nc 10.77.0.1 7000'], {service: {restart: {when: 'always', backoff: never, backoffMost: never, steady: never}}});
	const {plan} = served;
	const link = endpoint(3, {replace: true});
	plan.parent = await outside.parent();
	plan.create = withOps(plan, link).create;
	const server = spawn('nsenter', [`--net=/proc/${plan.parent.pid}/ns/net`, 'busybox', 'nc', '-l', '-p', '7000'], {stdio: ['pipe', 'ignore', 'ignore']}); // its input never ends
	t.teardown(() => server.kill('SIGKILL'));
	const sockets = (pid: number): string => ['tcp', 'tcp6'].map(name => readFileSync(`/proc/${pid}/net/${name}`, 'latin1')).join('');
	await until(t, () => sockets(plan.parent?.pid ?? 0).includes(' 0A '));
	await served.detach();
	const client = await served.connect();
	const {pid = 0} = await client.status();
	await until(t, () => sockets(pid).includes(' 01 '));
	// Nobody answers any more.
	outside.ip('link', 'set', 'br0', 'down');
	process.kill(pid, 'SIGKILL');
	await until(t, () => served.exit?.restarting === true);
	t.true(outside.ip('-br', 'link').includes(link.peer));
	client.stop();
	t.is(await served.ended(), 'status 0');
	t.false(outside.ip('-br', 'link').includes(link.peer));
});

rooted('links end with a container whose helper is killed', async t => {
	const outside = outsideFor(t);
	const supervisor = outside.supervisor();
	const link = endpoint(3);
	const launch = supervisor.launch(sleeping(t, link));
	await launch.running;
	const pid = await launch.created;
	t.true(outside.ip('-br', 'link').includes(link.peer));
	const parent = Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
	process.kill(parent, 'SIGKILL');
	await t.throwsAsync(launch.exited);
	await until(t, () => !existsSync(`/proc/${pid}`) && !outside.ip('-br', 'link').includes(link.peer));
});
