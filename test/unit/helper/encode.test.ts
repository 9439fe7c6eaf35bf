import test from 'ava';
import {encodeCreate, encodeCreateAndStart, encodeResize, encodeResume, encodeSignal, encodeStart} from '../../../orchestrator/helper/encode.js';
import type {FieldValue} from '../../../orchestrator/helper/frame-decoder.js';
import type {CreateOp, Plan, StartOp} from '../../../orchestrator/helper/plan.js';
import {Limit, Attribute, Flag, Kind, Op, Stream, Tag, opTable, tagTable} from '../../../orchestrator/helper/protocol.js';
import {decode, planOf} from './fake.js';

type Named = [name: string, value: FieldValue];

const named = (bytes: Buffer): Named[] => (decode(bytes, 'in')[0]?.fields ?? []).map(({tag, value}): Named => [tagTable[tag].name, value]);

/** The fields of one operation, its OP left out. */
const fieldsOfCreate = (op: CreateOp): Named[] => named(encodeCreate(1, planOf({create: [op]}))).slice(5);
const fieldsOfStart = (op: StartOp): Named[] => named(encodeStart(1, [op, {op: 'exec', argv: ['x'], env: []}])).slice(1, -2);

const wording = (t: {throws: (run: () => unknown) => Error | undefined}, changes: Partial<Plan>): string =>
	t.throws(() => encodeCreateAndStart(1, planOf(changes)))?.message ?? '';

test('CREATE carries what the plan says before its operations', t => {
	const plan = planOf({
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
		cgroups: ['/sys/fs/cgroup/x'],
		remove: ['/run/a', '/run/b'],
		parent: {pid: 4711, start: 2 ** 40},
		presence: '/run/presence',
	});
	t.deepEqual(named(encodeCreate(5, plan, {trace: true, hold: 3, forgo: 1})), [
		['NAMESPACES', 0x7E02_0080n],
		['JOIN_NAMESPACE', '/proc/1/ns/net'],
		['UID_MAP', '0 1000 1\n1 100000 65536\n'],
		['GID_MAP', '0 1000 1\n'],
		['UID_MAPPER', '/usr/bin/newuidmap'],
		['GID_MAPPER', '/usr/bin/newgidmap'],
		['DENY_SETGROUPS', true],
		['STDIN', Stream.NULL],
		['STDOUT', Stream.PIPE],
		['STDERR', 2],
		['TERMINAL', true],
		['ROWS', 24],
		['COLUMNS', 80],
		['INIT', true],
		['TRACE', true],
		['HOLD', 3],
		['REMOVE', '/run/a'],
		['REMOVE', '/run/b'],
		['FORGO', 1],
		['CGROUP', '/sys/fs/cgroup/x'],
		['PARENT_PID', 4711],
		['PARENT_START', 2n ** 40n],
		['PRESENCE', '/run/presence'],
	]);
	const [frame] = decode(encodeCreate(5, plan), 'in');
	t.is(frame?.kind, Kind.CREATE);
	t.is(frame?.channel, 5);
});

test('with a target, CREATE is JOIN', t => {
	const [frame] = decode(encodeCreate(6, planOf(), {target: 5}), 'in');
	t.is(frame?.kind, Kind.JOIN);
	t.deepEqual(frame?.fields[0], {tag: Tag.TARGET_CHANNEL, value: 5});
});

test('a presence is a path, and JOIN has a parent, too', t => {
	t.regex(wording(t, {presence: 'a\0'}), /^plan: presence: .* holds a NUL/);
	t.regex(wording(t, {parent: {pid: -1, start: 1}}), /^plan: parent_pid: -1 is not/);
	const [frame] = decode(encodeCreate(6, planOf({parent: {pid: 7, start: 8}}), {target: {pid: 9, start: 10}}), 'in');
	t.deepEqual(frame?.fields.filter(({tag}) => tag === Tag.PARENT_PID || tag === Tag.PARENT_START).map(({value}) => value), [7, 8n]);
});

