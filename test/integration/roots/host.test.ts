/** The image `host`: the machine's own root, of which the container can change nothing and sees nothing that runs. */

import {existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {cloche, directoryOf, present, ran, refused, remains} from '../support/cloche.js';
import type {Person} from '../support/who.js';

/** What a machine without overlayfs, or with its state on one, can't have; the command says so. */
const unavailable = async (as: Person): Promise<string | undefined> => {
	const {status, stderr} = await cloche(['run', 'host', '/bin/true'], {as});
	return status === 125 && stderr.includes('no storage driver can') ? stderr : undefined;
};

const everybody = (title: string, show: (t: ExecutionContext, as: Person) => Promise<void>): void => {
	for (const as of present) {
		test(`${as.who}: ${title}`, async t => {
			const why = await unavailable(as);
			if (why === undefined) {
				await show(t, as);
			} else {
				t.log(`skipped: ${why}`);
				t.pass();
			}
		});
	}
};

everybody('its programs and files are there', async (t, as) => {
	t.is(await ran(t, ['host', 'cat', '/etc/passwd'], {as}), readFileSync('/etc/passwd', 'utf8'));
	t.deepEqual((await ran(t, ['host', 'ls', '-A', '/usr'], {as})).trim().split('\n').sort(), readdirSync('/usr').sort());
});

everybody('what is written is thrown away', async (t, as) => {
	const name = `cloche-written-${process.pid}`;
	t.is(await ran(t, ['host', 'sh', '-c', `echo x >/tmp/${name}; cat /tmp/${name}`], {as}), 'x\n');
	t.false(existsSync(`/tmp/${name}`));
	// In a user namespace with one id nothing can be copied up that belongs to another: there, /tmp is all that can be written.
	if (as.who === 'root') {
		const {ino, mtimeMs} = statSync('/etc/passwd');
		t.is(await ran(t, ['host', 'sh', '-c', `echo x >>/etc/passwd; echo x >/var/tmp/${name}; rm -rf /usr/share/doc /etc/hosts; mkdir /${name}; tail -n1 /etc/passwd`], {as}), 'x\n');
		t.deepEqual([statSync('/etc/passwd').ino, statSync('/etc/passwd').mtimeMs], [ino, mtimeMs]);
		t.true(existsSync('/usr/share/doc'));
		t.false(existsSync(`/${name}`));
		t.false(existsSync(`/var/tmp/${name}`));
	}
});

everybody('/proc, /sys, /dev and /run are its own, not the machine\'s', async (t, as) => {
	const shown = await ran(t, ['host', 'sh', '-c', 'ls -A /run; echo --; ls -A /dev; echo --; ls /proc | grep "^[0-9]"; echo --; ls /sys/class/net; echo --; cat /proc/self/mountinfo'], {as});
	const [run = '', dev = '', pids = '', links = '', mounts = ''] = shown.split('--\n');
	t.is(run, '');
	t.deepEqual(dev.trim().split('\n').sort(), ['fd', 'full', 'mqueue', 'null', 'ptmx', 'pts', 'random', 'shm', 'stderr', 'stdin', 'stdout', 'tty', 'urandom', 'zero']);
	t.true(pids.trim().split('\n').every(pid => Number(pid) < 20), pids);
	t.is(links, 'lo\n');
	for (const [point, type] of [['/proc', 'proc'], ['/sys', 'sysfs'], ['/dev', 'tmpfs'], ['/run', 'tmpfs']] as const) {
		t.true(mounts.split('\n').some(line => line.split(' ')[4] === point && line.includes(` - ${type} `)), `${point}\n${mounts}`);
	}
});

everybody('a socket or file of a service in /run is out of reach', async (t, as) => {
	const hidden = readdirSync('/run').slice(0, 20);
	const script = hidden.map(name => `test -e '/run/${name}' && echo '${name}'`).join('; ');
	t.is(await ran(t, ['host', 'sh', '-c', `${script}; true`], {as}), '');
});

everybody('our own state is out of sight, wherever it lies, and other containers with it', async (t, as) => {
	const root = join(directoryOf(as), 'state');
	const env = {CLOCHE_ROOT: root};
	await ran(t, ['--name', 'other', 'busybox', 'sh', '-c', 'echo secret >/secret'], {as, env});
	const {stdout} = await cloche(['run', 'host', 'sh', '-c', `ls -A '${root}'; ls -A '${root}/containers' 2>/dev/null; echo end`], {as, env});
	t.is(stdout, 'end\n');
	t.is((await cloche(['rm', 'other'], {as, env})).status, 0);
});

everybody('a volume into it, and a working directory that only it has', async (t, as) => {
	const source = directoryOf(as);
	writeFileSync(join(source, 'given'), 'given\n', {mode: 0o644});
	t.is(await ran(t, ['-v', `${source}:/mnt`, '-w', '/usr/bin', 'host', 'sh', '-c', 'pwd; cat /mnt/given'], {as}), '/usr/bin\ngiven\n');
});

everybody('it leaves nothing', async (t, as) => {
	const root = join(directoryOf(as), 'state');
	mkdirSync(join(root, '..'), {recursive: true});
	await ran(t, ['host', 'sh', '-c', 'mkdir -p /tmp/a/b && chmod 0 /tmp/a/b && echo x >/tmp/f'], {as, env: {CLOCHE_ROOT: root}});
	t.deepEqual(remains(root), []);
});

everybody('--storage copy can\'t carry it, and says so', async (t, as) => {
	await refused(t, ['run', '--storage', 'copy', 'host', 'true'], [/copy can't be used/, /inside itself/], {as});
});
