/** Containers that outlive their handle: started, found again, looked into, ended by the library. */

import {execFile} from 'node:child_process';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {promisify} from 'node:util';
import test, {type ExecutionContext} from 'ava';
import {type Cloche, ClocheError, openCloche} from '../../../orchestrator/index.js';
import {remains} from '../support/cloche.js';
import {command} from '../support/installed.js';
import {until} from '../support/marked.js';

const open = async (t: ExecutionContext): Promise<Cloche> => {
	const root = mkdtempSync(join(tmpdir(), 'cloche-library-'));
	const cloche = await openCloche({root});
	t.teardown(async () => {
		await Promise.all(cloche.containers().map(container => container.remove({force: true})));
		await cloche.close();
		rmSync(root, {recursive: true});
	});
	return cloche;
};

test('one is started, found by name and by the command line, run into, read, and ended', async t => {
	const cloche = await open(t);
	const started = await cloche.start('busybox', ['sh', '-c', 'echo ready; echo oops >&2; sleep 1000'], {name: 'web', label: {a: 'b'}, env: {A: 1}});
	t.is(started.name, 'web');
	const found = cloche.container('web');
	t.is(found.id, started.id);
	t.deepEqual(cloche.containers().map(({id}) => id), [started.id]);
	const {stdout} = await promisify(execFile)(command, ['--root', cloche.root, 'ps', '--format', '{{.Names}}']);
	t.is(stdout, 'web\n');
	t.is((await found.exec(['sh', '-c', 'echo $A'])).stdout, '1');
	t.is((await found.exec(['false'], {reject: false})).exitCode, 1);
	const lines: string[] = [];
	for await (const {stream, text, time} of found.logs({follow: true})) {
		t.regex(time, /^\d{4}-\d\d-\d\dT.*Z$/);
		lines.push(`${stream} ${text}`);
		if (lines.length === 2) {
			break;
		}
	}

	t.deepEqual(lines.sort(), ['stderr oops', 'stdout ready']);
	const {state, labels} = await found.inspect();
	t.is(state.status, 'running');
	t.deepEqual(labels, {a: 'b'});
	const end = found.wait();
	await started.stop({timeout: 100});
	t.is(await end, 137);
	t.is(await started.wait(), 137);
	await started.remove();
	t.throws(() => cloche.container('web'), {instanceOf: ClocheError, message: 'no such container: web'});
	t.deepEqual(remains(cloche.root), []);
});

test('it outlives the library that started it, and await using removes it', async t => {
	const cloche = await open(t);
	let id = '';
	{
		await using box = await cloche.start('busybox', ['sleep', '1000']);
		id = box.id;
		await cloche.close();
		t.is((await box.inspect()).state.status, 'running');
	}

	t.throws(() => cloche.container(id));
	t.deepEqual(remains(cloche.root), []);
});

test('it is started again with its files, and called otherwise', async t => {
	const cloche = await open(t);
	const box = await cloche.start('busybox', ['sh', '-c', 'echo x >> /f; wc -l < /f; exec sleep 1000']);
	await until(async () => (await box.inspect()).state.status === 'running');
	await box.restart({signal: 'KILL'});
	t.is((await box.inspect()).state.status, 'running');
	box.rename('other');
	t.is(box.name, 'other');
	await box.kill();
	const texts: string[] = [];
	for await (const {text} of box.logs()) {
		texts.push(text);
	}

	t.deepEqual(texts, ['1', '2']);
});

test('what can\'t be started leaves nothing, and says what it is', async t => {
	const cloche = await open(t);
	const error = await t.throwsAsync(cloche.start('busybox', ['nonesuch'], {name: 'never'}), {instanceOf: ClocheError});
	t.is(error.exitCode, 127);
	await t.throwsAsync(cloche.start('busybox', ['true'], {restart: 'always', rm: true}), {message: /^restart: /});
	// Plain JavaScript can pass what the types don't let.
	await t.throwsAsync(cloche.start('busybox', ['true'], {detach: true} as object), {message: /^unknown option 'detach'/});
	t.throws(() => cloche.run('busybox', ['true'], {detach: true} as object), {message: /^unknown option 'detach'/});
	await t.throwsAsync(async () => cloche.run('busybox', ['true'], {restart: 'always'}), {message: /^restart: .*detach/});
	t.deepEqual(remains(cloche.root), []);
});