const createOps: [CreateOp, Named[]][] = [
	[{op: 'propagation', target: '/'}, [['TARGET', '/']]],
	[{op: 'mount', type: 'proc', source: 'proc', target: '/proc', options: ['hidepid=2', 'ro'], attributes: ['nosuid', 'nodev', 'noexec'], create: 'directory'}, [
		['FLAGS', Flag.CREATE_DIRECTORY], ['TARGET', '/proc'], ['FSTYPE', 'proc'], ['SOURCE', 'proc'], ['OPTION', 'hidepid=2'], ['OPTION', 'ro'],
		['ATTR', Attribute.NOSUID | Attribute.NODEV | Attribute.NOEXEC],
	]],
	[{op: 'mount', type: 'tmpfs', target: '/', classic: true, remount: true, root: true, attributes: []}, [
		['FLAGS', Flag.CLASSIC | Flag.REMOUNT | Flag.ROOT], ['TARGET', '/'], ['FSTYPE', 'tmpfs'],
	]],
	[{op: 'bind', source: '/a', target: '/b', recursive: true, create: 'file', noSymlinks: true, attributes: ['rdonly']}, [
		['FLAGS', Flag.RECURSIVE | Flag.CREATE_FILE | Flag.NO_SYMLINKS], ['TARGET', '/b'], ['SOURCE', '/a'], ['ATTR', Attribute.RDONLY],
	]],
	[{op: 'overlay', target: '/', lowers: ['/l1', '/l2'], upper: '/u', work: '/w', options: ['volatile'], root: true}, [
		['FLAGS', Flag.ROOT], ['TARGET', '/'], ['LOWER', '/l1'], ['LOWER', '/l2'], ['UPPER', '/u'], ['WORK', '/w'], ['OPTION', 'volatile'],
	]],
	[{op: 'protect', target: '/proc/sys', attributes: ['rdonly'], ifExists: true}, [['FLAGS', Flag.IF_EXISTS], ['TARGET', '/proc/sys'], ['ATTR', Attribute.RDONLY]]],
	[{op: 'mask', target: '/proc/kcore', ifExists: true}, [['FLAGS', Flag.IF_EXISTS], ['TARGET', '/proc/kcore']]],
	[{op: 'device', target: '/dev/null', major: 1, minor: 3, mode: 0o666}, [['TARGET', '/dev/null'], ['DEVICE', 0x1_0000_0003n], ['MODE', 0o666]]],
	[{op: 'device', target: '/dev/sda', major: 8, minor: 0, mode: 0o600, block: true}, [['FLAGS', Flag.BLOCK], ['TARGET', '/dev/sda'], ['DEVICE', 8n << 32n], ['MODE', 0o600]]],
	[{op: 'symlink', target: '/dev/fd', text: '/proc/self/fd'}, [['TARGET', '/dev/fd'], ['VALUE', '/proc/self/fd']]],
	[{op: 'mkdir', target: '/tmp', mode: 0o1777, uid: 0, gid: 0}, [['TARGET', '/tmp'], ['MODE', 0o1777], ['UID', 0], ['GID', 0]]],
	[{op: 'file', target: '/etc/hostname', data: 'ü\n', mode: 0o644}, [['TARGET', '/etc/hostname'], ['DATA', Uint8Array.of(0xC3, 0xBC, 10)], ['MODE', 0o644]]],
	[{op: 'pivot'}, []],
	[{op: 'hostname', name: 'westeros'}, [['VALUE', 'westeros']]],
	[{op: 'domainname', name: 'north'}, [['VALUE', 'north']]],
	[{op: 'sysctl', key: 'net/ipv4/ip_forward', value: '1'}, [['TARGET', 'net/ipv4/ip_forward'], ['VALUE', '1']]],
	[{op: 'loopback'}, []],
	[{op: 'time-offset', monotonic: -5n, boottime: 7n}, [['MONOTONIC', -5n], ['BOOTTIME', 7n]]],
	[{op: 'console', target: '/dev/console'}, [['TARGET', '/dev/console']]],
	[{op: 'endpoint', name: 'eth0', peer: 'vabc', bridge: 'clo1', addresses: ['10.89.0.2/24', 'fd00::2/64'], gateways: ['10.89.0.1'], mac: '02:00:00:00:00:2a', mtu: 1400}, [
		['VALUE', 'eth0'], ['PEER', 'vabc'], ['BRIDGE', 'clo1'], ['ADDRESS', '10.89.0.2/24'], ['ADDRESS', 'fd00::2/64'], ['GATEWAY', '10.89.0.1'],
		['MAC', Uint8Array.of(2, 0, 0, 0, 0, 0x2A)], ['MTU', 1400],
	]],
	[{op: 'link-delete', name: 'eth1'}, [['VALUE', 'eth1']]],
	[{op: 'resolver', address: '127.0.0.11'}, [['ADDRESS', '127.0.0.11']]],
];

