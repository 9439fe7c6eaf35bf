/** Spec → plan: the whole default plan, and what each wish and each lack of the machine changes in it. */

import test from 'ava';
import {ClocheError} from '../../../orchestrator/base/errors.js';
import {makePlan} from '../../../orchestrator/container/plan.js';
import type {RunOptions} from '../../../orchestrator/container/options/run-options.js';
import type {Facts, Placement} from '../../../orchestrator/container/plan/facts.js';
import type {CreateOp, Op, Plan} from '../../../orchestrator/helper/plan.js';
import {granted, ordinary, placement, root, specOf} from './given.js';

const planOf = (options: RunOptions = {}, facts: Facts = root, place: Placement = placement, command: readonly string[] = ['true']): Plan =>
	makePlan(specOf(options, command), facts, place, path => !path.endsWith('.file'));

/** An operation in short: what it does, and where. */
const short = (op: Op): string => {
	const what = op.op === 'mount' ? op.type : op.op;
	return 'target' in op ? `${what} ${op.target}` : what;
};

const at = (plan: Plan, target: string): CreateOp | undefined => plan.create.find(op => 'target' in op && op.target === target);

const placeOf = (plan: Plan, target: string): number => plan.create.findIndex(op => 'target' in op && op.target === target);

test('the default plan of root', t => {
	const plan = planOf();
	t.deepEqual(plan.namespaces, ['mount', 'pid', 'uts', 'ipc', 'network', 'cgroup']);
	t.is(plan.userMap, undefined);
	t.deepEqual(plan.streams, {stdin: 'null', stdout: 1, stderr: 2});
	t.deepEqual(plan.remove, ['/c']);
	t.deepEqual(plan.create.map(op => short(op)), [
		'propagation /', 'overlay /',
		'proc /proc', 'sysfs /sys',
		'tmpfs /dev', ...['null', 'zero', 'full', 'random', 'urandom', 'tty'].map(name => `device /dev/${name}`),
		...['fd', 'stdin', 'stdout', 'stderr', 'ptmx'].map(name => `symlink /dev/${name}`),
		'devpts /dev/pts', 'tmpfs /dev/shm', 'mqueue /dev/mqueue',
		...['acpi', 'asound', 'interrupts', 'kcore', 'keys', 'latency_stats', 'sched_debug', 'scsi', 'timer_list', 'timer_stats'].map(name => `mask /proc/${name}`),
		'mask /sys/devices/virtual/powercap', 'mask /sys/firmware',
		...['bus', 'fs', 'irq', 'sys', 'sysrq-trigger'].map(name => `protect /proc/${name}`),
		'hostname', 'loopback', 'pivot',
	]);
	t.deepEqual(plan.start.map(op => short(op)), ['capabilities', 'credentials', 'exec']);
});

test('our own mount points refuse links, and so does what hides and protects', t => {
	for (const op of planOf().create) {
		if ('target' in op && /^\/(?:proc|sys|dev)/.test(op.target) && op.op !== 'device' && op.op !== 'symlink') {
			t.true(op.noSymlinks, short(op));
		}
	}
});

test('pseudo file systems can neither run nor own anything', t => {
	const plan = planOf({}, {...root, unifiedCgroups: true});
	for (const target of ['/proc', '/sys', '/dev/shm', '/dev/mqueue', '/sys/fs/cgroup']) {
		const op = at(plan, target);
		t.true(op?.op === 'mount' && ['nosuid', 'nodev', 'noexec'].every(name => (op.attributes as string[] | undefined)?.includes(name)), target);
	}

	for (const target of ['/sys', '/sys/fs/cgroup']) {
		const op = at(plan, target);
		t.true(op?.op === 'mount' && op.attributes?.includes('rdonly'), target);
	}
});

test('the payload', t => {
	const plan = planOf({env: ['A=1'], hostname: 'h'}, root, placement, ['echo', 'a b']);
	t.deepEqual(plan.start.at(-1), {op: 'exec', argv: ['echo', 'a b'], env: ['HOSTNAME=h', 'HOME=/root', 'A=1']});
	t.like(planOf().start.at(-1), {env: ['HOSTNAME=abc', 'HOME=/root']});
	t.like(planOf({uts: 'host'}).start.at(-1), {env: ['HOME=/root']}, 'the host\'s name is not ours to tell');
	t.like(planOf({tty: true, user: 'u', env: ['TERM=vt100']}).start.at(-1), {env: ['HOSTNAME=abc', 'TERM=vt100']});
});

