import {chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'ava';
import {resolveImage, resolveRootfs} from '../../../orchestrator/image/resolve.js';

const base = realpathSync(mkdtempSync(join(tmpdir(), 'cloche-image-')));
test.after.always(() => {
	rmSync(base, {recursive: true});
});

test('host is the machine\'s root as the one lower branch', async t => {
	t.like(await resolveImage('host', base), {name: 'host', lowers: ['/'], host: true, command: ['sh'], cwd: '/'});
});

test('an unknown image is refused with those there are; a path is no image', async t => {
	for (const word of ['debian', '../../etc', '/', '', '.busybox', 'a/b', 'host ']) {
		await t.throwsAsync(resolveImage(word, base), {message: /^no such image.*there are host and busybox; or take a directory with --rootfs DIR$/});
	}
});

test('a directory is followed to where it really is', t => {
	mkdirSync(join(base, 'root/bin'), {recursive: true});
	symlinkSync('root', join(base, 'link'));
	t.like(resolveRootfs(join(base, 'link')), {name: join(base, 'root'), lowers: [join(base, 'root')], host: false});
	t.like(resolveRootfs('/'), {lowers: ['/'], host: true});
});

test('what is no directory, missing or empty is refused in one line', t => {
	writeFileSync(join(base, 'file'), '');
	mkdirSync(join(base, 'empty'));
	const refused = (directory: string): string => t.throws(() => resolveRootfs(directory)).message;
	t.regex(refused(join(base, 'file')), /^cannot use the root file system: .*\/file: it is not a directory; --rootfs takes/);
	t.regex(refused(join(base, 'none')), /none: no such file or directory;/);
	t.regex(refused(join(base, 'empty')), /empty: it is empty;/);
	t.regex(refused(join(base, 'loop\n')), /loop\\x0a: no such file/);
});

const asRoot = process.geteuid?.() === 0;

(asRoot ? test.skip : test)('one that can\'t be read is refused (root reads everything)', t => {
	mkdirSync(join(base, 'shut'));
	chmodSync(join(base, 'shut'), 0);
	t.regex(t.throws(() => resolveRootfs(join(base, 'shut'))).message, /it can't be read/);
});
