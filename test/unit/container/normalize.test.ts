/** Options become a spec: every option's effect, and how a refusal reads. */

import test from 'ava';
import {ClocheError} from '../../../orchestrator/base/errors.js';
import {normalizeOptions} from '../../../orchestrator/container/normalize.js';
import {RUN_OPTION_NAMES, refuseUnknown} from '../../../orchestrator/container/options/option-names.js';
import type {RunOptions} from '../../../orchestrator/container/options/run-options.js';
import {around, specOf} from './given.js';

test('nothing asked for: everything is private, and the container is thrown away', t => {
	const spec = specOf();
	t.deepEqual(spec.linux.namespaces, {uts: 'private', ipc: 'private', pid: 'private', network: 'private', cgroup: 'private', user: 'auto'});
	t.deepEqual(spec.root, {image: 'busybox', readonly: false});
	t.deepEqual(spec.process.args, ['true']);
	t.deepEqual(spec.process.env, []);
	t.is(spec.name, undefined);
	t.is(spec.stopSignal, 15);
	t.is(spec.stopTimeout, 10_000);
	t.is(spec.timeout, undefined);
	t.false(spec.init);
	t.false(spec.process.terminal);
	t.is(spec.linux.timeOffsets, undefined);
});

const effects: ReadonlyArray<readonly [options: RunOptions, pick: (spec: ReturnType<typeof specOf>) => unknown, expected: unknown]> = [
	[{tty: true}, spec => spec.process.terminal, true],
	[{rm: true}, spec => spec.remove, true],
	[{name: 'web'}, spec => spec.name, 'web'],
	[{hostname: 'westeros'}, spec => spec.hostname, 'westeros'],
	[{domainname: 'example.org'}, spec => spec.domainname, 'example.org'],
	[{env: ['A=1', 'HOST', 'NOWHERE']}, spec => spec.process.env, ['A=1', 'HOST=here']],
	[{env: {A: 1, B: 'x=y', C: undefined, D: true}}, spec => spec.process.env, ['A=1', 'B=x=y', 'D=true']],
	[{env: 'A=1'}, spec => spec.process.env, ['A=1']],
	[{workdir: '/src/'}, spec => spec.process.cwd, '/src'],
	[{user: '1000:100'}, spec => spec.process.user, '1000:100'],
	[{user: 1000}, spec => spec.process.user, '1000'],
	[{volume: './a:/b:ro'}, spec => spec.mounts, [{type: 'bind', source: '/cwd/./a', destination: '/b', options: ['ro'], recursive: true}]],
	[{mount: {type: 'bind', source: '/a,"b"', target: '/c', readonly: true}}, spec => spec.mounts, [{type: 'bind', source: '/a,"b"', destination: '/c', options: ['ro'], recursive: true}]],
	[{mount: [{type: 'tmpfs', target: '/c', size: '1m', mode: 0o700}]}, spec => spec.mounts[0]?.options, ['nosuid', 'nodev', 'noexec', 'size=1048576', 'mode=700']],
	[{tmpfs: ['/a', '/b']}, spec => spec.mounts.map(mount => mount.destination), ['/a', '/b']],
	[{readOnly: true}, spec => spec.root.readonly, true],
	[{rootfs: 'dir'}, spec => spec.root, {path: '/cwd/dir', readonly: false}],
	[{storage: 'copy'}, spec => spec.root.driver, 'copy'],
	[{init: true}, spec => spec.init, true],
	[{entrypoint: 'sh'}, spec => spec.process.entrypoint, ['sh']],
	[{entrypoint: ['sh', '-c']}, spec => spec.process.entrypoint, ['sh', '-c']],
	[{entrypoint: ''}, spec => spec.process.entrypoint, []],
	[{network: 'host'}, spec => spec.linux.namespaces.network, 'host'],
	[{network: 'none'}, spec => spec.linux.namespaces.network, 'private'],
	[{uts: 'host'}, spec => spec.linux.namespaces.uts, 'host'],
	[{ipc: 'host'}, spec => spec.linux.namespaces.ipc, 'host'],
	[{pid: 'host'}, spec => spec.linux.namespaces.pid, 'host'],
	[{userns: 'private'}, spec => spec.linux.namespaces.user, 'private'],
	[{cgroupns: 'host'}, spec => spec.linux.namespaces.cgroup, 'host'],
	[{timeOffset: 'boottime=-5s'}, spec => spec.linux.timeOffsets, {boottime: -5_000_000_000n}],
	[{ulimit: 'core=0'}, spec => spec.process.rlimits, [{type: 'RLIMIT_CORE', resource: 4, soft: 0n, hard: 0n}]],
	[{sysctl: {'net.core.somaxconn': 7}}, spec => spec.linux.sysctl, [{key: 'net/core/somaxconn', value: '7', namespace: 'network'}]],
	[{capDrop: 'ALL', capAdd: 'chown'}, spec => spec.process.capabilities, ['CHOWN']],
	[{capAdd: ['NET_ADMIN']}, spec => spec.process.required, ['NET_ADMIN']],
	[{capAdd: 'ALL'}, spec => spec.process.required, []],
	[{securityOpt: 'no-new-privileges'}, spec => spec.process.noNewPrivileges, true],
	[{stopSignal: 'INT'}, spec => spec.stopSignal, 2],
	[{stopSignal: 2}, spec => spec.stopSignal, 2],
	[{stopTimeout: '3s'}, spec => spec.stopTimeout, 3000],
	[{timeout: '1m'}, spec => spec.timeout, 60_000],
	[{timeout: 1500}, spec => spec.timeout, 1500],
];

