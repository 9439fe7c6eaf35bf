/** Many at once on one state root, and what is left when they are killed. */

import {existsSync, readdirSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {cloche, directoryOf, present, remains, Running} from './support/cloche.js';
import {childrenOf, gone, MARK, marked, mountsBelow, nameOf, newMark, until} from './support/marked.js';

for (const as of present) {
	test.serial(`${as.who}: two hundred concurrent runs on one root all succeed and leave nothing`, async t => {
		const root = join(directoryOf(as), 'state');
		const mark = newMark();
		const env = {CLOCHE_ROOT: root, [MARK]: mark};
		// Builds the layer, where an ordinary user has to: two hundred that all do so succeed, too, but take a minute.
		t.is((await cloche(['run', 'busybox', 'true'], {as, env})).status, 0);
		// Each makes a file of one name, tells what it reads there, and whom it sees.
		const ended = await Promise.all(Array.from({length: 200}, async (_, index) =>
			// Every other one has a name, and so a place on disk; the others stay in memory.
			cloche(['run', ...(index % 2 === 0 ? [] : ['--name', `box-${index}`, '--rm']), '--hostname', `box-${index}`, '-e', `${MARK}=${mark}`, 'busybox', 'sh', '-c', `echo ${index} >/mine; hostname; cat /mine; exit ${index % 100}`], {as, env})));
		t.deepEqual(ended.map(({status, stdout, stderr}) => ({status, stdout, stderr})), ended.map((_, index) => ({status: index % 100, stdout: `box-${index}\n${index}\n`, stderr: ''})));
		t.deepEqual(remains(root), []);
		t.deepEqual(marked(mark), []);
		t.deepEqual(mountsBelow(root), []);
	});

	test.serial(`${as.who}: of many that want one name, one gets it`, async t => {
		const env = {CLOCHE_ROOT: join(directoryOf(as), 'state')};
		const ended = await Promise.all(Array.from({length: 12}, async () => cloche(['run', '--name', 'wanted', 'busybox', 'true'], {as, env})));
		t.is(ended.filter(({status}) => status === 0).length, 1);
		for (const {stderr} of ended.filter(({status}) => status !== 0)) {
			t.regex(stderr, /^cloche: the name is taken: wanted: [^\n]+\n$/);
		}

		t.is((await cloche(['rm', 'wanted'], {as, env})).status, 0);
		t.deepEqual(remains(env.CLOCHE_ROOT), []);
	});

	const victims = {
		'orchestrator': (mark: string): number | undefined => marked(mark).find(pid => nameOf(pid) === 'node' || nameOf(pid) === 'MainThread'),
		'supervisor': (mark: string): number | undefined => marked(mark).flatMap(pid => nameOf(pid) === 'nsinit' ? [] : childrenOf(pid)).find(pid => nameOf(pid) === 'nsinit'),
		'first process': (mark: string): number | undefined => marked(mark).find(pid => nameOf(pid) === 'sleep'),
	};

	for (const [victim, find] of Object.entries(victims)) {
		test.serial(`${as.who}: the ${victim} is killed while the payload runs: no process is left, and the next start removes the rest`, async t => {
			const root = join(directoryOf(as), 'state');
			const mark = newMark();
			const env = {CLOCHE_ROOT: root, [MARK]: mark};
			const running = new Running(['run', '-e', `${MARK}=${mark}`, 'busybox', 'sleep', '1000'], {as, env});
			await until(() => marked(mark).some(pid => nameOf(pid) === 'sleep'));
			const pid = find(mark);
			if (pid === undefined) {
				throw new Error(`there is no ${victim}`);
			}

			process.kill(pid, 'SIGKILL');
			const {status, signal, stderr} = await running.ended;
			t.deepEqual({status, signal}, {'orchestrator': {status: null, signal: 'SIGKILL'}, 'supervisor': {status: 125, signal: null}, 'first process': {status: 137, signal: null}}[victim], stderr);
			if (victim === 'supervisor') {
				t.regex(stderr, /^cloche: [^\n]*SIGKILL[^\n]*\n$/);
			}

			await gone(mark);
			t.is((await cloche(['run', 'busybox', 'true'], {as, env})).status, 0);
			t.deepEqual(remains(root), []);
			t.deepEqual(mountsBelow(root), []);
		});
	}

	test.serial(`${as.who}: killed at random moments, orchestrators leave nothing that the next start doesn't remove`, async t => {
		const root = join(directoryOf(as), 'state');
		const mark = newMark();
		const env = {CLOCHE_ROOT: root, [MARK]: mark};
		await Promise.all(Array.from({length: 40}, async (_, index) => {
			const running = new Running(['run', ...(index % 2 === 0 ? [] : ['--name', `box-${index}`, '--rm']), '-e', `${MARK}=${mark}`, 'busybox', 'sh', '-c', 'head -c 100000 /dev/zero >/file; sleep 1000'], {as, env});
			// Spread over all that a start takes, and past it.
			const timer = setTimeout(() => running.child.kill('SIGKILL'), 30 + index * 40);
			await running.ended;
			clearTimeout(timer);
		}));
		await gone(mark);
		t.is((await cloche(['run', 'busybox', 'true'], {as, env})).status, 0);
		// A name's directory may stay, empty: others may claim it at any time, so only gc looks into it.
		t.deepEqual(remains(root).filter(path => !path.startsWith('names/box-')), []);
		t.deepEqual(await cloche(['gc'], {as, env}).then(({status, stdout, stderr}) => [status, stdout, stderr]), [0, '', '']);
		t.deepEqual(remains(root), []);
		t.deepEqual(mountsBelow(root), []);
	});

	test.serial(`${as.who}: a kept container whose supervisor was killed is kept, and can be removed`, async t => {
		const root = join(directoryOf(as), 'state');
		const mark = newMark();
		const env = {CLOCHE_ROOT: root, [MARK]: mark};
		const running = new Running(['run', '--name', 'kept', '-e', `${MARK}=${mark}`, 'busybox', 'sh', '-c', 'echo written >/file; sleep 1000'], {as, env});
		await until(() => marked(mark).some(pid => nameOf(pid) === 'sleep'));
		const supervisor = victims.supervisor(mark);
		process.kill(supervisor ?? 0, 'SIGKILL');
		t.is((await running.ended).status, 125);
		await gone(mark);
		t.is((await cloche(['gc'], {as, env})).status, 0);
		const [id = ''] = readdirSync(join(root, 'containers'));
		t.true(existsSync(join(root, 'containers', id, 'exit.json')));
		t.is((await cloche(['rm', 'kept'], {as, env})).status, 0);
		t.deepEqual(remains(root), []);
	});
}