const startOps: [StartOp, Named[]][] = [
	[{op: 'rlimit', resource: 7, soft: 1024n, hard: 0xFFFF_FFFF_FFFF_FFFFn}, [['RESOURCE', 7], ['SOFT', 1024n], ['HARD', 0xFFFF_FFFF_FFFF_FFFFn]]],
	[{op: 'credentials', uid: 1, gid: 2, groups: [3, 4]}, [['UID', 1], ['GID', 2], ['GROUP', 3], ['GROUP', 4]]],
	[{op: 'credentials', user: 'www-data'}, [['USER', 'www-data']]],
	[{op: 'capabilities', bounding: 1n, permitted: 2n, inheritable: 0n, ambient: 1n << 40n}, [['BOUNDING', 1n], ['PERMITTED', 2n], ['INHERITABLE', 0n], ['AMBIENT', 1n << 40n]]],
	[{op: 'no-new-privs'}, []],
	[{op: 'seccomp', program: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)}, [['DATA', Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)]]],
	[{op: 'cwd', target: '/src', create: 'directory'}, [['FLAGS', Flag.CREATE_DIRECTORY], ['TARGET', '/src']]],
];

test('each operation of CREATE becomes its fields', t => {
	for (const [op, fields] of createOps) {
		t.deepEqual(fieldsOfCreate(op), fields, op.op);
	}
});

test('each operation of START becomes its fields', t => {
	for (const [op, fields] of startOps) {
		t.deepEqual(fieldsOfStart(op), fields, op.op);
	}
});

test('no operation is sent with a field that protocol.def does not give it, or without one that it needs', t => {
	const plan = planOf({create: createOps.map(([op]) => op), start: [...startOps.map(([op]) => op), {op: 'exec', argv: ['/bin/true'], env: ['A=1']}]});
	const seen = new Set<Op>();
	for (const {fields} of decode(encodeCreateAndStart(1, plan), 'in')) {
		let op: Op | undefined;
		let tags: Tag[] = [];
		const check = (): void => {
			if (op !== undefined) {
				const {name, required, optional} = opTable[op];
				t.deepEqual(required.filter(tag => !tags.includes(tag)), [], name);
				t.deepEqual(tags.filter(tag => !required.includes(tag) && !optional.includes(tag)), [], name);
			}
		};

		for (const {tag, value} of fields) {
			if (tag === Tag.OP) {
				check();
				op = value as Op;
				seen.add(op);
				tags = [];
			} else {
				tags.push(tag);
			}
		}

		check();
	}

	t.deepEqual([...seen].sort((a, b) => a - b), Object.values(Op).sort((a, b) => a - b));
});

test('CREATE and START come in one buffer', t => {
	const frames = decode(encodeCreateAndStart(2, planOf()), 'in');
	t.deepEqual(frames.map(({kind, channel}) => [kind, channel]), [[Kind.CREATE, 2], [Kind.START, 2]]);
});

test('argv and environment go word by word, whatever they hold', t => {
	const argv = ['/bin/echo', '', 'a b', '$(reboot)', '\n', 'ü', '--'];
	const [frame] = decode(encodeStart(1, [{op: 'exec', argv, env: ['A=', 'B= b=c ']}]), 'in');
	t.deepEqual(frame?.fields.map(({value}) => value), [Op.EXEC, ...argv, 'A=', 'B= b=c ']);
});

test('SIGNAL, RESIZE and RESUME', t => {
	t.deepEqual(named(encodeSignal(1, 15)), [['SIGNAL', 15]]);
	t.deepEqual(named(encodeResize(1, 24, 80)), [['ROWS', 24], ['COLUMNS', 80]]);
	t.deepEqual(decode(encodeResume(9), 'in'), [{kind: Kind.RESUME, channel: 9, fields: []}]);
	t.regex(t.throws(() => encodeSignal(1, -1)).message, /^signal: signal: -1 is not a whole number/);
});