for (const [options, pick, expected] of effects) {
	test(`the option ${Object.entries(options).map(([name, value]) => `${name}: ${JSON.stringify(value)}`).join(', ')}`, t => {
		t.deepEqual(pick(specOf(options)), expected);
	});
}

const refusals: ReadonlyArray<readonly [options: RunOptions, message: RegExp]> = [
	[{name: '-x'}, /^name -x: not a name; give letters/],
	[{hostname: 'a b'}, /^hostname a b: not a host name; give/],
	[{domainname: '-'}, /^domainname -: /],
	[{env: '=1'}, /^env =1: the variable has no name; give NAME=value/],
	[{envFile: '/nowhere/x'}, /^envFile \/nowhere\/x: no such file or directory$/],
	[{workdir: 'a'}, /^workdir a: .*not absolute/],
	[{user: 'a:b:c'}, /^user a:b:c: not a user; give NAME\|UID/],
	[{volume: 'x'}, /^volume x: /],
	[{mount: 'type=nfs'}, /^mount type=nfs: no mounts of type 'nfs'/],
	[{tmpfs: 'x'}, /^tmpfs x: /],
	[{tmpfs: ['/a', '/a/']}, /^two mounts: \/a: one place inside/],
	[{timeOffset: 'boottime=-2h'}, /^timeOffset boottime=-2h: the boottime clock would start below zero/],
	[{ulimit: 'nofile'}, /^ulimit nofile: no limit in it; give NAME=SOFT/],
	[{sysctl: 'vm.swappiness=1'}, /^sysctl vm.swappiness=1: no namespace/],
	[{sysctl: 'net.core.somaxconn=1', network: 'host'}, /^sysctl: net.core.somaxconn would change the host.*leave out network host/],
	[{sysctl: 'kernel.sem=1', ipc: 'host'}, /leave out ipc host/],
	[{hostname: 'x', uts: 'host'}, /^hostname: it would rename the host.*leave out uts host/],
	[{capAdd: 'X'}, /^capAdd X: not a capability; give/],
	[{capDrop: 'X'}, /^capDrop X: not a capability; give/],
	[{securityOpt: 'x'}, /^securityOpt x: no such option; give no-new-privileges/],
	[{seccomp: '/nowhere/x'}, /^seccomp \/nowhere\/x: no such file/],
	[{stopSignal: 'X'}, /^stopSignal X: not a signal; give/],
	[{stopTimeout: 'x'}, /^stopTimeout x: not a length of time; give/],
	[{timeout: 'x'}, /^timeout x: not a length of time; give/],
	[{timeout: -1}, /^timeout -1ms: not a length of time/],
	[{hostname: 'a\0'}, /^hostname a\\x00: it holds a NUL/],
];

for (const [options, message] of refusals) {
	test(`refused: ${JSON.stringify(options)}`, t => {
		t.throws(() => specOf(options), {instanceOf: ClocheError, message});
	});
}

// What plain JavaScript can pass, whatever the types say.
for (const [name, value] of Object.entries({tty: 'yes', hostname: {}, name: null, user: 1.5, init: 1, network: 'default', uts: 'x', ipc: 1, pid: 'x', userns: 'x', cgroupns: 'x', storage: 'zfs'})) {
	test(`a wrong kind of value is refused: ${name}: ${JSON.stringify(value)}`, t => {
		t.throws(() => specOf({[name]: value}), {instanceOf: ClocheError, message: new RegExp(`^${name}`)});
	});
}

test('what can\'t reach a program is refused with its place in the spec', t => {
	t.throws(() => specOf({}, ['']), {message: /^process.args\[0\]: the command is empty/});
	t.throws(() => specOf({}, ['a', 'b\0']), {message: /^process.args\[1\]: it holds a NUL/});
	t.throws(() => specOf({}, ['a', 'x'.repeat(131_072)]), {message: /more than the kernel passes/});
	t.throws(() => specOf({env: Object.fromEntries(Array.from({length: 20}, (_, index) => [`V${index}`, 'x'.repeat(100_000)]))}), {message: /^process: arguments and environment take \d+ bytes/});
	t.throws(() => specOf({workdir: `/${'x'.repeat(5000)}`}), {message: /^process.cwd: .*too long for a path/});
	t.throws(() => specOf({volume: `/${'x'.repeat(5000)}:/a`}), {message: /^mounts\[0\].source: .*too long for a path/});
});

test('an image, or a directory in its place', t => {
	t.throws(() => normalizeOptions(undefined, [], {}, around), {message: /^no image/});
	t.throws(() => normalizeOptions('', [], {}, around), {message: /^no image/});
});

test('an unknown option is refused by name', t => {
	t.throws(() => {
		refuseUnknown({hostnmae: 'x'}, RUN_OPTION_NAMES);
	}, {message: 'unknown option \'hostnmae\'; did you mean \'hostname\'?'});
	t.throws(() => {
		refuseUnknown({zzzzzzzz: 1}, ['a', 'b']);
	}, {message: 'unknown option \'zzzzzzzz\'; there are a, b'});
});
