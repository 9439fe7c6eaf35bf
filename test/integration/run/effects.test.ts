/** The flags of `cloche run`, each for its effect as it is seen from inside. Files are in roots/, terminals and signals beside this. */

import {readdirSync, readlinkSync, writeFileSync} from 'node:fs';
import {hostname} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {cloche, directoryOf, present, probed, ran, remains, stateOf, withProbe} from '../support/cloche.js';
import {repository} from '../support/installed.js';
import {readProc, withTime} from '../support/marked.js';
import {people, type Person, skip} from '../support/who.js';

const effect = (title: string, show: (t: ExecutionContext, as: Person) => Promise<void>): void => {
	for (const as of present) {
		test(`${as.who}: ${title}`, async t => {
			await show(t, as);
		});
	}
};

/** What an ordinary user has not: `why` says what that takes. */
const rootsEffect = (title: string, why: string, show: (t: ExecutionContext, as: Person) => Promise<void>): void => {
	const as = people.root;
	if (as === undefined) {
		skip(title, why);
	} else {
		test(`root: ${title}`, async t => {
			await show(t, as);
		});
	}
};

const manyIds = 'a user namespace with one id';

effect('--interactive gives the standard input, and without it there is none', async (t, as) => {
	t.is(await ran(t, ['-i', 'busybox', 'cat'], {as, input: 'given\n'}), 'given\n');
	t.is(await ran(t, ['busybox', 'cat'], {as, input: 'kept\n'}), '');
});

effect('--hostname and --domainname name the host; without, it is called by its id', async (t, as) => {
	t.deepEqual(await probed(t, ['--hostname', 'Left.example', '--domainname', 'right.example'], ['uname'], {as}), ['Left.example', 'right.example']);
	t.deepEqual(await probed(t, ['-h', 'short'], ['hostname', ',', 'env', 'HOSTNAME'], {as}), ['short', '"short"']);
	const [name = '', variable = ''] = await probed(t, [], ['hostname', ',', 'env', 'HOSTNAME'], {as});
	t.regex(name, /^[a-z\d]{12}$/);
	t.is(variable, `"${name}"`);
});

effect('--env sets, passes on, and leaves alone what isn\'t there; nothing else of ours gets in', async (t, as) => {
	const flags = ['-e', 'SET=a=b c', '--env', 'PASSED', '-e', 'MISSING', '-e', 'EMPTY=', '-e', 'SET2=1', '-e', 'SET2=2', '-h', 'h'];
	const lines = await probed(t, flags, ['env'], {as, env: {PASSED: 'pässed\non', KEPT_OUT: 'secret'}});
	t.deepEqual(lines.sort(), [
		'"EMPTY="', '"HOME=/root"', '"HOSTNAME=h"', '"PASSED=pässed\\u000aon"', '"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"', '"SET2=2"', '"SET=a=b c"',
	]);
});

effect('--env-file sets a variable for each line, and --env wins over it', async (t, as) => {
	const file = join(directoryOf(as), 'variables');
	writeFileSync(file, '# a comment\n\nONE=1\nTWO="quoted"\n  THREE=3 \nPASSED\nOVER=file\n', {mode: 0o644});
	const flags = ['--env-file', file, '-e', 'OVER=flag'];
	t.deepEqual(await probed(t, flags, ['env', 'ONE', ',', 'env', 'TWO', ',', 'env', 'THREE', ',', 'env', 'PASSED', ',', 'env', 'OVER'], {as, env: {PASSED: 'on'}}), ['"1"', '"\\"quoted\\""', '"3 "', '"on"', '"flag"']);
});

effect('--workdir is where it starts, made where it is missing', async (t, as) => {
	t.deepEqual(await probed(t, [], ['cwd'], {as}), ['/']);
	t.deepEqual(await probed(t, ['-w', '/usr/bin'], ['cwd'], {as}), ['/usr/bin']);
	const [cwd, made] = await probed(t, ['--workdir', '/made/for/ it'], ['cwd', ',', 'stat', '.'], {as});
	t.is(cwd, '/made/for/ it');
	t.regex(made ?? '', /^40755 0 0 /);
});

effect('--user by number, and the root that one is without it', async (t, as) => {
	t.deepEqual(await probed(t, [], ['uid', ',', 'gid'], {as}), ['0 0 0', '0 0 0']);
	t.deepEqual(await probed(t, ['-u', '0:0'], ['uid', ',', 'gid'], {as}), ['0 0 0', '0 0 0']);
	t.deepEqual(await probed(t, ['--user', 'root'], ['uid', ',', 'env', 'HOME'], {as}), ['0 0 0', '"/root"']);
});

