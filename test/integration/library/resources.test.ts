/** What the library holds and gives back: many containers at once, nothing that grows, a process that ends by itself. */

import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {readdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {text} from 'node:stream/consumers';
import test from 'ava';
import {openCloche} from '../../../orchestrator/index.js';
import {directoryOf, remains} from '../support/cloche.js';
import {repository} from '../support/installed.js';
import {childrenOf, gone, MARK, marked, mountsBelow, nameOf, newMark, until} from '../support/marked.js';

const descriptors = (pid: number | 'self'): number => readdirSync(`/proc/${pid}/fd`).length;

test.serial('fifty at once, each its own', async t => {
	const root = join(directoryOf(), 'state');
	await using cloche = await openCloche({root});
	const results = await Promise.all(Array.from({length: 50}, async (_, index) =>
		cloche.run('busybox', ['sh', '-c', 'cat; hostname; cat /mine 2>/dev/null; echo x >/mine'], {hostname: `box-${index}`, input: `${index}\n`})));
	t.deepEqual(results.map(({stdout}) => stdout), results.map((_, index) => `${index}\nbox-${index}`));
	t.is(new Set(results.map(({id}) => id)).size, 50);
	t.is(childrenOf(process.pid).filter(pid => nameOf(pid) === 'nsinit').length, 1);
	await until(() => remains(root).length === 0);
	t.deepEqual(mountsBelow(root), []);
});

test.serial('one container or three hundred: as many descriptors and handles, here and in the supervisor', async t => {
	await using cloche = await openCloche({root: join(directoryOf(), 'state')});
	const rounds = async (count: number): Promise<void> => {
		for (let left = count; left > 0; left -= 10) {
			await Promise.all(Array.from({length: 10}, async (_, index) => index === 0
				? cloche.run('busybox', ['nope'], {reject: false}).catch(String)
				: cloche.run('busybox', ['echo', 'x'], {input: 'y'})));
		}
	};

	const supervisor = (): number => childrenOf(process.pid).find(pid => nameOf(pid) === 'nsinit') ?? 0;
	const settled = async (expected: number, count: () => number): Promise<number> => {
		await until(() => count() <= expected, () => `${count()} of ${expected}`);
		return count();
	};

	await rounds(20);
	const [ours, theirs, children] = [descriptors('self'), descriptors(supervisor()), childrenOf(supervisor()).length];
	const handles = process.getActiveResourcesInfo().length;
	await rounds(300);
	t.true(await settled(ours, () => descriptors('self')) <= ours);
	t.true(await settled(theirs, () => descriptors(supervisor())) <= theirs);
	t.true(await settled(children, () => childrenOf(supervisor()).length) <= children);
	t.true(await settled(handles, () => process.getActiveResourcesInfo().length) <= handles);
});

test.serial('a supervisor that is killed takes its containers along, each is told, and the next start has another', async t => {
	const root = join(directoryOf(), 'state');
	const mark = newMark();
	await using cloche = await openCloche({root});
	const running = Array.from({length: 3}, () => cloche.run('busybox', ['sleep', '1000'], {env: {[MARK]: mark}}));
	await Promise.all(running.map(async one => one.pid()));
	await until(() => marked(mark).length === 3);
	const [supervisor = 0] = childrenOf(process.pid).filter(pid => nameOf(pid) === 'nsinit');
	process.kill(supervisor, 'SIGKILL');
	for (const one of running) {
		await t.throwsAsync(one.then(String), {message: /SIGKILL/});
	}

	await gone(mark);
	t.is((await cloche.run('busybox', ['echo', 'again'])).stdout, 'again');
	await until(() => remains(root).length === 0, () => remains(root).join());
	t.pass();
});

/** Run a program that uses the library from its sources; what it printed and how it ended. */
const program = async (source: string, env: Record<string, string> = {}): Promise<{status: number | null; signal: string | null; stdout: string; stderr: string}> => {
	const directory = directoryOf();
	const file = join(directory, 'program.mts');
	writeFileSync(file, `import {cloche, openCloche} from ${JSON.stringify(join(repository, 'orchestrator/index.ts'))};\n${source}`);
	const child = spawn(process.execPath, ['--import', join(repository, 'node_modules/tsx/dist/esm/index.mjs'), file], {
		stdio: ['ignore', 'pipe', 'pipe'], env: {PATH: process.env['PATH'], HOME: directory, CLOCHE_ROOT: join(directory, 'state'), ...env},
	});
	const [stdout, stderr, [status, signal]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit') as Promise<[number | null, string | null]>]);
	return {status, signal, stdout, stderr};
};

test.serial('a program ends by itself when its last container has, closed or not', async t => {
	const ended = await program('const {stdout} = await cloche.run(\'busybox\', [\'echo\', \'hello\']);\nconsole.log(stdout);\n');
	t.deepEqual(ended, {status: 0, signal: null, stdout: 'hello\n', stderr: ''});
	const disposed = await program('await using own = await openCloche();\nconst box = await own.create({image: \'busybox\'});\nconsole.log((await box.start([\'hostname\'], {})).exitCode);\nawait box.close();\n');
	t.deepEqual(disposed, {status: 0, signal: null, stdout: '0\n', stderr: ''});
});

test.serial('a program that ends while containers run takes them along', async t => {
	const mark = newMark();
	const ended = await program(`const running = cloche.run('busybox', ['sleep', '1000'], {env: {${MARK}: '${mark}'}});\nawait running.pid();\nprocess.exit(3);\n`, {[MARK]: mark});
	t.deepEqual([ended.status, ended.stderr], [3, '']);
	await gone(mark);
	t.deepEqual(marked(mark), []);
});

test.serial('a program whose exception nobody catches takes them along, too', async t => {
	const mark = newMark();
	const ended = await program(`const running = cloche.run('busybox', ['sleep', '1000'], {env: {${MARK}: '${mark}'}});\nawait running.pid();\nthrow new Error('oops');\n`, {[MARK]: mark});
	t.is(ended.status, 1);
	t.regex(ended.stderr, /oops/);
	await gone(mark);
	t.deepEqual(marked(mark), []);
});
