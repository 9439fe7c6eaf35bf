/** export: the root as tar, running or not, and nothing that is mounted on it. */

import {execFileSync} from 'node:child_process';
import {existsSync, readdirSync, statSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {cloche, directoryOf, present} from '../support/cloche.js';
import {Terminal} from '../support/terminal.js';
import {everywhere, scene} from './files.js';

const names = (tar: Buffer): string[] => execFileSync('tar', ['t'], {input: tar, maxBuffer: 1e8}).toString().split('\n').map(name => name.replace(/^\.\//, '')).filter(name => name !== '');

everywhere('the image, what was written, and of volumes and kernel views their places alone', async (t, as, state) => {
	const {here, well, name} = await scene(t, as, state, [
		'mkdir /own; echo mine > /own/file; ln /own/file /own/hard; ln -s file /own/link; rm /etc/hostname; mkfifo /own/fifo',
		'echo in the volume > /test-ready/file; echo in memory > /memory/file',
	].join('\n'), ['--tmpfs', '/memory']);
	const {bytes} = await well(['export', name]);
	const found = names(bytes.stdout);
	t.deepEqual(found.filter(path => /^(?:own|test-ready|memory|proc|sys|dev)\//.test(path)).sort(), ['dev/', 'memory/', 'own/', 'own/fifo', 'own/file', 'own/hard', 'own/link', 'proc/', 'sys/', 'test-ready/']);
	t.true(found.includes('bin/busybox'));
	t.false(found.includes('etc/hostname'));
	await well(['export', '-o', 'file.tar', name]);
	t.deepEqual(names(execFileSync('cat', [join(here, 'file.tar')], {maxBuffer: 1e8})).sort(), found.sort());
	t.is(statSync(join(here, 'file.tar')).mode & 0o777, 0o600);
	// It is an image again.
	const {stdout} = await well(['run', '-i', 'busybox', 'sh', '-c', 'mkdir /r && tar x -C /r && cat /r/own/hard && chroot /r cat /own/link'], {input: bytes.stdout});
	t.is(stdout, 'mine\nmine\n');
});

everywhere('a file is replaced by a whole export only, and a device is written', async (t, as, state) => {
	const {here, run, well, name} = await scene(t, as, state, 'true');
	writeFileSync(join(here, 'old'), 'old');
	t.is((await run(['export', '-o', join(here, 'no/where'), name])).status, 125);
	t.is((await run(['export', '-o', 'old', 'nobody'])).status, 125);
	t.is(statSync(join(here, 'old')).size, 3);
	await well(['export', '-o', '/dev/null', name]);
	t.true(existsSync('/dev/null') && !statSync('/dev/null').isFile());
	t.deepEqual(readdirSync(here).filter(entry => entry.endsWith('.part')), []);
});

for (const as of present) {
	test(`${as.who}: it refuses a terminal, and says what it takes`, async t => {
		const root = join(directoryOf(as), 'state');
		const env = {CLOCHE_ROOT: root};
		t.is((await cloche(['run', '--name', 'x', 'busybox', 'true'], {as, env})).status, 0);
		const terminal = new Terminal(t, as, ['export', 'x'], {env});
		await terminal.sees(/standard output is a terminal; give -o FILE, or redirect it/);
		t.is(await terminal.ended, 'exit 125');
		t.regex((await cloche(['export'], {as, env})).stderr, /no container given/);
		await cloche(['rm', 'x'], {as, env});
	});
}
