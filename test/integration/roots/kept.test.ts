/** Containers that are kept, removed and collected; several state roots beside each other. */

import {execFileSync} from 'node:child_process';
import {existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {cloche, directoryOf, present, ran, refused, remains, Running} from '../support/cloche.js';
import {gone, MARK, marked, nameOf, newMark, until} from '../support/marked.js';
import type {Person} from '../support/who.js';

const everybody = (title: string, show: (t: ExecutionContext, as: Person) => Promise<void>): void => {
	for (const as of present) {
		test(`${as.who}: ${title}`, async t => {
			await show(t, as);
		});
	}
};

/** The containers' directories in a state root. */
const containers = (root: string): string[] => readdirSync(join(root, 'containers')).filter(name => !name.includes('.')).map(id => join(root, 'containers', id));

const fresh = (as: Person): {root: string; env: {CLOCHE_ROOT: string}} => {
	const root = join(directoryOf(as), 'state');
	return {root, env: {CLOCHE_ROOT: root}};
};

everybody('one with a name is kept with what it wrote and how it ended, and rm removes all of it', async (t, as) => {
	const {root, env} = fresh(as);
	const {status} = await cloche(['run', '--name', 'kept', 'busybox', 'sh', '-c', 'echo written >/file; exit 42'], {as, env});
	t.is(status, 42);
	const [directory = ''] = containers(root);
	t.is(readFileSync(join(directory, 'upper/file'), 'utf8'), 'written\n');
	const record = JSON.parse(readFileSync(join(directory, 'record.json'), 'utf8')) as Record<string, unknown>;
	t.like(record, {version: 1, name: 'kept', image: 'busybox', keep: true});
	t.like(JSON.parse(readFileSync(join(directory, 'exit.json'), 'utf8')) as Record<string, unknown>, {version: 1, code: 42});
	t.is(statSync(join(root, 'containers')).mode & 0o077, 0o011);
	t.deepEqual(await cloche(['rm', 'kept'], {as, env}).then(ended => [ended.status, ended.stdout, ended.stderr]), [0, 'kept\n', '']);
	t.deepEqual(remains(root), []);
	await refused(t, ['rm', 'kept'], [/kept/], {as});
});

everybody('its name is taken until then; with --rm it isn\'t kept', async (t, as) => {
	const {root, env} = fresh(as);
	await ran(t, ['--name', 'one', '--rm', 'busybox', 'true'], {as, env});
	t.deepEqual(remains(root), []);
	await ran(t, ['--name', 'one', 'busybox', 'true'], {as, env});
	const {status, stderr} = await cloche(['run', '--name', 'one', 'busybox', 'true'], {as, env});
	t.is(status, 125);
	t.regex(stderr, /^cloche: the name is taken: one: [^\n]+\n$/);
	t.is(containers(root).length, 1);
});

everybody('rm takes names, ids and beginnings of ids, and tells of each that it hasn\'t', async (t, as) => {
	const {root, env} = fresh(as);
	for (const name of ['a', 'b', 'c']) {
		await ran(t, ['--name', name, 'busybox', 'true'], {as, env});
	}

	const byName = new Map(containers(root).map(directory => [(JSON.parse(readFileSync(join(directory, 'record.json'), 'utf8')) as {name: string}).name, directory.split('/').at(-1) ?? '']));
	const words = ['a', byName.get('b') ?? '', 'missing', (byName.get('c') ?? '').slice(0, 8)];
	const {status, stdout, stderr} = await cloche(['rm', ...words], {as, env});
	t.is(status, 125);
	t.is(stdout, [words[0], words[1], words[3], ''].join('\n'));
	t.regex(stderr, /^cloche: [^\n]*missing[^\n]*\n$/);
	t.deepEqual(remains(root), []);
});

everybody('one that runs is removed only by force', async (t, as) => {
	const {root, env} = fresh(as);
	const mark = newMark();
	const running = new Running(['run', '--name', 'busy', '-e', `${MARK}=${mark}`, 'busybox', 'sleep', '1000'], {as, env: {...env, [MARK]: mark}});
	await until(() => marked(mark).some(pid => nameOf(pid) === 'sleep') && readdirSync(join(root, 'containers')).some(name => name.endsWith('.init')));
	const {status, stderr} = await cloche(['rm', 'busy'], {as, env});
	t.is(status, 125);
	t.regex(stderr, /^cloche: the container runs: [^\n]+; stop it first, or give --force\n$/);
	t.is((await cloche(['gc'], {as, env})).status, 0);
	t.true(marked(mark).length > 0);
	t.is((await cloche(['rm', '--force', 'busy'], {as, env})).status, 0);
	t.is((await running.ended).status, 137);
	await gone(mark);
	t.deepEqual(remains(root), []);
});

everybody('gc removes what nobody claims, and nothing that is kept or a newer version\'s', async (t, as) => {
	const {root, env} = fresh(as);
	await ran(t, ['--name', 'kept', 'busybox', 'true'], {as, env});
	const own = {mode: 0o700};
	for (const [id, record] of [['orphan000000', '{"version":1,"id":"orphan000000","created":"2026-01-01T00:00:00.000Z","image":"busybox","lowers":["/"],"driver":"overlay","command":["true"],"keep":false}'], ['newer0000000', '{"version":2}']] as const) {
		mkdirSync(join(root, 'containers', id, 'upper/deep'), {recursive: true, ...own});
		writeFileSync(join(root, 'containers', id, 'record.json'), record);
	}

	symlinkSync('pid:[1]', join(root, 'live', 'nonsense'));
	if (as.other) {
		execFileSync('chown', ['-hR', `${as.uid}:${as.gid}`, root]);
	}

	const {stdout, stderr} = await cloche(['gc'], {as, env});
	t.false(existsSync(join(root, 'containers/orphan000000')), stderr);
	t.true(existsSync(join(root, 'containers/newer0000000')));
	t.is(stdout, 'orphan000000\n');
	t.is(containers(root).length, 2);
	t.is((await cloche(['rm', 'kept'], {as, env})).status, 0);
});

everybody('two roots know nothing of each other', async (t, as) => {
	const [one, two] = [fresh(as), fresh(as)];
	await Promise.all([one, two].map(async ({env}, index) => ran(t, ['--name', 'same', 'busybox', 'sh', '-c', `echo ${index} >/mine`], {as, env})));
	for (const [index, {root}] of [one, two].entries()) {
		t.deepEqual(containers(root).map(directory => readFileSync(join(directory, 'upper/mine'), 'utf8')), [`${index}\n`]);
	}

	t.is((await cloche(['rm', 'same'], {as, env: one.env})).status, 0);
	t.deepEqual([remains(one.root).length, containers(two.root).length], [0, 1]);
});

everybody('where nothing is said, state is where the machine keeps such: for a user, the XDG directories', async (t, as) => {
	if (as.who === 'root') {
		const text = await ran(t, ['--explain', '--name', 'x', '--rm', 'busybox', 'true'], {as, env: {CLOCHE_ROOT: ''}});
		t.regex(text, / \/var\/lib\/cloche\/names\/x/);
		t.regex(text, / \/run\/cloche\//);
		return;
	}

	const home = directoryOf(as);
	const [data, run] = [join(home, 'data'), join(home, 'run')];
	const named = await ran(t, ['--explain', '--name', 'x', '--rm', 'busybox', 'true'], {as, env: {CLOCHE_ROOT: '', XDG_DATA_HOME: data, XDG_RUNTIME_DIR: run}});
	t.true(named.includes(` ${data}/cloche/names/x`) && named.includes(` ${run}/cloche/`), named);
	await ran(t, ['--name', 'kept', 'busybox', 'true'], {as, env: {CLOCHE_ROOT: '', HOME: home}});
	t.is(containers(join(home, '.local/share/cloche')).length, 1);
});
