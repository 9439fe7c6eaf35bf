/** gc: cgroups, sockets and records of the dead; nothing of the living. */

import {chownSync, existsSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {cgroupsFor, makeCgroups} from '../../../orchestrator/host/cgroup.js';
import {remains} from '../support/cloche.js';
import {until} from '../support/marked.js';
import {everybody, isThere, ownerOf, placeOf} from '../support/place.js';
import {people, skip} from '../support/who.js';

everybody('a supervisor is killed: its container is dead, its socket and run directory are gone; the living one is as it was', async (t, {well, root, initOf, state}) => {
	const dead = await well('run', '-d', '--name', 'dead', 'busybox', 'sleep', '1000');
	const alive = await well('run', '-d', '--name', 'alive', 'busybox', 'sleep', '1000');
	const init = initOf(dead);
	process.kill(ownerOf(root, dead), 'SIGKILL');
	await until(() => !isThere(init));
	t.true(existsSync(join(root, 'run', dead)));
	await well('gc');
	t.is(await state('dead'), 'dead');
	t.is((JSON.parse(readFileSync(join(root, 'containers', dead, 'exit.json'), 'utf8')) as {error: string}).error, 'supervisor died');
	t.false(existsSync(join(root, 'run', dead)));
	t.true(isThere(initOf(alive)));
	t.true(existsSync(join(root, 'run', alive, 'socket')));
	await well('rm', 'dead');
	await well('rm', '-f', 'alive');
	t.deepEqual(remains(root), []);
});

everybody('one that removes itself: nothing is left of it', async (t, {well, root, initOf}) => {
	const id = await well('run', '-d', '--rm', '--name', 'x', 'busybox', 'sleep', '1000');
	const init = initOf(id);
	process.kill(ownerOf(root, id), 'SIGKILL');
	await until(() => !isThere(init));
	await well('gc');
	t.deepEqual(remains(root), []);
});

everybody('a restart that won\'t come: it has ended as its last run', async (t, {well, root, state}) => {
	const id = await well('run', '-d', '--name', 'r', '--restart', 'always', 'busybox', 'sh', '-c', 'exit 3');
	await until(async () => await state('r') === 'restarting');
	process.kill(ownerOf(root, id), 'SIGKILL');
	await until(() => ownerOf(root, id) > 0 && !isThere(ownerOf(root, id)));
	// As if it had been killed while it wrote down its next init.
	writeFileSync(join(root, `containers/.${id}.init.newinitslink`), '');
	await well('gc');
	t.regex(await state('r'), /exited|dead/);
	t.regex(await well('inspect', '--format', '{{.state.status}}', 'r'), /exited|dead/);
	await well('rm', 'r');
	t.deepEqual(remains(root), []);
});

everybody('run directories that nobody claims go', async (t, {well, root, as}) => {
	await well('run', '--rm', '--name', 'first', 'busybox', 'true');
	mkdirSync(join(root, 'run/stale'), {recursive: true});
	writeFileSync(join(root, 'run/stale/socket'), '');
	for (const path of as.other ? ['run', 'run/stale', 'run/stale/socket'] : []) {
		chownSync(join(root, path), as.uid, as.gid);
	}

	await well('gc');
	t.deepEqual(remains(root), []);
});

const {root: asRoot} = people;
const title = 'cgroups of the dead go, of the living stay, and of another state root, too';

if (asRoot === undefined || cgroupsFor('x', '/x').length === 0) {
	skip(title, asRoot === undefined ? 'needs root' : 'no cgroup can be made here');
} else {
	test(title, async t => {
		const {well, root, initOf} = placeOf(t, asRoot);
		const dead = await well('run', '-d', '--name', 'dead', 'busybox', 'sleep', '1000');
		const alive = await well('run', '-d', '--name', 'alive', 'busybox', 'sleep', '1000');
		const stray = cgroupsFor('stray', root);
		const foreign = cgroupsFor('stray', `${root}-another`);
		makeCgroups([...stray, ...foreign]);
		t.teardown(async () => {
			const {removeCgroups} = await import('../../../orchestrator/host/cgroup.js');
			removeCgroups(foreign);
		});
		const init = initOf(dead);
		process.kill(ownerOf(root, dead), 'SIGKILL');
		await until(() => !isThere(init));
		t.true(cgroupsFor(dead, root).every(path => existsSync(path)));
		await well('gc');
		t.false([...cgroupsFor(dead, root), ...stray].some(path => existsSync(path)));
		t.true([...cgroupsFor(alive, root), ...foreign].every(path => existsSync(path)));
		await well('rm', '-f', 'alive', 'dead');
		t.false(cgroupsFor(alive, root).some(path => existsSync(path)));
		t.deepEqual(remains(root), []);
	});
}
