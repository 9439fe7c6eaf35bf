/** Surroundings that give too little or too much: full and read-only disks, forbidden namespaces, huge environments. */

import {execFileSync, spawnSync} from 'node:child_process';
import {chmodSync, mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {cloche, directoryOf, present, probed, ran, refused} from '../support/cloche.js';
import {busybox, command} from '../support/installed.js';
import {people, type Person, skip} from '../support/who.js';

const everybody = (title: string, show: (t: ExecutionContext, as: Person) => Promise<void>): void => {
	for (const as of present) {
		test(`${as.who}: ${title}`, async t => {
			await show(t, as);
		});
	}
};

/** A busybox root of one's own, outside of the state root. */
const ownRoot = (as: Person): string => {
	const root = join(directoryOf(as), 'root');
	execFileSync('cp', ['-a', busybox, root]);
	if (as.other) {
		execFileSync('chown', ['-hR', `${as.uid}:${as.gid}`, root]);
	}

	return root;
};

/** unshare(1) of util-linux: a mount namespace of the test's own, so that nothing is mounted on this machine. */
const apart = (as: Person, script: string): readonly string[] => ['unshare', ...(as.who === 'user' ? ['--user', '--map-root-user'] : []), '--mount', 'sh', '-euc', script, command];

/** Run with the state on a tmpfs with these options; what it said, and what was left. */
const onSmallDisk = async (as: Person, options: string, words: readonly string[]): Promise<{status: number; stderr: string; left: string}> => {
	const disk = directoryOf(as);
	const script = `mount -t tmpfs -o ${options} none ${disk}; set +e; "$0" "$@"; echo "status $?"; ls -A ${disk}/state/containers ${disk}/state/live 2>/dev/null`;
	const {stdout, stderr} = await cloche(words, {as, env: {CLOCHE_ROOT: join(disk, 'state')}, program: apart(as, script)});
	const [, status = '', left = ''] = /^status (\d+)\n([^]*)$/.exec(stdout) ?? [];
	return {status: Number(status), stderr, left: left.split('\n').filter(line => line !== '' && !line.endsWith(':')).join()};
};

everybody('a disk that is full at any point of a start: one line, or a container; nothing left of it', async (t, as) => {
	const root = ownRoot(as);
	const words = ['run', '--rootfs', root, '--name', 'x', '--rm', 'sh', '-c', 'true'];
	const results = await Promise.all(Array.from({length: 16}, async (_, index) => onSmallDisk(as, `size=1m,mode=755,nr_inodes=${index + 2}`, words)));
	t.true(results.some(({status}) => status === 0) && results.some(({status}) => status === 125));
	for (const [index, {status, stderr, left}] of results.entries()) {
		if (status === 0) {
			t.is(stderr, '', `${index}`);
		} else {
			t.is(status, 125, stderr);
			t.regex(stderr, /^cloche: [^\n]*(?:no space left|full)[^\n]*\n$/, `${index}`);
		}

		t.is(left, '', `${index}\n${stderr}`);
	}
});

everybody('a disk that a copy doesn\'t fit on', async (t, as) => {
	const {status, stderr, left} = await onSmallDisk(as, 'size=500k,mode=755', ['run', '--storage', 'copy', '--rootfs', ownRoot(as), 'true']);
	t.is(status, 125);
	t.regex(stderr, /^cloche: cannot copy a branch: [^\n]*[Nn]o space left on device[^\n]*\n$/);
	t.is(left, '');
});

everybody('a disk that the payload fills is the payload\'s business', async (t, as) => {
	const {status, stderr, left} = await onSmallDisk(as, 'size=2m,mode=755', ['run', '--name', 'x', '--rootfs', ownRoot(as), 'sh', '-c', 'head -c 4000000 /dev/zero >/full && exit 9; exit 8']);
	t.is(status, 8, stderr);
	t.regex(stderr, /^head: [^\n]+\ncloche: cannot write down how the container ended: [^\n]+: no space left on device\n$/);
	// It is kept, and its claim with it, so that the next start writes down that it ended.
	t.regex(left, /^([a-z\d]{12}),(?:\1\.init,)?[-\da-f]+-\1$/);
});

everybody('a read-only state root', async (t, as) => {
	const {status, stderr} = await onSmallDisk(as, 'size=1m,ro,mode=755', ['run', '--rootfs', ownRoot(as), 'true']);
	t.is(status, 125);
	t.regex(stderr, /^cloche: [^\n]*\/state[^\n]*read-only file system[^\n]*\n$/);
});

everybody('a state root that is a file, or below one', async (t, as) => {
	const file = join(directoryOf(as), 'file');
	writeFileSync(file, '');
	for (const root of [file, join(file, 'below')]) {
		const {status, stderr} = await cloche(['--root', root, 'run', '--rootfs', ownRoot(as), 'true'], {as});
		t.is(status, 125);
		t.regex(stderr, /^cloche: [^\n]*\/file[^\n]*not a directory[^\n]*\n$/);
	}
});

const user = people.user;
if (user === undefined || (people.root === undefined && process.getuid?.() === 0)) {
	skip('what an ordinary user can\'t read or have', 'there is no ordinary user');
} else {
	test('user: directories that can\'t be read: a state root, a root, a volume', async t => {
		const locked = join(directoryOf(), 'locked');
		mkdirSync(join(locked, 'below'), {recursive: true});
		chmodSync(locked, 0);
		for (const [words, what] of [
			[['--root', join(locked, 'state'), 'run', 'busybox', 'true'], /locked\/state/],
			[['run', '--rootfs', locked, 'true'], /locked/],
			[['run', '-v', `${join(locked, 'below')}:/x`, 'busybox', 'true'], /locked\/below/],
		] as const) {
			const {status, stderr} = await cloche(words, {as: user});
			t.is(status, 125);
			t.regex(stderr, /^cloche: [^\n]*(?:permission denied|can't be read)[^\n]*\n$/);
			t.regex(stderr, what);
		}

		chmodSync(locked, 0o700);
	});

	/** A user namespace of the test's own, whose limits are its own, too (namespaces(7), /proc/sys/user). */
	const limited = (script: string): readonly string[] => ['unshare', '--user', '--map-root-user', 'sh', '-euc', `${script}; exec "$0" "$@"`, command];

	test('user: forbidden user namespaces are named, with what to do', async t => {
		const words = ['run', '--rootfs', ownRoot(user), 'true'];
		const line = await refused(t, words, [/user\.max_user_namespaces is 0/, /sysctl/], {as: user, program: limited('echo 0 >/proc/sys/user/max_user_namespaces')});
		t.log(line.trim());
		await refused(t, words, [/user\.max_net_namespaces is 0/], {as: user, program: limited('echo 0 >/proc/sys/user/max_net_namespaces')});
	});

	test('user: inside a user namespace it works as an ordinary user\'s', async t => {
		t.is(await ran(t, ['--rootfs', ownRoot(user), 'id', '-u'], {as: user, program: limited('true')}), '0\n');
	});
}

everybody('an environment of 2 MB, too many words: one line, or all of it', async (t, as) => {
	const file = join(directoryOf(as), 'variables');
	writeFileSync(file, Array.from({length: 20}, (_, index) => `V${index}=${'x'.repeat(100_000)}\n`).join(''), {mode: 0o644});
	await refused(t, ['run', '--env-file', file, 'busybox', 'true'], [/environment/, /bytes/], {as});
	writeFileSync(file, `V=${'x'.repeat(200_000)}\n`);
	await refused(t, ['run', '--env-file', file, 'busybox', 'true'], [/\d bytes/, /131072|128/], {as});
	await refused(t, ['run', 'busybox', 'echo', ...Array.from({length: 100_000}, () => 'x')], [/arguments/], {as});
});

everybody('our own environment is large and not the payload\'s', async (t, as) => {
	const env = Object.fromEntries(Array.from({length: 14}, (_, index) => [`LARGE${index}`, 'x'.repeat(100_000)]));
	t.is((await probed(t, [], ['env'], {as, env})).length, 3);
});

test('umask doesn\'t matter to what a container sees', async t => {
	for (const mask of ['0000', '0077', '0777']) {
		const {status, stdout, stderr} = await cloche(['run', '-w', '/made/here', 'busybox', 'sh', '-c', 'umask; stat -c %a / /dev /dev/null /tmp /made'], {
			env: {CLOCHE_ROOT: join(directoryOf(), 'state')}, program: ['/bin/sh', '-c', `umask ${mask}; exec "$0" "$@"`, command],
		});
		t.is(stderr, '', mask);
		t.is(status, 0);
		t.deepEqual(stdout.split('\n').slice(1, 5), ['755', '755', '666', '1777']);
	}
});

test('the state directories are closed to others', t => {
	const [as] = present;
	if (as === undefined) {
		throw new Error('nobody is here');
	}

	const root = join(directoryOf(as), 'state');
	t.is(spawnSync(command, ['--root', root, 'run', '--name', 'kept', 'busybox', 'true'], {env: {...as.env}}).status, 0);
	const modes = execFileSync('stat', ['-c', '%a %n', root, join(root, 'containers'), join(root, 'live'), join(root, 'names')], {encoding: 'utf8'}).split('\n').map(line => line.split(' ')[0]);
	t.deepEqual(modes.slice(0, 4), ['711', '711', '700', '700']);
});