test('the order in which privilege is given up', t => {
	const options = {ulimit: 'core=0', workdir: '/w', user: '1:1', securityOpt: 'no-new-privileges'};
	const spec = specOf(options);
	spec.linux.seccomp = new Uint8Array(8);
	const plan = makePlan(spec, root, placement);
	t.deepEqual(plan.start.map(op => op.op), ['rlimit', 'cwd', 'capabilities', 'credentials', 'no-new-privs', 'seccomp', 'exec']);
	t.like(plan.start[1], {target: '/w', create: 'directory'});
	t.like(plan.start[3], {user: '1:1'});
});

test('shared namespaces', t => {
	t.false(planOf({pid: 'host'}).namespaces.includes('pid'));
	t.like(at(planOf({pid: 'host'}), '/proc'), {op: 'mount', type: 'proc'}, 'a fresh proc shows the host\'s processes to root');
	t.false(planOf({uts: 'host'}).create.some(op => op.op === 'hostname'));
	t.false(planOf({network: 'host'}).create.some(op => op.op === 'loopback'));
	t.like(at(planOf({ipc: 'host'}), '/dev/shm'), {op: 'bind', source: '/dev/shm'});
	t.like(at(planOf({ipc: 'host'}), '/dev/mqueue'), {op: 'mount', type: 'mqueue'});
	t.false(planOf({cgroupns: 'host'}).namespaces.includes('cgroup'));
});

test('the host\'s network comes with its names, unless they are there anyway', t => {
	const facts = {...root, exists: (path: string) => path === '/etc/resolv.conf'};
	t.like(at(planOf({network: 'host'}, facts), '/etc/resolv.conf'), {op: 'bind', attributes: ['rdonly'], create: 'file', ifExists: true});
	t.is(at(planOf({network: 'host'}, facts), '/etc/hosts'), undefined);
	t.is(at(planOf({network: 'host'}, facts, {...placement, host: true}), '/etc/resolv.conf'), undefined);
	t.is(at(planOf({}, facts), '/etc/resolv.conf'), undefined);
});

test('cgroup2 is shown only where there is nothing else', t => {
	t.is(at(planOf(), '/sys/fs/cgroup'), undefined);
	t.like(at(planOf({}, {...root, unifiedCgroups: true}), '/sys/fs/cgroup'), {op: 'mount', type: 'cgroup2'});
	t.like(at(planOf({cgroupns: 'host'}, {...ordinary, unifiedCgroups: true}), '/sys/fs/cgroup'), {op: 'bind', recursive: true});
});

test('an ordinary user has a user namespace, and in it one id', t => {
	const plan = planOf({}, ordinary);
	t.is(plan.namespaces[0], 'user');
	t.deepEqual(plan.userMap, {uids: [{inside: 0, outside: 1000, count: 1}], gids: [{inside: 0, outside: 100, count: 1}], denySetgroups: true});
	t.like(at(plan, '/dev/null'), {op: 'bind', source: '/dev/null', create: 'file'}, 'no nodes can be made');
	t.deepEqual((at(plan, '/dev/pts') as {options: string[]}).options, ['newinstance', 'ptmxmode=0666', 'mode=0620'], 'gid 5 is nobody there');
	t.like(at(plan, '/proc'), {op: 'mount'});
	t.like(at(plan, '/sys'), {op: 'mount'});
});

test('an ordinary user sees the host\'s where a namespace is shared', t => {
	t.like(at(planOf({pid: 'host'}, ordinary), '/proc'), {op: 'bind', source: '/proc', recursive: true});
	t.like(at(planOf({network: 'host'}, ordinary), '/sys'), {op: 'bind', source: '/sys', recursive: true, attributes: ['rdonly', 'nosuid', 'nodev', 'noexec']});
	t.is(at(planOf({ipc: 'host'}, ordinary), '/dev/mqueue'), undefined);
	t.like(at(planOf({ipc: 'host'}, {...ordinary, exists: () => true}), '/dev/mqueue'), {op: 'bind', source: '/dev/mqueue'});
	t.true(planOf({pid: 'host'}, ordinary).create.some(op => op.op === 'mask' && op.target === '/proc/kcore'), 'what is hidden stays hidden');
});

test('an ordinary user with granted ranges', t => {
	const plan = planOf({user: '1000:5'}, granted);
	t.deepEqual(plan.userMap, {
		uids: [{inside: 0, outside: 1000, count: 1}, {inside: 1, outside: 100_000, count: 65_536}],
		gids: [{inside: 0, outside: 100, count: 1}, {inside: 1, outside: 200_000, count: 65_536}],
		denySetgroups: false,
		mappers: {uid: '/usr/bin/newuidmap', gid: '/usr/bin/newgidmap'},
	});
	t.true((at(plan, '/dev/pts') as {options: string[]}).options.includes('gid=5'));
	t.throws(() => planOf({user: '70000'}, granted), {message: /uid 70000/});
});

