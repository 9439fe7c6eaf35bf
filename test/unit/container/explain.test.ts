/** Plans in words, to the letter: these are read by people. */

import test from 'ava';
import {explainPlan} from '../../../orchestrator/container/explain.js';
import {TracePrinter} from '../../../orchestrator/container/explain/trace.js';
import {describeOp} from '../../../orchestrator/container/explain/words.js';
import {makePlan} from '../../../orchestrator/container/plan.js';
import type {Op, Plan} from '../../../orchestrator/helper/plan.js';
import {granted, ordinary, placement, root, specOf} from './given.js';

/** A plan with one thing of each kind that the sections are made of. */
const small: Plan = {
	namespaces: ['mount', 'pid'],
	join: [],
	streams: {stdin: 'null', stdout: 1, stderr: 2},
	terminal: false,
	init: false,
	cgroups: [],
	remove: ['/state/containers/abc', '/state/live/abc'],
	create: [
		{op: 'propagation', target: '/', why: 'nothing that is mounted from here on shows outside'},
		{op: 'overlay', target: '/', root: true, lowers: ['/top', '/bottom'], upper: '/c/upper', work: '/c/work', attributes: ['nodev'], options: ['volatile']},
		{op: 'pivot', why: 'the old root is detached: no path leads back to it'},
	],
	start: [
		{op: 'capabilities', bounding: 1n, permitted: 1n, inheritable: 0n, ambient: 0n, why: 'the others can never be had again'},
		{op: 'exec', argv: ['echo', 'it\'s', 'a b', ''], env: ['PATH=/bin', 'A=x y']},
	],
};

test('a plan', t => {
	t.is(explainPlan(small), `clone3 makes the container's first process, with new namespaces:
  CLONE_NEWNS      mounts: a tree of its own
  CLONE_NEWPID     processes: the first one is process 1, and when it ends all others are killed

It builds its root:
   0  make every mount from / down private: nothing that is mounted from here on shows outside
   1  mount an overlay at / (nodev, volatile)
          writes go to   /c/upper
          above          /top
                         /bottom
   2  pivot_root into the new root: the old root is detached: no path leads back to it

It becomes the command:
   3  keep only these capabilities: the others can never be had again
          chown
   4  execve echo 'it'\\''s' 'a b' ''
          PATH=/bin
          'A=x y'

When it has ended, its namespaces are gone, and with them all mounts.
Then these are removed:
  /state/containers/abc
  /state/live/abc
`);
});

test('id maps, and an init', t => {
	const plan = explainPlan(makePlan(specOf({init: true}), granted, placement));
	t.true(plan.includes(`
newuidmap and newgidmap write its id maps:
  uid 0 inside is 1000 outside
  uid 1 to 65536 inside are 100000 to 165535 outside
  gid 0 inside is 100 outside
  gid 1 to 65536 inside are 200000 to 265535 outside

It stays as process 1, reaps orphans and forwards signals; a child of it becomes the command.
`), plan);
	t.true(explainPlan(makePlan(specOf(), ordinary, placement)).includes('setgroups is denied'));
});

test('published ports come first', t => {
	const plan = explainPlan({...small, ports: [{protocol: 'tcp', address: '127.0.0.1', outside: 8080, inside: 80}, {protocol: 'udp', address: '::1', outside: 0, inside: 53}]});
	t.true(plan.startsWith(`Sockets outside are bound, before anything is made; a process in the container's network will forward what comes there:
  127.0.0.1:8080/tcp to 80
  [::1]:any/udp to 53

clone3 makes`), plan);
});

test('a kept container', t => {
	t.true(explainPlan({...small, remove: []}).endsWith('\nWhen it has ended, its namespaces are gone, and with them all mounts.\n'));
});