test('a NUL is refused with the item that holds it', t => {
	t.is(wording(t, {start: [{op: 'exec', argv: ['/bin/echo', 'a\0b'], env: []}]}), 'command: arg: "a\\u0000b" holds a NUL, which ends a string for the kernel');
	t.regex(wording(t, {create: [{op: 'pivot'}, {op: 'hostname', name: 'a\0'}]}), /^operation 1 \(hostname\): value: "a\\u0000" holds a NUL/);
	t.regex(wording(t, {remove: ['/a\0']}), /^plan: remove: .* holds a NUL/);
});

test('an empty command is refused', t => {
	for (const argv of [[], ['']]) {
		t.is(wording(t, {start: [{op: 'exec', argv, env: []}]}), 'command: it is empty: there is no program to run');
	}
});

test('an environment entry without a name is refused', t => {
	t.is(wording(t, {start: [{op: 'exec', argv: ['a'], env: ['A=1', 'B']}]}), 'command: the environment\'s "B" is not NAME=value');
});

test('START must end in its only exec', t => {
	const exec: StartOp = {op: 'exec', argv: ['a'], env: []};
	for (const start of [[], [{op: 'no-new-privs'}], [exec, {op: 'no-new-privs'}], [exec, exec]] satisfies StartOp[][]) {
		t.is(wording(t, {start}), 'plan: start must end in its only exec');
	}
});

test('what passes the limits of a frame is named, with its size', t => {
	const env = [`A=${'x'.repeat(2 ** 21 - 2)}`];
	t.is(wording(t, {start: [{op: 'exec', argv: ['a'], env}]}), 'environment: 2097153 bytes, which exceeds the 1048576 the helper takes; pass less, or pass it in a file');
	t.regex(wording(t, {start: [{op: 'exec', argv: ['a', 'b'.repeat(2 ** 20)], env: []}]}), /^command: 1048579 bytes, which exceeds/);
	t.regex(wording(t, {create: [{op: 'file', target: '/a', data: new Uint8Array(2 ** 21)}]}), /^files and filters: 2097152 bytes/);
	t.is(wording(t, {start: [{op: 'exec', argv: ['a'], env: Array.from({length: 40_000}, (_, index) => `A${index}=`)}]}), `environment: 40000 entries, which exceeds the ${Limit.FIELDS} the helper takes; pass fewer`);
	t.regex(wording(t, {create: Array.from({length: 20_000}, (): CreateOp => ({op: 'mkdir', target: '/a'}))}), /^operations: 4\d{4} entries/);
});

test('a path that the kernel would not take is refused', t => {
	t.is(wording(t, {create: [{op: 'mkdir', target: '/'.repeat(4096)}]}), 'operation 0 (mkdir): target: a path of 4096 bytes; the kernel takes 4095');
	t.notThrows(() => encodeCreate(1, planOf({create: [{op: 'mkdir', target: '/'.repeat(4095)}]})));
	t.regex(wording(t, {create: [{op: 'mkdir', target: 'ü'.repeat(2048)}]}), /a path of 4096 bytes/);
});

test('numbers out of range are refused', t => {
	t.is(wording(t, {create: [{op: 'mkdir', target: '/a', uid: -1}]}), 'operation 0 (mkdir): uid: -1 is not a whole number from 0 to 4294967295');
	t.regex(wording(t, {create: [{op: 'mkdir', target: '/a', gid: 1.5}]}), /gid: 1.5 is not/);
	t.regex(wording(t, {create: [{op: 'mkdir', target: '/a', mode: Number.NaN}]}), /mode: NaN is not/);
	t.regex(wording(t, {start: [{op: 'rlimit', resource: 1, soft: -1n, hard: 0n}]}), /operation 0 \(rlimit\): soft: -1 does not fit 64 bits/);
	t.regex(wording(t, {create: [{op: 'time-offset', monotonic: 1n << 63n}]}), /monotonic: 9223372036854775808 does not fit 64 bits/);
});

test('an overlay without a lower is refused', t => {
	t.is(wording(t, {create: [{op: 'overlay', target: '/', lowers: []}]}), 'operation 0 (overlay): an overlay needs a lower');
});

test('a refused plan leaves nothing in the next frame', t => {
	t.throws(() => encodeCreate(1, planOf({create: [{op: 'mkdir', target: '/a\0'}]})));
	t.deepEqual(decode(encodeResume(2), 'in'), [{kind: Kind.RESUME, channel: 2, fields: []}]);
});