test('ids that don\'t exist inside are refused', t => {
	t.throws(() => planOf({user: '1000'}, ordinary), {instanceOf: ClocheError, message: /^user: uid 1000: .*\/etc\/subuid/});
	t.throws(() => planOf({user: '0:5'}, ordinary), {message: /^user: gid 5/});
	t.notThrows(() => planOf({user: '0:0'}, ordinary));
	t.throws(() => planOf({userns: 'host'}, ordinary), {message: /^--userns host: only root/});
});

test('root with a user namespace keeps its ids', t => {
	const plan = planOf({userns: 'private', user: '4000000000'});
	t.deepEqual(plan.userMap, {uids: [{inside: 0, outside: 0, count: 4_294_967_295}], gids: [{inside: 0, outside: 0, count: 4_294_967_295}], denySetgroups: false});
	t.like(at(plan, '/dev/null'), {op: 'bind'});
});

test('capabilities', t => {
	const mask = (plan: Plan): unknown => plan.start.find(op => op.op === 'capabilities')?.bounding;
	t.is(mask(planOf({capDrop: 'ALL'})), 0n);
	t.is(mask(planOf({capDrop: 'ALL', capAdd: 'CHOWN'})), 1n);
	t.is(mask(planOf({capAdd: 'ALL'}, {...root, capabilities: 3n})), 3n, 'as much as there is');
	t.throws(() => planOf({capAdd: 'SYS_RESOURCE'}, {...root, capabilities: 3n}), {message: /^capability SYS_RESOURCE: this process hasn't got it/});
	t.notThrows(() => planOf({capAdd: 'SYS_RESOURCE'}, ordinary), 'in a user namespace all can be had');
});

test('volumes come parents first, and before what hides', t => {
	const plan = planOf({volume: ['/src:/a/b/c', '/x.file:/a/f', '/src:/a:ro,bind'], tmpfs: '/z'});
	t.true(placeOf(plan, '/a') < placeOf(plan, '/a/b/c'));
	t.true(placeOf(plan, '/a/b/c') < placeOf(plan, '/proc/kcore'));
	t.like(at(plan, '/a'), {op: 'bind', source: '/src', attributes: ['rdonly'], recursive: false, create: 'directory'});
	t.like(at(plan, '/a/f'), {create: 'file', recursive: true});
	t.like(at(plan, '/z'), {op: 'mount', type: 'tmpfs', attributes: ['nosuid', 'nodev', 'noexec'], options: []});
	t.false(plan.create.some(op => op.op === 'bind' && op.noSymlinks), 'an image\'s links are followed, inside');
});

test('a volume at a default mount\'s place replaces it', t => {
	const shm = planOf({tmpfs: '/dev/shm:size=1m'});
	t.is(shm.create.filter(op => 'target' in op && op.target === '/dev/shm').length, 1);
	const dev = planOf({volume: '/dev:/dev'});
	t.like(at(dev, '/dev'), {op: 'bind'});
	t.is(at(dev, '/dev/null'), undefined);
	t.is(at(dev, '/dev/pts'), undefined);
});

test('a volume\'s source has to be there', t => {
	t.throws(() => makePlan(specOf({volume: '/nowhere/at/all:/a'}), root, placement), {message: /^volume: \/nowhere\/at\/all: no such file or directory; make it first/});
});

test('read-only is the last that happens to the root', t => {
	const plan = planOf({readOnly: true, tty: true});
	t.deepEqual(plan.create.slice(placeOf(plan, '/dev/console')).map(op => short(op)), ['console /dev/console', 'protect /', 'hostname', 'loopback', 'pivot']);
});

test('the machine\'s own root has another /run', t => {
	const plan = planOf({}, root, {...placement, host: true});
	t.like(at(plan, '/run'), {op: 'mount', type: 'tmpfs', noSymlinks: true});
	t.is(at(planOf(), '/run'), undefined);
});

test('settings', t => {
	const plan = planOf({domainname: 'd', sysctl: ['net.core.somaxconn=5', 'kernel.sem=1 2'], timeOffset: 'monotonic=1s'});
	t.like(plan.create.slice(-7), [
		{op: 'hostname', name: 'abc'},
		{op: 'domainname', name: 'd'},
		{op: 'loopback'},
		{op: 'sysctl', key: 'net/core/somaxconn', value: '5'},
		{op: 'sysctl', key: 'kernel/sem', value: '1 2'},
		{op: 'time-offset', monotonic: 1_000_000_000n},
		{op: 'pivot'},
	]);
	t.false(plan.namespaces.includes('time'), 'the operation makes it');
});
