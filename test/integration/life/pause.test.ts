/** pause and unpause, where there are cgroups: of detached containers, and of ones in the foreground, with all their processes. */

import {existsSync, readFileSync} from 'node:fs';
import test from 'ava';
import {cgroupsFor} from '../../../orchestrator/host/cgroup.js';
import {canFreeze, makeSure} from '../support/freezer.js';
import {readProc, until} from '../support/marked.js';
import {everybody, type Place, placeOf} from '../support/place.js';
import {people, skip} from '../support/who.js';

const {root: asRoot} = people;

/** It counts in a file as long as it runs. */
const counter = 'i=0; while :; do i=$((i+1)); echo $i; sleep 0.02; done';

const count = async ({well}: Place, name: string): Promise<number> => (await well('logs', name)).split('\n').length;

const title = 'a paused container stands still, says so, and goes on';

if (asRoot === undefined || !canFreeze()) {
	skip(title, asRoot === undefined ? 'needs root' : 'no cgroup can be frozen here');
} else {
	test(title, async t => {
		const place = placeOf(t, asRoot);
		const {well, fails, state, actions} = place;
		await well('run', '-d', '--name', 'p', 'busybox', 'sh', '-c', counter);
		await until(async () => await count(place, 'p') > 3);
		await well('pause', 'p');
		t.is(await state('p'), 'paused');
		const before = await count(place, 'p');
		t.regex(await fails('pause', 'p'), /paused already: p/);
		t.is(await count(place, 'p'), before, 'commands took their time, and nothing was counted');
		await well('unpause', 'p');
		t.is(await state('p'), 'running');
		await until(async () => await count(place, 'p') > before);
		t.regex(await fails('unpause', 'p'), /not paused: p: running/);
		t.deepEqual(actions(), ['create', 'start', 'pause', 'unpause']);
		await well('rm', '-f', 'p');
	});

	test('a paused one is stopped: thawed first, it ends as it likes; and killed', async t => {
		const {well, state} = placeOf(t, asRoot);
		await well('run', '-d', '--name', 'p', 'busybox', 'sh', '-c', 'trap "exit 9" TERM; echo ready; while :; do sleep 0.1; done');
		await until(async () => await well('logs', 'p') === 'ready');
		await well('pause', 'p');
		await well('stop', 'p');
		t.is(await well('wait', 'p'), '9');
		await well('start', 'p');
		await well('pause', 'p');
		await well('kill', 'p');
		t.is(await well('wait', 'p'), '137');
		t.is(await state('p'), 'exited');
		await well('start', 'p');
		await well('pause', 'p');
		await well('rm', '-f', 'p');
	});

	test('one in the foreground gets a cgroup then, all its processes go into it, and nothing of that is left', async t => {
		const place = placeOf(t, asRoot);
		const {well, foreground, state, root} = place;
		const {running, init} = await foreground('f', 'busybox', 'sh', '-c', 'sleep 1001 & (sleep 1002 & wait) & wait');
		await until(() => makeSure(init, 4));
		await well('pause', 'f');
		t.is(await state('f'), 'paused');
		const cgroups = cgroupsFor(await well('inspect', '--format', '{{.Id}}', 'f'), root);
		const [cgroup = ''] = cgroups;
		t.true(existsSync(cgroup));
		t.is(readFileSync(`${cgroup}/cgroup.procs`, 'utf8').trim().split('\n').length, 4);
		t.regex(readProc(`${init}/cgroup`), /cloche-/);
		await well('unpause', 'f');
		await well('stop', 'f');
		await running.ended;
		await until(() => !cgroups.some(path => existsSync(path)));
		await well('rm', 'f');
	});
}

everybody('what doesn\'t run can\'t be paused', async (t, {well, fails}) => {
	await well('run', '-d', '--name', 'ended', 'busybox', 'true');
	await well('wait', 'ended');
	t.regex(await fails('pause', 'ended'), /does not run: ended: exited/);
});

const {user} = people;

if (user !== undefined && asRoot !== undefined) {
	test('user: without a cgroup, pause says why, and nothing has happened', async t => {
		const {well, fails, state} = placeOf(t, user);
		await well('run', '-d', '--name', 'p', 'busybox', 'sleep', '1000');
		t.regex(await fails('pause', 'p'), /cannot pause: p: no cgroup can be made here: ours wasn't delegated to us; /);
		t.is(await state('p'), 'running');
		await well('rm', '-f', 'p');
	});
}