const words: ReadonlyArray<readonly [op: Op, line: string]> = [
	[{op: 'mount', type: 'proc', target: '/proc', attributes: ['nosuid', 'rdonly'], options: ['a=b']}, 'mount a proc at /proc (nosuid, read-only, a=b)'],
	[{op: 'bind', source: '/a', target: '/b'}, 'bind /a to /b'],
	[{op: 'bind', source: '/a', target: '/b', recursive: true, attributes: ['rdonly']}, 'bind /a to /b (with the mounts below, read-only)'],
	[{op: 'protect', target: '/proc/sys', attributes: ['rdonly']}, 'make /proc/sys read-only'],
	[{op: 'mask', target: '/proc/kcore'}, 'hide /proc/kcore'],
	[{op: 'device', target: '/dev/null', major: 1, minor: 3, mode: 0o666}, 'make the character device /dev/null (1:3, mode 0666)'],
	[{op: 'device', target: '/dev/a', major: 8, minor: 0, mode: 0o600, block: true}, 'make the block device /dev/a (8:0, mode 0600)'],
	[{op: 'symlink', target: '/dev/fd', text: '/proc/self/fd'}, 'link /dev/fd to /proc/self/fd'],
	[{op: 'mkdir', target: '/a'}, 'make the directory /a'],
	[{op: 'file', target: '/a', data: 'xyz'}, 'write the file /a (3 bytes)'],
	[{op: 'hostname', name: 'h'}, 'set the host name to h'],
	[{op: 'domainname', name: 'd'}, 'set the domain name to d'],
	[{op: 'sysctl', key: 'net/core/somaxconn', value: '5'}, 'set net.core.somaxconn to 5'],
	[{op: 'loopback'}, 'bring up lo'],
	[{op: 'time-offset', monotonic: 172_800_000_000_000n, boottime: -500_000_000n}, 'make a time namespace (CLONE_NEWTIME) with monotonic +172800 s, boottime -0.5 s'],
	[{op: 'console', target: '/dev/console'}, 'open a terminal and show it as /dev/console'],
	[{op: 'link-delete', name: 'eth1'}, 'delete the link eth1'],
	[{op: 'resolver', address: '127.0.0.11'}, 'listen for name queries on 127.0.0.11'],
	[{op: 'rlimit', resource: 7, soft: 5n, hard: 2n ** 64n - 1n}, 'limit nofile to 5, at most unlimited'],
	[{op: 'credentials', user: 'nobody'}, 'become the user nobody'],
	[{op: 'credentials', uid: 1, gid: 2}, 'become uid 1, gid 2'],
	[{op: 'no-new-privs'}, 'set no_new_privs'],
	[{op: 'seccomp', program: new Uint8Array(80)}, 'load a seccomp filter of 10 instructions'],
	[{op: 'cwd', target: '/a', create: 'directory'}, 'enter /a, made where it is missing'],
];

for (const [op, line] of words) {
	test(`in words: ${line}`, t => {
		t.deepEqual(describeOp(op), {line, details: []});
	});
}

test('in words: a link, and its parts', t => {
	t.deepEqual(describeOp({op: 'endpoint', name: 'eth0', peer: 'vabc', bridge: 'clo1', addresses: ['10.89.0.2/24'], gateways: ['10.89.0.1'], mac: '02:00:00:00:00:2a', mtu: 1400}), {
		line: 'make the link eth0 to the bridge clo1 (02:00:00:00:00:2a, mtu 1400)',
		details: ['outside       vabc', 'address       10.89.0.2/24', 'default route 10.89.0.1'],
	});
	t.is(describeOp({op: 'endpoint', name: 'eth0', peer: 'vabc', addresses: []}).line, 'make the link eth0');
});

test('every operation of the default plan says why, or needs no reason', t => {
	const {create} = makePlan(specOf({tty: true, readOnly: true, timeOffset: 'boottime=1s'}), root, placement);
	for (const op of create.slice(2)) {
		t.true(op.why !== undefined || op.op === 'device' || op.op === 'symlink', describeOp(op).line);
	}
});

test('a trace tells times as it goes', t => {
	const lines: string[] = [];
	const printer = new TracePrinter(small, more => lines.push(...more));
	printer.begin();
	for (const [index, op] of [...small.create, ...small.start].entries()) {
		printer.step(index, op, 1500 * (index + 1));
	}

	printer.end(4.25);
	t.deepEqual(lines.slice(3), [
		'',
		'It builds its root:',
		'      1.5 µs  make every mount from / down private: nothing that is mounted from here on shows outside',
		'      3.0 µs  mount an overlay at / (nodev, volatile)',
		'                  writes go to   /c/upper',
		'                  above          /top',
		'                                 /bottom',
		'      4.5 µs  pivot_root into the new root: the old root is detached: no path leads back to it',
		'      9.0 µs  together',
		'',
		'It becomes the command:',
		'      6.0 µs  keep only these capabilities: the others can never be had again',
		'                  chown',
		'              execve echo \'it\'\\\'\'s\' \'a b\' \'\'',
		'                  PATH=/bin',
		'                  \'A=x y\'',
		'',
		'It ended 4.3 ms after it was asked for.',
	]);
});
