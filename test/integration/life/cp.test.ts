/** cp: docker's rules, both ways, of containers that run or not; and none of it leads anywhere else. */

import {execFileSync} from 'node:child_process';
import {chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, symlinkSync, utimesSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {gzipSync} from 'node:zlib';
import test, {type ExecutionContext} from 'ava';
import {people, skip} from '../support/who.js';
import {cloche, remains, Running} from '../support/cloche.js';
import {childrenOf, readProc, until} from '../support/marked.js';
import {everywhere, type Scene, scene} from './files.js';

/** A file of whoever is the scene's. */
const write = ({as, here}: Scene, name: string, text: string): string => {
	const path = join(here, name);
	writeFileSync(path, text);
	if (as.other) {
		execFileSync('chown', ['-h', `${as.uid}:${as.gid}`, path]);
	}

	return path;
};

const own = ({as, here}: Scene, ...names: string[]): void => {
	if (as.other) {
		execFileSync('chown', ['-hR', `${as.uid}:${as.gid}`, ...names.map(name => join(here, name))]);
	}
};

const refused = async (t: ExecutionContext, {run}: Scene, words: readonly string[], pattern: RegExp): Promise<void> => {
	const {status, stderr, stdout} = await run(words);
	t.is(status, 125, words.join(' '));
	t.is(stdout, '');
	t.regex(stderr, /^cloche: [^\n]+\n$/);
	t.regex(stderr, pattern);
};

everywhere('out of a container, a file becomes what the destination makes of it', async (t, as, state) => {
	const place = await scene(t, as, state, 'mkdir /d; echo text > /d/file; chmod 640 /d/file; touch -t 200102030405.06 /d/file');
	const {here, well, name} = place;
	const text = (path: string): string => readFileSync(join(here, path), 'utf8');
	await well(['cp', `${name}:/d/file`, 'missing']);
	t.is(text('missing'), 'text\n');
	t.is(statSync(join(here, 'missing')).mode & 0o7777, 0o640);
	t.is(statSync(join(here, 'missing')).uid, as.uid);
	t.is(statSync(join(here, 'missing')).mtime.getUTCSeconds(), 6);
	write(place, 'there', 'long before');
	await well(['cp', `${name}:d/file`, join(here, 'there')]);
	t.is(text('there'), 'text\n', 'relative paths in a container start from its root');
	mkdirSync(join(here, 'directory'));
	own(place, 'directory');
	await well(['cp', `${name}:/d/../d//file`, 'directory']);
	await well(['cp', `${name}:/d/file`, './directory/odd: name & | \\ \n']);
	t.deepEqual(readdirSync(join(here, 'directory')).sort(), ['file', 'odd: name & | \\ \n']);
	await refused(t, place, ['cp', `${name}:/d/file`, 'nowhere/'], /nowhere: there is no such directory/);
	await refused(t, place, ['cp', `${name}:/d/file`, 'no/where'], /no such directory/);
	await refused(t, place, ['cp', `${name}:/d/file`, 'there/'], /not a directory|Not a directory/i);
	await refused(t, place, ['cp', `${name}:/d/none`, '.'], /\/d\/none: there is nothing of that name/);
	await refused(t, place, ['cp', `${name}:/d/file/`, '.'], /[Nn]ot a directory/);
});

everywhere('out of a container, a directory becomes what the destination makes of it', async (t, as, state) => {
	const place = await scene(t, as, state, 'mkdir -p /d/sub; echo text > /d/sub/file; chmod 750 /d; ln -s sub /d/link; ln /d/sub/file /d/hard');
	const {here, well, name} = place;
	await well(['cp', `${name}:/d`, 'new']);
	t.deepEqual(readdirSync(join(here, 'new')).sort(), ['hard', 'link', 'sub']);
	t.is(statSync(join(here, 'new')).mode & 0o7777, 0o750);
	t.is(readlinkSync(join(here, 'new/link')), 'sub');
	t.is(statSync(join(here, 'new/hard')).ino, statSync(join(here, 'new/sub/file')).ino);
	await well(['cp', `${name}:/d/`, 'new']);
	t.is(readFileSync(join(here, 'new/d/sub/file'), 'utf8'), 'text\n', 'into one that is there, under its own name');
	await well(['cp', `${name}:/d/.`, 'again']);
	await well(['cp', `${name}:/d/.`, 'again']);
	t.deepEqual(readdirSync(join(here, 'again')).sort(), ['hard', 'link', 'sub']);
	write(place, 'file', '');
	await refused(t, place, ['cp', `${name}:/d`, 'file'], /file: a directory can't be copied over a file/);
	mkdirSync(join(here, 'over'));
	own(place, 'over');
	write(place, 'over/d', '');
	await refused(t, place, ['cp', `${name}:/d`, 'over'], /over\/d: a directory can't be copied over a file/);
	await refused(t, place, ['cp', `${name}:/d`, 'no/where'], /no such directory/);
});

everywhere('into a container, by the same rules; all is root\'s', async (t, as, state) => {
	const place = await scene(t, as, state, 'mkdir /d /there; echo old > /d/there; ln -s /there /d/link');
	const {here, well, name, inside} = place;
	write(place, 'file', 'text\n');
	mkdirSync(join(here, 'tree/sub'), {recursive: true});
	write(place, 'tree/sub/inner', 'inner\n');
	own(place, 'tree');
	chmodSync(join(here, 'tree'), 0o711);
	await well(['cp', 'file', `${name}:/d/new`]);
	await well(['cp', 'file', `${name}:d/there`]);
	await well(['cp', 'file', `${name}:/d`]);
	await well(['cp', 'file', `${name}:/d/-odd & | \\\n`]);
	await well(['cp', 'file', `${name}:/d/link`]);
	await well(['cp', 'tree', `${name}:/made`]);
	await well(['cp', './tree', `${name}:/d`]);
	await well(['cp', 'tree/.', `${name}:/d`]);
	t.is(await inside(`cat /d/new /d/there /d/file '/d/-odd & | \\\n' /there/file /made/sub/inner /d/tree/sub/inner /d/sub/inner`), `${'text\n'.repeat(5)}${'inner\n'.repeat(3)}`);
	t.is(await inside('stat -c "%u:%g %a" /d/new /made /made/sub/inner'), '0:0 644\n0:0 711\n0:0 644\n');
	await refused(t, place, ['cp', 'file', `${name}:/d/nowhere/`], /\/d\/nowhere: there is no such directory/);
	await refused(t, place, ['cp', 'file', `${name}:/no/where`], /\/no\/where: there is no such directory/);
	await refused(t, place, ['cp', 'file', `${name}:/d/new/`], /not a directory/);
	await refused(t, place, ['cp', 'tree', `${name}:/d/new`], /\/d\/new: a directory can't be copied over a file/);
	await refused(t, place, ['cp', 'none', `${name}:/d`], /none: there is nothing of that name/);
});

everywhere('a link as the source is copied as such, with -L as what it leads to', async (t, as, state) => {
	const place = await scene(t, as, state, 'mkdir /d; echo text > /d/file; ln -s file /d/to-file; ln -s d /to-d; ln -s nowhere /dangling');
	const {here, well, name, inside} = place;
	await well(['cp', `${name}:/d/to-file`, 'as-link']);
	t.is(readlinkSync(join(here, 'as-link')), 'file');
	await well(['cp', '-L', `${name}:/d/to-file`, 'followed']);
	t.is(readFileSync(join(here, 'followed'), 'utf8'), 'text\n');
	mkdirSync(join(here, 'into'));
	own(place, 'into');
	await well(['cp', `${name}:/dangling`, 'into']);
	await well(['cp', '-L', `${name}:/to-d`, 'into']);
	t.is(readlinkSync(join(here, 'into/dangling')), 'nowhere');
	t.is(readFileSync(join(here, 'into/to-d/file'), 'utf8'), 'text\n');
	t.true(lstatSync(join(here, 'into/to-d')).isDirectory());
	await refused(t, place, ['cp', '-L', `${name}:/dangling`, 'x'], /nothing of that name/);
	symlinkSync('into', join(here, 'local'));
	await well(['cp', 'local', `${name}:/d/local`]);
	t.is(await inside('readlink /d/local'), 'into\n');
	await well(['cp', '-L', 'local', `${name}:/local2`]);
	t.is(await inside('cat /local2/to-d/file'), 'text\n');
});

everywhere('as a tar stream, both ways, with long names, gzip and owners', async (t, as, state) => {
	const place = await scene(t, as, state, 'mkdir -p /d/sub; echo text > /d/sub/file');
	const {here, well, name, inside} = place;
	const {bytes} = await well(['cp', `${name}:/d`, '-']);
	t.deepEqual(execFileSync('tar', ['t'], {input: bytes.stdout}).toString().split('\n').slice(0, -1).sort(), ['d/', 'd/sub/', 'd/sub/file']);
	const long = `${'a'.repeat(120)}/${'b'.repeat(200)}`;
	mkdirSync(join(here, 'tree', 'a'.repeat(120)), {recursive: true});
	writeFileSync(join(here, 'tree', long), 'long\n');
	symlinkSync('l'.repeat(180), join(here, 'tree/link'));
	for (const [format, pack] of [['pax', gzipSync], ['gnu', (bytes: Buffer) => bytes]] as const) {
		const words = ['--create', '--owner=x:7', '--group=x:8', `--format=${format}`, '--directory', join(here, 'tree'), '.'];
		await well(['cp', '-', `${name}:/d/sub`], {input: pack(execFileSync('tar', words))});
		t.is(await inside(`cat /d/sub/${long}; readlink /d/sub/link`), `long\n${'l'.repeat(180)}\n`);
	}

	if (as.who === 'root') {
		t.is(await inside(`stat -c %u:%g /d/sub/${long}`), '7:8\n');
	}

	for (const [input, pattern] of [['no tar stream at all'.repeat(50), /isn't one, or it is damaged/], ['BZh91AY', /bzip2/], [bytes.stdout.subarray(0, 700), /cut short/]] as const) {
		const {status, stderr} = await place.run(['cp', '-', `${name}:/d`], {input});
		t.is(status, 125);
		t.regex(stderr, pattern);
	}

	t.regex((await place.run(['cp', '-', `${name}:/d/new`], {input: bytes.stdout})).stderr, /no such directory/);
});

const asRoot = people.root;
if (asRoot === undefined) {
	skip('root: -a keeps owners and set-id bits', 'these tests aren\'t root');
} else {
	for (const state of ['running', 'exited'] as const) {
		test(`root, ${state}: -a keeps owners and set-id bits; else they go`, async t => {
			const place = await scene(t, asRoot, state, 'mkdir /d; echo text > /d/file; chown 12:34 /d/file; chmod 4755 /d/file');
			const {here, well, name, inside} = place;
			await well(['cp', `${name}:/d/file`, 'plain']);
			await well(['cp', '-a', `${name}:/d/file`, 'kept']);
			t.deepEqual(['plain', 'kept'].map(file => statSync(join(here, file))).map(({uid, gid, mode}) => [uid, gid, mode & 0o7777]), [[0, 0, 0o755], [12, 34, 0o4755]]);
			await well(['cp', 'kept', `${name}:/plain`]);
			await well(['cp', '--archive', 'kept', `${name}:/kept`]);
			t.is(await inside('stat -c %u:%g:%a /plain /kept'), '0:0:4755\n12:34:4755\n');
		});
	}
}

if (people.user !== undefined) {
	const {user} = people;
	test('user: -a is refused, since the files can\'t be given away', async t => {
		const {status, stderr} = await cloche(['cp', '-a', 'x:/y', '.'], {as: user});
		t.is(status, 125);
		t.regex(stderr, /--archive: only root/);
	});
}

everywhere('what is mounted is seen; what isn\'t there while it doesn\'t run is refused', async (t, as, state) => {
	const place = await scene(t, as, state, 'echo from inside > /test-ready/file', ['--tmpfs', '/memory']);
	const {here, well, name} = place;
	await well(['cp', `${name}:/test-ready/file`, 'file']);
	t.is(readFileSync(join(here, 'file'), 'utf8'), 'from inside\n');
	if (state === 'exited') {
		await refused(t, place, ['cp', 'file', `${name}:/memory/file`], /in memory.*start it first/);
	} else {
		await well(['cp', 'file', `${name}:/memory/file`]);
		await well(['cp', `${name}:/memory/file`, 'back']);
		t.is(readFileSync(join(here, 'back'), 'utf8'), 'from inside\n');
	}
});

everywhere('a container whose paths lead to the machine\'s, in the names it has, gets and gives only its own', async (t, as, state) => {
	const place = await scene(t, as, state, [
		'mkdir /d; ln -s /etc /d/etc; ln -s ../../../../../../etc /d/up; ln -s /etc/passwd /d/passwd; echo own > /etc/passwd',
		'touch "/d/-rf" "/d/--checkpoint-action=exec=touch x" "/d/new',
		'line"; mkdir "/d/..." ; ln -s / /d/root',
	].join('\n'));
	const {here, well, name, inside} = place;
	const secret = write(place, 'secret', 'of the machine\n');
	await well(['cp', '-L', `${name}:/d/passwd`, 'passwd']);
	t.is(readFileSync(join(here, 'passwd'), 'utf8'), 'own\n');
	await well(['cp', `${name}:/d/up/passwd`, 'passwd2']);
	t.is(readFileSync(join(here, 'passwd2'), 'utf8'), 'own\n');
	await refused(t, place, ['cp', `${name}:/d/root${secret}`, 'x'], /nothing of that name/);
	await well(['cp', 'secret', `${name}:/d/up/cloche-was-here`]);
	await well(['cp', 'secret', `${name}:/d/etc/cloche-was-here-too`]);
	t.false(existsSync('/etc/cloche-was-here') || existsSync('/etc/cloche-was-here-too'));
	t.is(await inside('cat /etc/cloche-was-here /etc/cloche-was-here-too'), 'of the machine\n'.repeat(2));
	await well(['cp', `${name}:/d`, 'd']);
	t.deepEqual(readdirSync(join(here, 'd')).sort(), ['--checkpoint-action=exec=touch x', '-rf', '...', 'etc', 'new\nline', 'passwd', 'root', 'up'].sort());
	t.is(readlinkSync(join(here, 'd/etc')), '/etc');
	for (const odd of ['-rf', '--checkpoint-action=exec=touch x', 'new\nline']) {
		await well(['cp', `${name}:/d/${odd}`, './d/...']);
	}

	t.deepEqual(readdirSync(join(here, 'd/...')).sort(), ['--checkpoint-action=exec=touch x', '-rf', 'new\nline']);
	t.false(existsSync(join(here, 'x')));
});

everywhere('what was copied before leads nothing out: a link from the first copy is replaced by the second\'s directory', async (t, as, state) => {
	const place = await scene(t, as, state, 'mkdir -p /one/d /two/d/trap; echo evil > /two/d/trap/file; ln -s OUTSIDE /one/d/trap');
	const {here, well, name, run} = place;
	mkdirSync(join(here, 'outside'));
	own(place, 'outside');
	// The link's text can't be told before the directory is there.
	await well(['cp', '-', `${name}:/one/d`], {input: execFileSync('tar', ['c', '-C', (() => {
		mkdirSync(join(here, 'links'));
		symlinkSync(join(here, 'outside'), join(here, 'links/trap'));
		return join(here, 'links');
	})(), 'trap'])});
	await well(['cp', `${name}:/one/d`, 'copied']);
	t.is(readlinkSync(join(here, 'copied/trap')), join(here, 'outside'));
	await run(['cp', `${name}:/two/d/.`, 'copied']);
	t.deepEqual(readdirSync(join(here, 'outside')), []);
});

everywhere('a file that turns into a link and a directory and back while it is copied gives nothing of the machine', async (t, as) => {
	const secretName = `cloche-secret-${process.pid}-${as.who}`;
	const place = await scene(t, as, 'running', `
		mkdir /d /keep; echo fine > /keep/file
		(while :; do rm -rf /d/x; echo fine > /d/x; rm -rf /d/x; ln -s /tmp/${secretName} /d/x; rm -rf /d/x; mkdir /d/x; echo fine > /d/x/y; rm -rf /d/x; ln -s /tmp /d/x; done) 2>/dev/null &`);
	const {here, name, run} = place;
	const secret = `/tmp/${secretName}`;
	writeFileSync(secret, 'SECRET');
	t.teardown(() => {
		execFileSync('rm', ['-f', secret]);
	});
	for (let round = 0; round < 15; round++) {
		// It may fail, since things go away; then it says so.
		const {status} = await run(['cp', `${name}:/d`, `copy${round}`]);
		t.true(status === 0 || status === 125);
		const found = execFileSync('find', [here, '-path', join(here, 'state'), '-prune', '-o', '-type', 'f', '-print', '-exec', 'cat', '{}', '+']).toString();
		t.false(found.includes('SECRET'));
		await run(['cp', join(here, `copy${round}`), `${name}:/d/x`]);
	}

	t.is(readFileSync(secret, 'utf8'), 'SECRET');
	t.deepEqual(readdirSync('/tmp').filter(entry => /^(?:copy\d+|y)$/.test(entry)), []);
}, ['running']);

everywhere('hostile streams stay inside', async (t, as, state) => {
	const place = await scene(t, as, state, 'mkdir /d');
	const {here, well, name, run, inside} = place;
	mkdirSync(join(here, 't'));
	writeFileSync(join(here, 't/file'), 'evil\n');
	const escape = `../../../../../../../../..${here}/escaped`;
	for (const to of [escape, `${here}/absolute`]) {
		await run(['cp', '-', `${name}:/d`], {input: execFileSync('tar', ['c', '-P', '-C', join(here, 't'), `--transform=s|file|${to}|`, 'file'], {stdio: ['ignore', 'pipe', 'ignore']})});
	}

	t.false(existsSync(join(here, 'escaped')) || existsSync(join(here, 'absolute')));
	t.true((await inside('find /d -name absolute')).includes('absolute'));
	await well(['cp', `${name}:/d`, 'd']);
});

everywhere('it says what it needs', async (t, as, state) => {
	const place = await scene(t, as, state, 'true');
	const {name} = place;
	await refused(t, place, ['cp', 'x'], /two operands/);
	await refused(t, place, ['cp', 'x', 'y'], /neither of the two is in a container/);
	await refused(t, place, ['cp', `${name}:/x`, `${name}:/y`], /both are in containers/);
	await refused(t, place, ['cp', `${name}:`, 'y'], /no path/);
	await refused(t, place, ['cp', 'nobody:/x', 'y'], /no such container: nobody/);
});

everywhere('a container that was created and not started; afterwards it starts, and nothing is left when it is removed', async (t, as) => {
	const place = await scene(t, as, 'exited', 'true');
	const {here, well, root, name} = place;
	write(place, 'file', 'text\n');
	utimesSync(join(here, 'file'), 1000, 1000);
	await well(['create', '--name', 'fresh', 'busybox', 'cat', '/given']);
	await well(['cp', 'file', 'fresh:/given']);
	await well(['cp', 'fresh:/given', 'back']);
	t.is(statSync(join(here, 'back')).mtimeMs, 1_000_000);
	await well(['start', 'fresh']);
	await well(['rm', '-f', 'fresh', name]);
	t.deepEqual(remains(root), []);
}, ['exited']);

everywhere('several at once, all of them', async (t, as, state) => {
	const place = await scene(t, as, state, 'mkdir /d; echo text > /d/file');
	const {here, well, name, inside} = place;
	write(place, 'given', 'given\n');
	await Promise.all([1, 2, 3].flatMap(number => [well(['cp', `${name}:/d/file`, `got${number}`]), well(['cp', 'given', `${name}:/d/given${number}`])]));
	t.deepEqual([1, 2, 3].map(number => readFileSync(join(here, `got${number}`), 'utf8')), ['text\n', 'text\n', 'text\n']);
	t.is(await inside('cat /d/given1 /d/given2 /d/given3'), 'given\n'.repeat(3));
});

everywhere('killed in the middle, nothing is left in the way: it copies again, and is removed', async (t, as, state) => {
	const {root, here, well, name} = await scene(t, as, state, 'mkdir /d; dd if=/dev/zero of=/d/large bs=1M count=8 2>/dev/null');
	// Nobody reads, so it waits.
	const copying = new Running(['cp', `${name}:/d`, '-'], {as, cwd: here, env: {CLOCHE_ROOT: root}, keep: false});
	await new Promise(resolve => {
		copying.child.stdout?.once('readable', resolve);
	});
	const helpers = childrenOf(copying.pid);
	t.true(helpers.length > 0);
	copying.child.kill('SIGKILL');
	await copying.ended;
	await until(() => helpers.every(pid => readProc(`${pid}/stat`) === ''));
	await well(['cp', `${name}:/d/large`, 'large']);
	t.is(statSync(join(here, 'large')).size, 8 << 20);
	t.is((await well(['rm', '-f', name])).stdout, `${name}\n`);
	t.deepEqual(remains(root), []);
});

everywhere('a root that can\'t be written isn\'t', async (t, as, state) => {
	const place = await scene(t, as, state, 'true', ['--read-only']);
	write(place, 'file', '');
	await refused(t, place, ['cp', 'file', `${place.name}:/file`], /Read-only file system/);
	await place.well(['cp', 'file', `${place.name}:/test-ready/file`]);
});

if (asRoot !== undefined) {
	test('root: a container that shares the machine\'s processes gets none of their roots', async t => {
		const place = await scene(t, asRoot, 'running', 'ln -s /proc/1/root /to-init; ln -s /proc/1/cwd/etc /to-etc', ['--pid', 'host']);
		write(place, 'file', '');
		for (const link of ['to-init/etc', 'to-etc']) {
			await refused(t, place, ['cp', `${place.name}:/${link}/hostname`, 'hostname'], /Permission denied/);
			await refused(t, place, ['cp', 'file', `${place.name}:/${link}/cloche-was-here`], /no such directory/);
		}

		t.false(existsSync('/etc/cloche-was-here') || existsSync(join(place.here, 'hostname')));
	});
}

everywhere('a pipe at the destination stays what it is, and so would a device', async (t, as, state) => {
	const {here, name, run} = await scene(t, as, state, 'echo text >/file; mkdir /dir; echo text >/dir/pipe');
	execFileSync('mkfifo', [join(here, 'pipe')]);
	for (const words of [[`${name}:/file`, 'pipe'], [`${name}:/file`, `${here}/pipe`], [`${name}:/dir/pipe`, '.'], [`${name}:/dir/pipe`, `${here}/`]]) {
		const {status, stderr} = await run(['cp', ...words]);
		t.is(status, 125);
		t.regex(stderr, /^cloche: cannot copy: [^\n]*pipe: it is neither a file nor a directory; [^\n]+\n$/);
		t.true(lstatSync(join(here, 'pipe')).isFIFO());
	}
});