rootsEffect('--user takes names and numbers of the image, with its groups, and without capabilities', manyIds, async (t, as) => {
	t.deepEqual(await probed(t, ['-u', '1234:567'], ['uid', ',', 'gid', ',', 'gids', ',', 'status', 'CapEff'], {as}), ['1234 1234 1234', '567 567 567', '', '0000000000000000']);
	t.deepEqual(await probed(t, ['-u', 'nobody'], ['uid', ',', 'gid', ',', 'env', 'HOME'], {as}), ['65534 65534 65534', '65534 65534 65534', '"/nonexistent"']);
	t.deepEqual(await probed(t, ['-u', 'daemon:www-data'], ['uid', ',', 'gid'], {as}), ['1 1 1', '33 33 33']);
	t.deepEqual(await probed(t, ['-u', 'root'], ['gids'], {as}), ['10']);
});

effect('--init is process 1 and reaps; without it the command is process 1', async (t, as) => {
	t.deepEqual((await probed(t, [], ['pid', ',', 'orphan', '3', ',', 'pid'], {as})), ['1 0', '1 0']);
	const [pid = '', ...shown] = await probed(t, ['--init'], ['pid', ',', 'orphan', '20', ',', 'processes'], {as});
	t.regex(pid, /^[2-9] 1$/);
	t.regex(shown[0] ?? '', /^1 \w nsinit$/);
	t.deepEqual(shown.slice(1).filter(line => !line.endsWith(' probe')), []);
});

effect('--entrypoint goes before the command', async (t, as) => {
	t.is(await ran(t, ['--entrypoint', '/bin/echo', 'busybox', 'a', 'b'], {as}), 'a b\n');
	t.is(await ran(t, ['--entrypoint', '', 'busybox', 'echo', 'a'], {as}), 'a\n');
});

const NAMESPACES = {uts: 'uts', ipc: 'ipc', pid: 'pid', userns: 'user', cgroupns: 'cgroup', network: 'net'} as const;

/** Which of the host's namespaces the probe is in. */
const sharedWith = async (t: ExecutionContext, flags: readonly string[], as: Person): Promise<string[]> => {
	const inside = await probed(t, flags, ['namespaces'], {as});
	return inside.filter(line => readdirSync('/proc/self/ns').some(name => readlinkSync(`/proc/self/ns/${name}`) === line)).map(line => line.split(':', 1)[0] ?? '');
};

effect('every namespace is its own unless it is to be the host\'s', async (t, as) => {
	const always = as.who === 'root' ? ['time', 'user'] : ['time'];
	t.deepEqual(await sharedWith(t, [], as), always);
	for (const [flag, name] of Object.entries(NAMESPACES)) {
		if (flag === 'userns') {
			continue;
		}

		t.deepEqual((await sharedWith(t, [`--${flag}`, 'host'], as)).sort(), [...always, name].sort(), flag);
		t.deepEqual((await sharedWith(t, [`--${flag}`, flag === 'network' ? 'none' : 'private'], as)), always, flag);
	}
});

rootsEffect('--userns private makes a user namespace, and host is what root has without it', 'the root of the machine', async (t, as) => {
	t.deepEqual(await sharedWith(t, ['--userns', 'private'], as), ['time']);
	t.deepEqual(await sharedWith(t, ['--userns', 'host'], as), ['time', 'user']);
	t.deepEqual(await probed(t, ['--userns', 'private'], ['uid', ',', 'gid'], {as}), ['0 0 0', '0 0 0']);
});

effect('--uts host has the host\'s name, --network host its interfaces, --pid host its processes', async (t, as) => {
	t.deepEqual(await probed(t, ['--uts', 'host'], ['hostname'], {as}), [hostname()]);
	const interfaces = (await probed(t, ['--network', 'host'], ['netifs'], {as})).map(line => line.split(' ')[1]);
	t.deepEqual(interfaces.sort(), readdirSync('/sys/class/net').sort());
	t.true((await probed(t, ['--pid', 'host'], ['processes'], {as})).some(line => line.startsWith(`${process.pid} `)));
});

effect('--time-offset shifts the clock, and no other', async (t, as) => {
	const day = 86_400n * 1_000_000_000n;
	const [monotonic = '', boottime = '', realtime = ''] = await probed(t, ['--time-offset', 'monotonic=+2d'], ['clock', 'monotonic', ',', 'clock', 'boottime', ',', 'clock', 'realtime'], {as});
	const shift = (value: string): number => Number((BigInt(value) - process.hrtime.bigint() + day / 2n) / day);
	t.deepEqual([shift(monotonic), shift(boottime)], [2, 0]);
	t.true(Math.abs(Number(BigInt(realtime) / 1_000_000n) - Date.now()) < 86_400_000);
	const [both = ''] = await probed(t, ['--time-offset', 'monotonic=-1s', '--time-offset', 'boottime=1d'], ['clock', 'boottime'], {as});
	t.is(shift(both), 1);
});

