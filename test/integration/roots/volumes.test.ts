/** What is mounted into a root, and what of it can be written. */

import {execFileSync} from 'node:child_process';
import {mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {cloche, directoryOf, present, probed, ran} from '../support/cloche.js';
import {busybox} from '../support/installed.js';
import {people, type Person, skip} from '../support/who.js';

const everybody = (title: string, show: (t: ExecutionContext, as: Person) => Promise<void>): void => {
	for (const as of present) {
		test(`${as.who}: ${title}`, async t => {
			await show(t, as);
		});
	}
};

/** Hand a tree to whoever runs the container. */
const give = (path: string, {other, uid, gid}: Person): string => {
	if (other) {
		execFileSync('chown', ['-hR', `${uid}:${gid}`, path]);
	}

	return path;
};

/** A directory with a file and a directory in it. */
const tree = (as: Person): string => {
	const directory = directoryOf(as);
	writeFileSync(join(directory, 'file'), 'outside');
	mkdirSync(join(directory, 'below'));
	return give(directory, as);
};

everybody('-v shows a directory, and what is written there is outside', async (t, as) => {
	const source = tree(as);
	t.is(await ran(t, ['-v', `${source}:/made/here`, 'busybox', 'sh', '-c', 'cat /made/here/file; echo inside >/made/here/below/new'], {as}), 'outside');
	t.is(readFileSync(join(source, 'below/new'), 'utf8'), 'inside\n');
});

everybody('-v of a file, and of a relative path', async (t, as) => {
	const source = tree(as);
	t.is(await ran(t, ['-v', './file:/etc/motd', '-v', '.:/all:ro', 'busybox', 'cat', '/etc/motd', '/all/file'], {as, cwd: source}), 'outsideoutside');
});

everybody('-v of the machine\'s root, or by way of it, shows the machine\'s and not the container\'s, which covers it', async (t, as) => {
	const source = tree(as);
	symlinkSync(`${'../'.repeat(20)}${source}`, join(source, 'up'));
	for (const [volume, seen] of [['/:/v', `/v${source}`], ['/:/v:ro', `/v${source}`], ['/tmp/..:/v', `/v${source}`], [`/tmp/..${source}:/v`, '/v'], [`${source}/up:/v`, '/v']] as const) {
		t.is(await ran(t, ['-v', volume, 'busybox', 'cat', `${seen}/file`], {as}), 'outside');
	}

	await ran(t, ['-v', '/:/v', 'busybox', 'test', '-c', '/v/dev/null'], {as});
});

everybody('-v with ro can\'t be written, nor made writable', async (t, as) => {
	const source = tree(as);
	const lines = await probed(t, ['-v', `${source}:/v:ro`, '--cap-add', 'SYS_ADMIN'], ['write', '/v/file', 'x', ',', 'mkdir', '/v/new', ',', 'read', '/v/file', ',', 'print', ''], {as});
	t.deepEqual(lines, ['EROFS', 'EROFS', 'outside']);
	t.is(readFileSync(join(source, 'file'), 'utf8'), 'outside');
});

everybody('mounts below a volume come with it, read-only where it is', async (t, as) => {
	const source = tree(as);
	const lines = await probed(t, ['-v', `${source}:/v:ro`, '--tmpfs', '/v/below'], ['write', '/v/below/x', 'x', ',', 'write', '/v/x', 'x'], {as});
	t.deepEqual(lines, ['ok', 'EROFS']);
});

everybody('--mount says the same in words', async (t, as) => {
	const source = tree(as);
	const flags = ['--mount', `type=bind,src=${source},dst=/a`, '--mount', `type=bind,source=${source},target=/b,readonly`, '--mount', 'type=tmpfs,destination=/c,tmpfs-size=1m,tmpfs-mode=700'];
	t.deepEqual(await probed(t, flags, ['write', '/a/new', 'x', ',', 'write', '/b/other', 'x', ',', 'write', '/c/x', 'x'], {as}), ['ok', 'EROFS', 'ok']);
	t.deepEqual(readdirSync(source).sort(), ['below', 'file', 'new']);
});

everybody('--tmpfs is empty, of the size and mode that were asked for, and gone afterwards', async (t, as) => {
	const script = 'df -k /etc /t | tail -n +2 | wc -l; ls -A /t; stat -c %a /t; head -c 3000000 /dev/zero >/t/full 2>/dev/null || echo full; grep " /t " /proc/mounts';
	const [lines, mode, full, mount = ''] = (await ran(t, ['--tmpfs', '/t:size=1m,mode=0750', 'busybox', 'sh', '-c', script], {as})).split('\n');
	t.deepEqual([lines, mode, full], ['2', '750', 'full']);
	for (const word of ['nosuid', 'nodev', 'noexec', 'size=1024k']) {
		t.true(mount.includes(word), mount);
	}
});

everybody('--read-only: the root can\'t be written, volumes and /dev/shm can', async (t, as) => {
	const source = tree(as);
	const lines = await probed(t, ['--read-only', '-v', `${source}:/mnt`, '--tmpfs', '/tmp'], [
		'write', '/new', 'x', ',', 'write', '/etc/passwd', 'x', ',', 'mkdir', '/opt/x', ',', 'unlink', '/etc/hosts', ',', 'write', '/mnt/new', 'x', ',', 'write', '/tmp/new', 'x', ',', 'write', '/dev/shm/new', 'x', ',', 'write', '/dev/null', 'x',
	], {as});
	t.deepEqual(lines, ['EROFS', 'EROFS', 'EROFS', 'EROFS', 'ok', 'ok', 'ok', 'ok']);
});

everybody('a volume over a link in the image is mounted where the link leads inside', async (t, as) => {
	const source = tree(as);
	const lower = join(directoryOf(as), 'lower');
	execFileSync('cp', ['-a', busybox, lower]);
	symlinkSync('/var/tmp', join(lower, 'link'));
	give(lower, as);
	t.is(await ran(t, ['--rootfs', lower, '-v', `${source}:/link`, 'sh', '-c', 'cat /var/tmp/file'], {as}), 'outside');
	t.deepEqual(readdirSync(join(lower, 'var/tmp')), []);
});

everybody('--rootfs takes a directory, which is never written', async (t, as) => {
	const lower = join(directoryOf(as), 'lower');
	execFileSync('cp', ['-a', busybox, lower]);
	give(lower, as);
	t.is(await ran(t, ['--rootfs', lower, 'sh', '-c', 'echo x >/new; rm /etc/passwd; cat /new'], {as}), 'x\n');
	t.false(readdirSync(lower).includes('new'));
	t.true(statSync(join(lower, 'etc/passwd')).size > 0);
	t.is(await ran(t, ['--rootfs', './lower', 'true'], {as, cwd: join(lower, '..')}), '');
});

everybody('--storage copy is as good as overlay, and CLOCHE_STORAGE says the same', async (t, as) => {
	const env = {CLOCHE_ROOT: join(directoryOf(as), 'state')};
	const script = 'grep " / " /proc/mounts | tail -1 | cut -d" " -f3; echo x >/etc/new; rm /etc/passwd; ls /etc/new; mv /usr /usr2; ls -d /usr2';
	const copied = await ran(t, ['--storage', 'copy', 'busybox', 'sh', '-c', script], {as, env});
	t.regex(copied, /^(?!overlay)\w+\n\/etc\/new\n\/usr2\n$/);
	t.is(await ran(t, ['busybox', 'sh', '-c', script], {as, env: {...env, CLOCHE_STORAGE: 'copy'}}), copied);
	// The flag wins over the variable; the layer is as it was.
	t.regex(await ran(t, ['--storage', 'copy', 'busybox', 'head', '-n1', '/etc/passwd'], {as, env: {...env, CLOCHE_STORAGE: 'nope'}}), /^root:/);
});

everybody('--storage overlay is the kernel\'s', async (t, as) => {
	const {status, stdout, stderr} = await cloche(['run', '--storage', 'overlay', 'busybox', 'sh', '-c', 'grep " / " /proc/mounts | tail -1 | cut -d" " -f3'], {as});
	if (status === 125 && stderr.includes('overlay can\'t be used')) {
		t.log(`skipped: ${stderr}`);
		t.pass();
		return;
	}

	t.is(stdout, 'overlay\n');
});

if (readFileSync('/proc/filesystems', 'utf8').includes('aufs')) {
	everybody('--storage aufs is the kernel\'s', async (t, as) => {
		t.is(await ran(t, ['--storage', 'aufs', 'busybox', 'sh', '-c', 'grep " / " /proc/mounts | tail -1 | cut -d" " -f3'], {as}), 'aufs\n');
	});
} else {
	skip('--storage aufs is the kernel\'s', 'this kernel has no aufs in /proc/filesystems');
	test('--storage aufs is refused where the kernel has none', async t => {
		const {status, stderr} = await cloche(['run', '--storage', 'aufs', 'busybox', 'true']);
		t.is(status, 125);
		t.regex(stderr, /^cloche: storage driver aufs can't be used: [^\n]*kernel[^\n]*\n$/);
	});
}

const user = people.user;
if (user !== undefined && people.root !== undefined) {
	test('user: what belongs to others can be read and not written', async t => {
		const source = directoryOf('root');
		execFileSync('chmod', ['755', source, join(source, '..'), join(source, '../..')]);
		writeFileSync(join(source, 'file'), 'root\'s', {mode: 0o644});
		t.deepEqual(await probed(t, ['-v', `${source}:/v`], ['read', '/v/file', ',', 'print', '', ',', 'write', '/v/file', 'x', ',', 'write', '/v/new', 'x'], {as: user}), ['root\'s', 'EACCES', 'EACCES']);
	});
}
