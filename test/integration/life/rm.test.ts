/** rm: of what has ended, of what runs, by several at once, of what can't be read. */

import {existsSync, readFileSync, truncateSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {remains} from '../support/cloche.js';
import {everybody, isThere, ownerOf} from '../support/place.js';

everybody('one that runs is removed by force alone; -v is taken', async (t, {well, fails, root, initOf, actions}) => {
	const id = await well('run', '-d', '--name', 'x', 'busybox', 'sleep', '1000');
	t.regex(await fails('rm', 'x'), /the container runs: x: running; stop it first, or give --force/);
	const init = initOf(id);
	t.is(await well('rm', '-fv', 'x'), 'x');
	t.false(isThere(init));
	t.deepEqual(remains(root), []);
	t.deepEqual(actions(), ['create', 'start', 'kill', 'die', 'destroy']);
	t.regex(await fails('rm', 'x'), /no such container: x/);
});

everybody('several rm -f and a stop at once: all end well or find none, and nothing is left', async (t, {well, run, root}) => {
	await well('run', '-d', '--name', 'x', 'busybox', 'sleep', '1000');
	const all = await Promise.all([['rm', '-f', 'x'], ['stop', '-t', '1', 'x'], ['rm', '-f', 'x'], ['rm', '--force', 'x'], ['stop', 'x']].map(async words => run(...words)));
	for (const {status, stdout, stderr} of all) {
		t.true(status === 0 ? stdout === 'x\n' && stderr === '' : status === 125 && /^cloche: no such container: \S+\n$/.test(stderr), stderr);
	}

	t.true(all.some(({status}) => status === 0));
	t.deepEqual(remains(root), []);
});

everybody('one in the foreground is removed by force; who runs it exits', async (t, {well, foreground, root}) => {
	const {running} = await foreground('front', 'busybox', 'sleep', '1000');
	await well('rm', '-f', 'front');
	t.is((await running.ended).status, 137);
	t.deepEqual(remains(root), []);
});

everybody('one that removes itself at its end, too', async (t, {well, root}) => {
	await well('run', '-d', '--rm', '--name', 'gone', 'busybox', 'sleep', '1000');
	await well('rm', '-f', 'gone');
	t.deepEqual(remains(root), []);
});

everybody('a record that is cut short, or of a newer version, is named and left; rm removes the container, also one that runs', async (t, {well, run, root, initOf}) => {
	const id = await well('run', '-d', '--name', 'short', 'busybox', 'sleep', '1000');
	const newer = await well('run', '-d', '--name', 'newer', 'busybox', 'true');
	await well('wait', 'newer');
	const record = join(root, 'containers', id, 'record.json');
	const ofNewer = join(root, 'containers', newer, 'record.json');
	truncateSync(record, 20);
	writeFileSync(ofNewer, readFileSync(ofNewer, 'utf8').replace('"version":1', '"version":9'));
	const gc = await run('gc');
	t.is(gc.status, 125);
	t.regex(gc.stderr, new RegExp(`^cloche: [^\n]+${newer}/record.json: version 9 [^\n]+\n$`));
	const prune = await run('prune', '-f');
	t.is(prune.status, 125);
	t.regex(prune.stderr, new RegExp(`${id}/record.json: it is cut short`));
	t.regex(prune.stderr, new RegExp(`${newer}/record.json: version 9 is of a newer Cloche`));
	t.true(existsSync(record) && existsSync(ofNewer));
	const init = initOf(id);
	t.true(isThere(init));
	await well('rm', '-f', 'short');
	t.false(isThere(init));
	await well('rm', 'newer');
	t.deepEqual(remains(root), []);
});

everybody('a supervisor that stands still keeps nobody from removing its container', async (t, {well, root}) => {
	const id = await well('run', '-d', '--name', 'stuck', 'busybox', 'sleep', '1000');
	const supervisor = ownerOf(root, id);
	process.kill(supervisor, 'SIGSTOP');
	await well('rm', '-f', 'stuck');
	t.false(isThere(supervisor));
	t.deepEqual(remains(root), []);
});