effect('--ulimit sets soft and hard', async (t, as) => {
	t.deepEqual(await probed(t, ['--ulimit', 'nofile=123:234', '--ulimit', 'core=0'], ['rlimit', '7', ',', 'rlimit', '4'], {as}), ['123 234', '0 0']);
});

effect('--sysctl sets what the container\'s namespaces hold', async (t, as) => {
	const lines = await probed(t, ['--sysctl', 'net.ipv4.ip_forward=1', '--sysctl', 'kernel.msgmax=4711'], ['read', '/proc/sys/net/ipv4/ip_forward', ',', 'read', '/proc/sys/kernel/msgmax'], {as});
	t.deepEqual(lines, ['1', '4711']);
	t.not(readProc('sys/kernel/msgmax'), '4711\n');
});

const capability = (number: number) => (mask: string): boolean => (BigInt(`0x${mask}`) >> BigInt(number) & 1n) === 1n;

effect('--cap-add and --cap-drop change what root may do', async (t, as) => {
	const [plain = ''] = await probed(t, [], ['status', 'CapEff'], {as});
	// podman's default set: CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID SETPCAP NET_BIND_SERVICE SYS_CHROOT SETFCAP
	t.is(plain, '00000000800405fb');
	const [added = ''] = await probed(t, ['--cap-add', 'net_admin', '--cap-drop', 'CAP_KILL'], ['status', 'CapBnd'], {as});
	t.deepEqual([capability(12)(added), capability(5)(added), capability(0)(added)], [true, false, true]);
	const [effective, bounding, chown] = await probed(t, ['--cap-drop', 'ALL'], ['status', 'CapEff', ',', 'status', 'CapBnd', ',', 'chown', '/tmp', '1', '1'], {as});
	t.deepEqual([effective, bounding], ['0000000000000000', '0000000000000000']);
	// EINVAL where the user namespace has no uid 1 at all.
	t.true(chown === 'EPERM' || as.who === 'user' && chown === 'EINVAL', chown);
	const [all = ''] = await probed(t, ['--cap-add', 'ALL', '--cap-drop', 'SYS_TIME'], ['status', 'CapEff'], {as});
	t.deepEqual([capability(21)(all), capability(25)(all)], [true, false]);
});

effect('--security-opt no-new-privileges is set when it is asked for', async (t, as) => {
	t.deepEqual(await probed(t, [], ['nnp'], {as}), ['0']);
	t.deepEqual(await probed(t, ['--security-opt', 'no-new-privileges'], ['nnp'], {as}), ['1']);
});

/** A filter in which every `chroot` fails with EPERM (seccomp(2), linux/bpf_common.h). */
const noChroot = (): Buffer => {
	const CHROOT: Readonly<Partial<Record<NodeJS.Architecture, number>>> = {x64: 161, arm64: 51, riscv64: 51};
	const number = CHROOT[process.arch];
	if (number === undefined) {
		throw new Error(`which number has chroot on ${process.arch}?`);
	}

	const instruction = (code: number, jt: number, jf: number, k: number): number[] => [code, 0, jt, jf, ...new Uint8Array(new Uint32Array([k]).buffer)];
	return Buffer.from([
		...instruction(0x20, 0, 0, 0), // A = nr
		...instruction(0x15, 0, 1, number), // if (A == chroot)
		...instruction(0x06, 0, 0, 0x00_05_00_01), // return ERRNO | EPERM
		...instruction(0x06, 0, 0, 0x7f_ff_00_00), // return ALLOW
	]);
};

effect('--seccomp loads the filter', async (t, as) => {
	const file = join(directoryOf(as), 'filter');
	writeFileSync(file, noChroot(), {mode: 0o644});
	const verbs = ['status', 'Seccomp', ',', 'chroot', '/'];
	t.deepEqual(await probed(t, [], verbs, {as}), ['0', 'ok']);
	t.deepEqual(await probed(t, ['--seccomp', file], verbs, {as}), ['2', 'EPERM']);
});

effect('a filter that refuses everything, exit_group too, ends the start and doesn\'t let it spin', async (t, as) => {
	const file = join(directoryOf(as), 'filter');
	writeFileSync(file, Buffer.from([6, 0, 0, 0, 1, 0, 5, 0]), {mode: 0o644}); // return ERRNO | EPERM
	const {status, stderr} = await cloche(['run', '--seccomp', file, 'busybox', 'true'], {as});
	t.is(status, 125);
	t.regex(stderr, /^cloche: the init died before the payload ran: signal \d+\n$/);
});

