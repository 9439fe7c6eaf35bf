/** The parsers of single values: what each takes, and what it refuses. */

import test from 'ava';
import {capabilityMask, CAPABILITIES, chooseCapabilities, DEFAULT_CAPABILITIES, parseCapability} from '../../../../orchestrator/container/options/capabilities.js';
import {parseMilliseconds, parseNanoseconds} from '../../../../orchestrator/container/options/duration.js';
import {mergeEnv, parseEnv, readEnvFile} from '../../../../orchestrator/container/options/environment.js';
import {parseSize, parseUlimit} from '../../../../orchestrator/container/options/limits.js';
import {parseHostname, parseName, parseSecurityOption, parseUser, parseWorkdir} from '../../../../orchestrator/container/options/names.js';
import {readSeccomp} from '../../../../orchestrator/container/options/seccomp.js';
import {parseSignal, signalName} from '../../../../orchestrator/container/options/signals.js';
import {nearest} from '../../../../orchestrator/container/options/suggest.js';
import {parseSysctl} from '../../../../orchestrator/container/options/sysctl.js';
import {parseTimeOffsets} from '../../../../orchestrator/container/options/time-offset.js';
import {cleanPath, Unacceptable} from '../../../../orchestrator/container/options/unacceptable.js';
import {withFile} from '../../temporary.js';

const HOUR = 3_600_000_000_000n;

const refusals = (parse: (value: string) => unknown, values: readonly string[]) => test.macro({
	exec(t) {
		for (const value of values) {
			const error = t.throws(() => parse(value), {instanceOf: Unacceptable}, JSON.stringify(value));
			t.not(error.accepted, '');
		}
	},
	title: (what = '') => `${what} refuses what it should`,
});

test('lengths of time', t => {
	t.is(parseNanoseconds('30'), 30_000_000_000n);
	t.is(parseNanoseconds('1h30m'), HOUR * 3n / 2n);
	t.is(parseNanoseconds('1.5h'), HOUR * 3n / 2n);
	t.is(parseNanoseconds('0.1'), 100_000_000n);
	t.is(parseNanoseconds('2d'), HOUR * 48n);
	t.is(parseNanoseconds('7ns'), 7n);
	t.is(parseMilliseconds('250ms'), 250);
	t.is(parseMilliseconds('1us'), 1);
	t.is(parseMilliseconds('0'), 0);
});

test('a length of time', refusals(parseNanoseconds, ['', ' ', '-1', '1y', 's', '1s2', '1 s', '1e3', '1.', '.5', '0x1']));
test('a timer', refusals(parseMilliseconds, ['25d', '99999999999999']));

test('time offsets', t => {
	t.deepEqual(parseTimeOffsets(['monotonic=+2d'], 0n), {monotonic: HOUR * 48n});
	t.deepEqual(parseTimeOffsets(['monotonic=1h,boottime=-5s'], 10_000_000_000n), {monotonic: HOUR, boottime: -5_000_000_000n});
	t.deepEqual(parseTimeOffsets(['boottime=1s', 'boottime=2s'], 0n), {boottime: 2_000_000_000n}, 'the last one counts');
	t.throws(() => parseTimeOffsets(['monotonic=-11s'], 10_000_000_000n), {message: /below zero.*uptime/});
	t.throws(() => parseTimeOffsets(['realtime=1s'], 0n), {message: /no namespace for the clock of the day/});
});

test('a time offset', refusals(value => parseTimeOffsets([value], 0n), ['', 'monotonic', 'monotonic=', 'monotonic=x', 'clock=1s', 'monotonic=++1s', 'boottime=200000d']));

test('an environment variable is passed as it is, or taken from the host', t => {
	t.deepEqual(parseEnv('A=b=c d', {}), ['A=b=c d']);
	t.deepEqual(parseEnv('A=', {}), ['A=']);
	t.deepEqual(parseEnv('A', {A: '1'}), ['A=1']);
	t.deepEqual(parseEnv('A', {}), [], 'as docker run: what isn\'t set isn\'t passed');
	t.deepEqual(parseEnv('A', {A: ''}), ['A=']);
});

test('a variable', refusals(value => parseEnv(value, {}), ['', '=x', 'A=\0']));

test('of several settings the last one counts', t => {
	t.deepEqual(mergeEnv(['A=1', 'B=2'], ['A=3']), ['A=3', 'B=2']);
});

