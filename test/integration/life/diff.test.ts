/** diff: what a container changed, by the oracle of the same changes in another storage driver. */

import {join} from 'node:path';
import test from 'ava';
import {cloche, directoryOf, present} from '../support/cloche.js';
import {everywhere, scene} from './files.js';

const CHANGES = [
	'mkdir -p /a/b; echo 1 > /a/b/file; ln -s nowhere /a/link; mkfifo /a/fifo; touch "/a/new', 'line" "/a/back\\\\slash"',
	'echo more >> /etc/group; rm /etc/passwd; chmod 700 /opt; rmdir /srv',
	'rm -r /var/spool; mkdir /var/spool; touch /var/spool/new',
	'rm -r /var/log; echo a file now > /var/log',
	'rm /etc/hostname; mkdir /etc/hostname; touch /etc/hostname/inner',
	'rm -r /var/tmp; mkdir /gone; rmdir /gone; touch /proc-not-ours',
	'echo x > /test-ready/unseen; echo x > /memory/unseen; echo x > /dev/unseen 2>/dev/null || true',
].join('\n');

const CHANGED = String.raw`
A /a
A /a/b
A /a/b/file
A /a/back\\slash
A /a/fifo
A /a/link
A /a/new\x0aline
C /etc
C /etc/group
C /etc/hostname
A /etc/hostname/inner
D /etc/passwd
C /opt
A /proc-not-ours
D /srv
C /var
C /var/log
C /var/spool
A /var/spool/new
D /var/tmp
`.slice(1);

for (const storage of ['overlay', 'copy'] as const) {
	everywhere(`${storage}: what is new, changed and gone; nothing of what is mounted`, async (t, as, state) => {
		const {well, name} = await scene(t, as, state, CHANGES, ['--tmpfs', '/memory', '-v', '/etc:/deep/er/volume:ro', '--storage', storage]);
		t.is((await well(['diff', name])).stdout, CHANGED);
	});

	everywhere(`${storage}: nothing where nothing was changed`, async (t, as, state) => {
		const {well, name} = await scene(t, as, state, 'true', ['--storage', storage]);
		t.is((await well(['diff', name])).stdout, '');
	});
}

everywhere('a directory that was replaced hides what was in it; one that was moved takes its files along', async (t, as, state) => {
	const {well, name} = await scene(t, as, state, [
		'rm -r /var; mkdir /var; touch /var/tmp',
		'mv /usr/sbin /moved; mkdir /home/inner; rm -r /home; mkdir -p /home/other',
	].join('\n'));
	const lines = (await well(['diff', name])).stdout.split('\n');
	t.deepEqual(lines.filter(line => line.includes('/var') || line.includes('/home')), ['C /home', 'A /home/other', 'C /var', 'D /var/log', 'D /var/spool', 'C /var/tmp']);
	t.true(lines.includes('A /moved'));
	t.true(lines.includes('A /moved/chroot'));
	t.true(lines.includes('D /usr/sbin'));
});

everywhere('links that lead to the machine aren\'t followed', async (t, as, state) => {
	const {well, name} = await scene(t, as, state, 'ln -s /etc /to-etc; ln -s / /to-root; rm -r /opt; ln -s /etc /opt');
	t.is((await well(['diff', name])).stdout, 'C /opt\nA /to-etc\nA /to-root\n');
});

for (const as of present) {
	test(`${as.who}: a branch in memory is an error with a way out`, async t => {
		const root = join(directoryOf(as), 'state');
		const env = {CLOCHE_ROOT: root};
		const {stdout, status} = await cloche(['run', '-d', '--rm', '--branch', 'memory', 'busybox', 'sleep', '1000'], {as, env});
		if (status !== 0) {
			t.pass('this kernel gives an ordinary user no such branch');
			return;
		}

		const id = stdout.trim();
		const {stderr, status: refused} = await cloche(['diff', id], {as, env});
		t.is(refused, 125);
		t.regex(stderr, /in memory.*run it with --branch disk/);
		await cloche(['rm', '-f', id], {as, env});
	});

	test(`${as.who}: the machine's own root as the image`, async t => {
		const root = join(directoryOf(as), 'state');
		const env = {CLOCHE_ROOT: root};
		// What is root's in there an ordinary user can't remove.
		const script = 'echo x > /usr/cloche-new; rm -f /usr/bin/env; mkdir /cloche-made; touch /cloche-made/file /tmp/cloche-file';
		const {status, stderr} = await cloche(['run', '--name', 'h', 'host', 'sh', '-c', script], {as, env});
		t.is(status, 0, stderr);
		const {stdout} = await cloche(['diff', 'h'], {as, env});
		t.deepEqual(stdout.split('\n').filter(line => /cloche-|bin\/env$/.test(line)), ['A /cloche-made', 'A /cloche-made/file', 'A /tmp/cloche-file', ...(as.who === 'root' ? ['D /usr/bin/env'] : []), 'A /usr/cloche-new']);
		t.true(stdout.split('\n').length < 20, stdout);
		await cloche(['rm', 'h'], {as, env});
	});
}
