/** Every flag of `cloche run` with something that it can't take: status 125, one line that names both, and nothing done. */

import {existsSync, mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {cloche, directoryOf, refused} from '../support/cloche.js';
import {people, skip} from '../support/who.js';

const quoted = (text: string): RegExp => new RegExp(text.replace(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`));

/** A flag's value that is refused: the line names the flag and the value as they were given, and says `why`. */
const refusals: ReadonlyArray<readonly [flag: string, value: string, why: RegExp]> = [
	['--env', '=value', /no name/],
	['--env', '', /no name/],
	['--env-file', '/missing/file', /no such file/],
	['--env-file', '/', /directory/],
	['--workdir', 'relative', /not absolute/],
	['--user', '', /not a user/],
	['--user', 'a:b:c', /not a user/],
	['--user', '4294967295', /largest/],
	['--stop-signal', 'NOPE', /not a signal/],
	['--stop-signal', '65', /not a signal/],
	['--stop-timeout', 'soon', /not a length of time/],
	['--timeout', '-1', /not a length of time/],
	['--timeout', '1x', /not a length of time/],
	['--timeout', '25d', /longer/],
	['--name', '../up', /not a name/],
	['--name', '', /not a name/],
	['--name', 'x'.repeat(129), /not a name/],
	['--hostname', 'a b', /not a host name/],
	['--hostname', 'x'.repeat(65), /not a host name/],
	['--hostname', '', /not a host name/],
	['--domainname', '-', /not a host name/],
	['--volume', '/only', /no place inside/],
	['--volume', 'named:/dst', /named volume/],
	['--volume', '/etc:relative', /not absolute/],
	['--volume', '/etc:/dst:nope', /no option/],
	['--volume', '/etc:/', /root/],
	['--volume', ':/dst', /no source/],
	['--mount', 'type=nope,dst=/x', /nope/],
	['--mount', 'type=bind,src=/etc', /destination|dst|target/],
	['--mount', 'type=tmpfs,dst=/x,tmpfs-size=big', /not a size/],
	['--mount', '"', /quote/],
	['--tmpfs', 'relative', /not absolute/],
	['--tmpfs', '/x:size=much', /not a size/],
	['--tmpfs', '/x:mode=9', /not a mode/],
	['--tmpfs', '/x:nope', /no option/],
	['--storage', 'zfs', /not one of its values/],
	['--network', 'default', /closed by default/],
	['--network', 'a:ip=x', /not an address/],
	['--network', 'a:color=red', /has no 'color'/],
	['--network', 'container:', /not a name/],
	['--publish', '80/sctp', /sctp can't be published/],
	['--expose', '80/sctp', /sctp can't be exposed/],
	['--expose', '80:80', /no port and no range/],
	['--expose', '0', /no port and no range/],
	['--publish', '0', /no port/],
	['--publish', '8000-8001:80', /2 ports outside for 1 inside/],
	['--publish', '1:2:3:4', /too many colons/],
	['--publish', 'x:80:80', /not an address/],
	['--dns', 'example.com', /not a name server's address/],
	['--add-host', 'a:b', /not a name and an address/],
	['--uts', 'container:x', /not one of its values/],
	['--ipc', 'none', /not one of its values/],
	['--pid', '', /not one of its values/],
	['--userns', 'keep-id', /not one of its values/],
	['--cgroupns', 'x', /not one of its values/],
	['--time-offset', 'realtime=+1d', /realtime/],
	['--time-offset', 'monotonic', /monotonic/],
	['--time-offset', 'monotonic=-9999d', /below zero/],
	['--ulimit', 'nofile', /no limit in it/],
	['--ulimit', 'nope=1', /no limit is called/],
	['--ulimit', 'nofile=2:1', /above/],
	['--sysctl', 'kernel.panic=1', /whole machine/],
	['--sysctl', 'net.ipv4.ip_forward', /not a name and a value/],
	['--sysctl', 'net/../kernel/panic=1', /not a kernel parameter/],
	['--cap-add', 'CAP_NOPE', /not a capability/],
	['--cap-drop', '', /not a capability/],
	['--security-opt', 'seccomp=unconfined', /no such option/],
	['--seccomp', '/missing', /no such file/],
	['--seccomp', '/etc/passwd', /not a BPF program/],
];

const about = refusals.map(([flag]) => flag).filter((flag, index, all) => all.indexOf(flag) === index);

for (const flag of about) {
	test(`${flag} is refused with what it can't take`, async t => {
		await Promise.all(refusals.filter(([name]) => name === flag).map(async ([, value, why]) =>
			refused(t, ['run', flag, value, 'busybox', 'true'], [quoted(`cloche: ${flag}${value === '' ? '' : ` ${value}`}`), why])));
	});
}

test('--seccomp is refused with text whose length could be a program\'s', async t => {
	const file = join(directoryOf(), 'filter');
	writeFileSync(file, 'root:x:0:0:root:');
	await refused(t, ['run', '--seccomp', file, 'busybox', 'true'], [quoted(`cloche: --seccomp ${file}`), /not a BPF program/]);
});