test('an env file has docker\'s syntax', async t => {
	await withFile('# comment\n\n  A=1 \r\nB="x y"\nC\nD\n  # another\n', path => {
		t.deepEqual(readEnvFile(path, {C: 'host'}), ['A=1 ', 'B="x y"', 'C=host']);
	});
	await withFile('\uFEFFA=1', path => {
		t.deepEqual(readEnvFile(path, {}), ['A=1'], 'a byte order mark is none of the name');
	});
	await withFile('ok=1\nA B=1\n', path => {
		t.throws(() => readEnvFile(path, {}), {instanceOf: Unacceptable, message: /line 2/});
	});
	await withFile('=1', path => {
		t.throws(() => readEnvFile(path, {}), {message: /line 1: the variable has no name/});
	});
	await withFile(Buffer.from([0xC3, 0x28]), path => {
		t.throws(() => readEnvFile(path, {}), {message: /not UTF-8/});
	});
	t.throws(() => readEnvFile('/nowhere/env', {}), {code: 'ENOENT'});
});

test('ulimits', t => {
	t.deepEqual(parseUlimit('nofile=1024:2048'), {type: 'RLIMIT_NOFILE', resource: 7, soft: 1024n, hard: 2048n});
	t.deepEqual(parseUlimit('core=0'), {type: 'RLIMIT_CORE', resource: 4, soft: 0n, hard: 0n});
	t.is(parseUlimit('memlock=-1').hard, 2n ** 64n - 1n);
	t.is(parseUlimit('stack=1:unlimited').hard, 2n ** 64n - 1n);
});

test('a ulimit', refusals(parseUlimit, ['', 'nofile', 'nofile=', 'nofile=x', 'nofile=1:x', 'nofile=2:1', 'nofile=1:2:3', 'files=1', '=1', 'nofile=-2', 'toString=1', 'nofile=18446744073709551616']));

test('sizes', t => {
	t.is(parseSize('64m'), 64 * 1024 ** 2);
	t.is(parseSize('1K'), 1024);
	t.is(parseSize('2gb'), 2 * 1024 ** 3);
	t.is(parseSize('512'), 512);
});

test('a size', refusals(parseSize, ['', 'm', '1x', '-1', '1.5m', '999999999999t']));

test('signals', t => {
	t.is(parseSignal('TERM'), 15);
	t.is(parseSignal('sigusr1'), 10);
	t.is(parseSignal('9'), 9);
	t.is(parseSignal('RTMIN+3'), 37);
	t.is(parseSignal('SIGRTMAX-1'), 63);
	t.is(signalName(15), 'SIGTERM');
	t.is(signalName(37), 'SIGRTMIN+3');
});

test('a signal', refusals(parseSignal, ['', '0', '65', 'FOO', '-9', 'RTMIN+99', 'RTMIN-9', '1.5']));

test('capabilities', t => {
	t.deepEqual(parseCapability('cap_net_admin'), ['NET_ADMIN']);
	t.is(parseCapability('all'), CAPABILITIES);
	t.deepEqual(chooseCapabilities([], []), CAPABILITIES.filter(name => DEFAULT_CAPABILITIES.includes(name)));
	t.true(chooseCapabilities([['NET_ADMIN']], []).includes('NET_ADMIN'));
	t.false(chooseCapabilities([], [['CHOWN']]).includes('CHOWN'));
	t.deepEqual(chooseCapabilities([], [CAPABILITIES]), []);
	t.deepEqual(chooseCapabilities([['CHOWN']], [CAPABILITIES]), ['CHOWN'], 'drop all, add one');
	t.is(chooseCapabilities([CAPABILITIES], [['SYS_ADMIN']]).length, CAPABILITIES.length - 1, 'add all, drop one');
	t.is(capabilityMask(['CHOWN', 'SYS_ADMIN']), 1n | 1n << 21n);
});

test('a capability', refusals(parseCapability, ['', 'CAP_', 'ROOT', 'NET_ADMIN,CHOWN']));

test('the numbers of capabilities are the kernel\'s', t => {
	t.is(CAPABILITIES.indexOf('NET_ADMIN'), 12);
	t.is(CAPABILITIES.indexOf('SETFCAP'), 31);
	t.is(CAPABILITIES.indexOf('CHECKPOINT_RESTORE'), 40);
});

