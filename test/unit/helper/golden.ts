/** The golden frames: what each is made of in TypeScript. The bytes stand in test/fixtures/golden, for both sides. */

import {readFileSync} from 'node:fs';
import {join, resolve} from 'node:path';
import {encodeCreate, encodeLinks, encodeResize, encodeResume, encodeSignal, encodeStart} from '../../../orchestrator/helper/encode.js';
import {encodeAttach, encodeDetach, encodeInput, encodeServe, encodeStatus, encodeStop} from '../../../orchestrator/helper/encode-service.js';
import type {HelperEvent} from '../../../orchestrator/helper/events.js';
import type {CreateOp, Plan, Service, StartOp} from '../../../orchestrator/helper/plan.js';
import {Step} from '../../../orchestrator/helper/protocol.js';

export const goldenPath = (name: string): string => join(resolve('test/fixtures/golden'), `${name}.bin`);

/** The bytes of a golden frame. */
export const goldenBytes = (name: string): Buffer => readFileSync(goldenPath(name));

/** Every operation of CREATE once, with every field it takes. */
const create: CreateOp[] = [
	{op: 'propagation', target: '/'},
	{op: 'overlay', target: '/', lowers: ['/l1', '/l2'], upper: '/u', work: '/w', options: ['volatile'], attributes: ['nodev'], root: true},
	{op: 'mount', type: 'proc', source: 'proc', target: '/proc', options: ['hidepid=2'], attributes: ['nosuid', 'nodev', 'noexec'], create: 'directory'},
	{op: 'mount', type: 'tmpfs', target: '/run', options: ['size=1m', 'mode=755'], classic: true},
	{op: 'bind', source: '/src', target: '/dst', recursive: true, create: 'file', noSymlinks: true, attributes: ['rdonly']},
	{op: 'protect', target: '/proc/sys', attributes: ['rdonly'], ifExists: true, recursive: true},
	{op: 'mask', target: '/proc/kcore', ifExists: true},
	{op: 'device', target: '/dev/null', major: 1, minor: 3, mode: 0o666},
	{op: 'device', target: '/dev/sda', major: 8, minor: 1, mode: 0o600, block: true},
	{op: 'symlink', target: '/dev/fd', text: '/proc/self/fd'},
	{op: 'mkdir', target: '/tmp', mode: 0o1777, uid: 1, gid: 2},
	{op: 'file', target: '/etc/hosts', data: '127.0.0.1 löcalhost\n', mode: 0o644, uid: 0, gid: 0},
	{op: 'sysctl', key: 'net/ipv4/ip_forward', value: '1'},
	{op: 'hostname', name: 'westeros'},
	{op: 'domainname', name: 'north'},
	{op: 'loopback'},
	{op: 'time-offset', monotonic: -5n, boottime: 1n << 40n},
	{op: 'console', target: '/dev/console'},
	{op: 'pivot'},
];

/** Every operation of START once. */
const start: StartOp[] = [
	{op: 'rlimit', resource: 7, soft: 1024n, hard: 0xFFFF_FFFF_FFFF_FFFFn},
	{op: 'cwd', target: '/src', create: 'directory'},
	{op: 'credentials', uid: 1, gid: 2, groups: [3, 4], user: 'www-data:www-data'},
	{op: 'capabilities', bounding: 0xA80425FBn, permitted: 1n, inheritable: 0n, ambient: 1n << 40n},
	{op: 'no-new-privs'},
	{op: 'seccomp', program: Uint8Array.of(6, 0, 0, 0, 0, 0, 0xFF, 0x7F)},
	{op: 'exec', argv: ['/bin/echo', '', 'a b', 'ü\n'], env: ['PATH=/bin', 'EMPTY=']},
];

const plan: Plan = {
	namespaces: ['mount', 'uts', 'ipc', 'pid', 'network', 'user', 'cgroup', 'time'],
	join: ['/proc/1/ns/net'],
	userMap: {
		uids: [{inside: 0, outside: 1000, count: 1}, {inside: 1, outside: 100_000, count: 65_536}],
		gids: [{inside: 0, outside: 1000, count: 1}],
		denySetgroups: true,
		mappers: {uid: '/usr/bin/newuidmap', gid: '/usr/bin/newgidmap'},
	},
	streams: {stdin: 'null', stdout: 'pipe', stderr: 2},
	terminal: true,
	size: {rows: 24, columns: 80},
	init: true,
	cgroups: ['/sys/fs/cgroup/cloche/x'],
	remove: ['/var/lib/cloche/x', '/run/cloche/x'],
	create,
	start,
};

const joined: Plan = {...plan, namespaces: [], join: [], create: [], remove: [], cgroups: [], terminal: false, init: false};