test('--rootfs is refused with what is no root', async t => {
	const directory = directoryOf();
	const file = join(directory, 'file');
	writeFileSync(file, '');
	mkdirSync(join(directory, 'empty'));
	const cases = [['/missing', /no such file/], [file, /not a directory/], [join(directory, 'empty'), /empty/]] as const;
	await Promise.all(cases.map(async ([path, why]) => refused(t, ['run', '--rootfs', path, 'true'], [quoted(path), why, /--rootfs/])));
});

const plain: ReadonlyArray<readonly [what: string, words: readonly string[], patterns: readonly RegExp[]]> = [
	['an unknown flag', ['run', '--nope', 'busybox'], [/--nope/]],
	['an unknown flag that is nearly one', ['run', '--hostnam', 'x', 'busybox'], [/--hostnam/, /--hostname/]],
	['an unknown short flag', ['run', '-Z', 'busybox'], [/-Z/]],
	['a flag without its value', ['run', '--hostname'], [/--hostname/, /no value/]],
	['a boolean flag with a value that is none', ['run', '--read-only=maybe', 'busybox'], [/--read-only/, /maybe/]],
	['no image', ['run'], [/no image/]],
	['an empty image', ['run', ''], [/image/]],
	['a missing image', ['run', 'debian:12', 'true'], [/no such image: debian:12/, /host/, /busybox/]],
	['an image that is a path', ['run', '../../etc', 'true'], [/no such image/]],
	['an empty command', ['run', 'busybox', ''], [/command is empty/]],
	['an empty entrypoint, and no command', ['run', '--entrypoint', '', 'busybox', ''], [/command is empty/]],
	['two mounts at one place', ['run', '-v', '/etc:/x', '--tmpfs', '/x', 'busybox', 'true'], [/two mounts: \/x/]],
	['a volume over /proc', ['run', '-v', '/etc:/proc', 'busybox', 'true'], [/\/proc/]],
	['a volume whose source is missing', ['run', '-v', '/missing/source:/x', 'busybox', 'true'], [/\/missing\/source/, /make it first/]],
	['a host name for the host', ['run', '--uts', 'host', '--hostname', 'x', 'busybox', 'true'], [/--hostname/, /--uts host/]],
	['a kernel parameter of the host', ['run', '--network', 'host', '--sysctl', 'net.ipv4.ip_forward=1', 'busybox', 'true'], [/--sysctl/, /--network host/]],
	['a user whom the image hasn\'t', ['run', '-u', 'nobody-at-all', 'busybox', 'true'], [/nobody-at-all/]],
	['a kernel parameter that isn\'t there', ['run', '--sysctl', 'net.nope=1', 'busybox', 'true'], [/net[./]nope/]],
	['a filter that isn\'t one', ['run', '--seccomp', join('/proc/self/attr'), 'busybox', 'true'], [/--seccomp/]],
	['an unknown command', ['rnu', 'busybox'], [/rnu/, /run/]],
	['no container to remove', ['rm'], [/no container given/]],
	['a container to remove that isn\'t there', ['rm', 'nobody'], [/nobody/]],
	['words for gc', ['gc', 'all'], [/no operands/]],
];

for (const [what, words, patterns] of plain) {
	test(`${what} is refused`, async t => {
		await refused(t, words, patterns);
	});
}

test('nothing at all asks for help on standard error', async t => {
	const {status, stdout, stderr} = await cloche([]);
	t.deepEqual({status, stdout}, {status: 125, stdout: ''});
	t.regex(stderr, /^Usage: cloche/);
});

test('a CLOCHE_STORAGE that is no driver is refused', async t => {
	await refused(t, ['run', 'busybox', 'true'], [/zfs/, /overlay/], {env: {CLOCHE_STORAGE: 'zfs'}});
});

test('what is refused has not even made the state root', async t => {
	const root = join(directoryOf(), 'never');
	t.is((await cloche(['run', '--hostname', 'a b', 'busybox', 'true'], {env: {CLOCHE_ROOT: root}})).status, 125);
	t.false(existsSync(root));
});

test('a line break in a bad value stays in one line', async t => {
	await refused(t, ['run', '--hostname', 'a\nb\u001B[31m', 'busybox', 'true'], [/a\\x0ab\\x1b\[31m/]);
});

const user = people.user;
if (user === undefined) {
	skip('what only root can have is refused', 'there is no ordinary user');
} else {
	const cases: ReadonlyArray<readonly [what: string, flags: readonly string[], patterns: readonly RegExp[]]> = [
		['--userns host', ['--userns', 'host'], [/--userns host/, /as root/]],
		// More than anybody is granted.
		['a user id that isn\'t mapped', ['-u', '2000000000'], [/2000000000/, /subuid/]],
		['a limit above the hard one', ['--ulimit', 'nofile=99999999'], [/rlimit|nofile/, /hard limit/]],
		['a file that it can\'t read', ['--env-file', '/etc/shadow'], [/--env-file \/etc\/shadow/, /permission denied/]],
	];
	for (const [what, flags, patterns] of cases) {
		test(`an ordinary user is refused ${what}`, async t => {
			await refused(t, ['run', ...flags, 'busybox', 'true'], patterns, {as: user});
		});
	}
}