effect('--timeout stops what takes too long: 124 where it ended well, else its own status', async (t, as) => {
	// Only who was ready by then ends well.
	const {status, stdout, stderr, limit} = await withTime(async milliseconds => ({
		limit: milliseconds,
		...await cloche(['run', '--timeout', `${milliseconds}ms`, ...withProbe, 'busybox', '/probe', 'exit-on-term'], {as}),
	}), ended => ended.stdout !== '');
	t.deepEqual({status, stdout}, {status: 124, stdout: 'ready\n'});
	t.is(stderr, `cloche: stopped by --timeout after ${limit / 1000} s\n`);
	const killed = await cloche(['run', '--timeout', '200ms', '--stop-timeout', '100ms', ...withProbe, 'busybox', '/probe', 'ignore-term'], {as});
	t.is(killed.status, 137);
	t.is(await ran(t, ['--timeout', '1h', 'busybox', 'echo', 'in time'], {as}), 'in time\n');
});

effect('--stop-signal is what a stop sends', async (t, as) => {
	const {status, stdout} = await withTime(async milliseconds => cloche([
		'run', '--stop-signal', 'USR2', '--timeout', `${milliseconds}ms`, '--stop-timeout', '1m', ...withProbe, 'busybox', '/probe', 'print-signals', '1',
	], {as}), ended => ended.stdout !== '');
	t.deepEqual({status, stdout}, {status: 124, stdout: 'ready\n12\n'});
});

effect('--explain prints every step in order, and does nothing', async (t, as) => {
	const root = join(directoryOf(as), 'state');
	const text = await ran(t, ['--explain', '--hostname', 'westeros', '-w', '/srv', 'busybox', 'echo', 'never printed alone'], {as, env: {CLOCHE_ROOT: root}});
	const order = ['clone3', ...(as.who === 'user' ? ['CLONE_NEWUSER'] : []), 'CLONE_NEWNS', '/proc', '/dev', 'westeros', 'pivot_root', '/srv', 'execve', 'never printed alone'];
	let at = 0;
	for (const word of order) {
		const found = text.indexOf(word, at);
		t.true(found >= at, `${word} after ${text.slice(at, at + 80)}`);
		at = Math.max(found, at);
	}

	t.deepEqual(remains(root), []);
	t.false(text.split('\n').includes('never printed alone'));
});

effect('--trace tells on standard error how long each step took, beside the command\'s own output', async (t, as) => {
	const {status, stdout, stderr} = await cloche(['run', '--trace', 'busybox', 'echo', 'out'], {as});
	t.deepEqual({status, stdout}, {status: 0, stdout: 'out\n'});
	t.true(stderr.split('\n').filter(line => /^ +\d+\.\d µs {2}\w/.test(line)).length > 20);
	t.regex(stderr, /pivot_root/);
	t.regex(stderr, /execve/);
});

effect('--root keeps all state in that directory, before or after the command\'s name, and wins over CLOCHE_ROOT', async (t, as) => {
	const [one, two] = [join(directoryOf(as), 'one'), join(directoryOf(as), 'two')];
	await ran(t, ['--root', one, '--name', 'kept', 'busybox', 'true'], {as});
	const {status} = await cloche(['--root', two, 'run', '--name', 'kept', 'busybox', 'true'], {as});
	t.is(status, 0);
	t.is(remains(one).filter(path => path.startsWith('names/')).join(), 'names/kept');
	t.is(remains(two).filter(path => path.startsWith('names/')).join(), 'names/kept');
	t.false(remains(stateOf(as)).includes('names/kept'));
});

for (const as of present) {
	test(`${as.who}: from the sources, by npx tsx orchestrator`, async t => {
		if (as.other) {
			t.log('as an ordinary user only where the clone belongs to it');
			t.pass();
			return;
		}

		const tsx = {as, cwd: repository, program: ['npx', 'tsx', 'orchestrator'], env: {npm_config_update_notifier: 'false', npm_config_loglevel: 'error'}};
		t.is(await ran(t, ['--hostname', 'westeros', 'busybox', 'hostname'], tsx), 'westeros\n');
		const {status, stderr} = await cloche(['run', 'busybox', 'sh', '-c', 'exit 42'], tsx);
		t.deepEqual({status, stderr}, {status: 42, stderr: ''});
		const help = await cloche(['run', '--help'], tsx);
		t.regex(help.stdout, /--time-offset CLOCK=TIME/);
	});
}