/** All that SERVE can say. */
const service: Service = {
	socket: '/run/cloche/x/socket',
	log: {directory: '/var/lib/cloche/containers/x/log', maxSize: 1 << 24, maxFiles: 3},
	exitFile: '/var/lib/cloche/containers/x/exit.json',
	initLink: '/var/lib/cloche/containers/x.init',
	boot: '1a2b3c4d',
	events: {file: '/var/lib/cloche/events', members: {id: 'x', name: 'ü', labels: {a: 'b'}}},
	restart: {when: 'on-failure', most: 5, backoff: 100, backoffMost: 60_000, steady: 10_000},
	stopSignal: 15,
	stopTimeout: 10_000,
	lifetime: 90_000,
	health: {
		file: '/run/cloche/x/health.json', interval: 30_000, timeout: 20_000, retries: 3, startPeriod: 5000,
		plan: {...joined, streams: {stdin: 'null', stdout: 'pipe', stderr: 'pipe'}, start: [{op: 'exec', argv: ['/bin/sh', '-c', 'true'], env: ['PATH=/bin']}]},
	},
};

/** Requests: name and what makes them. */
export const goldenRequests: Readonly<Record<string, () => Buffer>> = {
	create: () => encodeCreate(1, plan, {trace: true, hold: 3, forgo: 1}),
	start: () => encodeStart(1, start, create.length),
	join: () => encodeCreate(2, joined, {target: 1}),
	'create-ports': () => encodeCreate(2, {...joined, ports: [
		{protocol: 'tcp', address: '127.0.0.1', outside: 0, inside: 80}, {protocol: 'udp', address: '::', outside: 53, inside: 5353},
	]}),
	'join-process': () => encodeCreate(2, {...joined, enter: ['mount', 'user'], program: '/bin/busybox'}, {target: {pid: 4711, start: 5_000_000_000}}),
	'create-parent': () => encodeCreate(3, {...joined, namespaces: ['network', 'user'], parent: {pid: 4711, start: 5_000_000_000}, presence: '/run/cloche/x/presence', create: [
		{op: 'endpoint', name: 'eth0', peer: 'vabc', bridge: 'clo1', addresses: ['10.89.0.2/24', 'fd00::2/64'], gateways: ['10.89.0.1'], mac: '02:00:00:00:00:2a', mtu: 1400, replace: true},
	]}),
	'join-parent': () => encodeCreate(4, {...joined, parent: {pid: 4711, start: 5_000_000_000}, create: [{op: 'link-delete', name: 'eth0', ifExists: true}]}, {target: {pid: 4712, start: 5_000_000_001}}),
	links: () => encodeLinks(5, {...joined, parent: {pid: 4711, start: 5_000_000_000}, create: [
		{op: 'endpoint', name: 'eth1', peer: 'vabc', bridge: 'clo1', addresses: ['10.89.0.2/24'], mac: '02:00:00:00:00:2a', mtu: 1400},
	]}, {pid: 4712, start: 5_000_000_001}),
	serve: () => encodeServe(1, service),
	'serve-least': () => encodeServe(1, {socket: '/s', exitFile: '/e', initLink: '/i', boot: '1a2b3c4d', stopSignal: 15, stopTimeout: 0}),
	detach: () => encodeDetach(),
	stop: () => encodeStop(1, {signal: 15, timeout: 10_000}),
	'stop-now': () => encodeStop(1),
	attach: () => encodeAttach(1),
	input: () => encodeInput(1, Buffer.from('ü\0\n')),
	'input-end': () => encodeInput(1),
	status: () => encodeStatus(1),
	signal: () => encodeSignal(1, 15),
	resize: () => encodeResize(1, 50, 132),
	resume: () => encodeResume(0xFFFF_FFFF),
};

/** Events: name, channel and meaning. test/helper/golden.c makes the same ones with nsinit's own code. */
export const goldenEvents: Readonly<Record<string, [channel: number, event: HelperEvent]>> = {
	hello: [0, {type: 'hello', hash: 0x0123_4567_89AB_CDEFn, version: '0.1.0', pid: 4711}],
	streams: [1, {type: 'streams', stdin: 5, stdout: 7, stderr: 9}],
	created: [1, {type: 'created', pid: 4712}],
	running: [1, {type: 'running'}],
	warning: [1, {type: 'warning', failure: {step: Step.REMOVE, index: 0, errno: 16, path: '/run/cloche/ü', detail: 'rmdir'}}],
	error: [1, {type: 'error', failure: {step: Step.CREATE, index: 3, errno: 19, path: '/x', detail: 'fsopen'}}],
	'exited-code': [1, {type: 'exited', exit: {code: 7, userTime: 1000, systemTime: 2_000_000, maxRss: 5_000_000_000}}],
	'exited-signal': [1, {type: 'exited', exit: {signal: 9, userTime: 0, systemTime: 0, maxRss: 0}}],
	'output-lost': [1, {type: 'output', stream: 0, lost: 5_000_000_000}],
	report: [1, {type: 'report', report: {pid: 4712, restarts: 3, lost: 7}}],
	published: [1, {type: 'published', port: {protocol: 'tcp', address: '::1', outside: 8080, inside: 80}}],
	'report-waiting': [1, {type: 'report', report: {restarts: 1, lost: 0}}],
	released: [1, {type: 'released'}],
	traced: [1, {type: 'traced', step: Step.CREATE, index: 3, nanoseconds: 5_000_000_000}],
	held: [0xFFFF_FFFF, {type: 'held', index: 3}],
};