test('kernel parameters, with dots or slashes', t => {
	t.deepEqual(parseSysctl('net.ipv4.ip_forward=1'), {key: 'net/ipv4/ip_forward', value: '1', namespace: 'network'});
	t.deepEqual(parseSysctl('net/ipv4/conf/eth0.1/forwarding=1'), {key: 'net/ipv4/conf/eth0.1/forwarding', value: '1', namespace: 'network'});
	t.deepEqual(parseSysctl('net.ipv4.conf.eth0/1.forwarding=1').key, 'net/ipv4/conf/eth0.1/forwarding');
	t.deepEqual(parseSysctl('kernel.shmmax=1=2'), {key: 'kernel/shmmax', value: '1=2', namespace: 'ipc'});
	t.is(parseSysctl('fs.mqueue.msg_max=5').namespace, 'ipc');
});

test('a kernel parameter', refusals(parseSysctl, ['', 'net.ipv4.ip_forward', '=1', 'kernel.hostname=x', 'vm.swappiness=1', 'net/../kernel/core_pattern=|x', 'net.=1', 'fs.file-max=1', 'net//x=1']));

test('names', t => {
	t.is(parseName('a-b_c.9'), 'a-b_c.9');
	t.is(parseHostname('westeros'), 'westeros');
	t.is(parseHostname('a.b-c'), 'a.b-c');
	t.is(parseUser('1000:1000'), '1000:1000');
	t.is(parseUser('nobody'), 'nobody');
	t.is(parseWorkdir('/a/../b//c/'), '/b/c');
});

test('a name', refusals(parseName, ['', '.a', '-a', 'a/b', 'a b', 'a'.repeat(129), '../x']));
test('a host name', refusals(parseHostname, ['', '-a', 'a-', 'a b', 'a'.repeat(65), 'a\n', 'ä']));
test('a user', refusals(parseUser, ['', ':', ':1', '1:', 'a:b:c', '4294967295', '1:4294967295', 'a\0b']));
test('a working directory', refusals(parseWorkdir, ['', 'a', './a']));
test('a security option', refusals(parseSecurityOption, ['', 'seccomp=unconfined', 'apparmor=x', 'no-new-privileges=maybe']));

test('no-new-privileges', t => {
	t.true(parseSecurityOption('no-new-privileges').noNewPrivileges);
	t.true(parseSecurityOption('no-new-privileges:true').noNewPrivileges);
	t.false(parseSecurityOption('no-new-privileges=false').noNewPrivileges);
});

const ALLOW = [0x06, 0, 0, 0x7F_FF_00_00] as const;

/** Classic BPF as linux/filter.h lays it out. */
const filterOf = (...instructions: ReadonlyArray<readonly [code: number, jt: number, jf: number, k: number]>): Buffer =>
	Buffer.concat(instructions.map(([code, jt, jf, k]) => Buffer.from([...new Uint8Array(new Uint16Array([code]).buffer), jt, jf, ...new Uint8Array(new Uint32Array([k]).buffer)])));

test('a seccomp filter is whole instructions', async t => {
	await withFile(filterOf([0x20, 0, 0, 60], [0x15, 0, 1, 161], [0x06, 0, 0, 0], ALLOW), path => {
		t.is(readSeccomp(path).length, 32);
	});
	const most = Buffer.concat([Buffer.alloc(4095 * 8), filterOf(ALLOW)]);
	await withFile(most, path => {
		t.is(readSeccomp(path).length, most.length);
	});
	for (const bytes of [Buffer.alloc(0), Buffer.alloc(7), Buffer.concat([Buffer.alloc(8), most])]) {
		await withFile(bytes, path => {
			t.throws(() => readSeccomp(path), {instanceOf: Unacceptable, message: /are not a BPF program/});
		});
	}
});

test('a seccomp filter that doesn\'t end with a verdict is refused', async t => {
	await withFile(filterOf(ALLOW, [0x00, 0, 0, 0]), path => {
		t.throws(() => readSeccomp(path), {instanceOf: Unacceptable, message: /doesn't end with a verdict/});
	});
});

test('paths are cleaned by words', t => {
	t.is(cleanPath('//a/./b/../c/'), '/a/c');
	t.is(cleanPath('/../..'), '/');
});

test('the nearest word', t => {
	t.is(nearest('--hostnmae', ['--hostname', '--domainname']), '--hostname');
	t.is(nearest('rnu', ['run', 'rm', 'gc']), 'run');
	t.is(nearest('--zzz', ['--name', '--rm']), undefined);
	t.is(nearest('x'.repeat(5000), ['--name']), undefined);
});
