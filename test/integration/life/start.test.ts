/** create, start, restart: the same container again, or a clear word why not. */

import {execFileSync} from 'node:child_process';
import {chownSync, mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {cloche, directoryOf, remains} from '../support/cloche.js';
import {busybox} from '../support/installed.js';
import {until} from '../support/marked.js';
import {everybody} from '../support/place.js';

everybody('create starts nothing; start does, and again with the files as they were left', async (t, place) => {
	const id = await place.well('create', '--name', 'box', '-e', 'A=b', '--ulimit', 'nofile=99', 'busybox', 'sh', '-c', 'echo x >> /f; wc -l < /f; echo $A; ulimit -n; hostname');
	t.deepEqual(readdirSync(place.file('live')), []);
	t.deepEqual(place.actions(id), ['create']);
	t.is(await place.well('start', 'box'), 'box');
	t.like(await place.exit(id), {code: 0});
	await place.released(id);
	t.deepEqual(place.log(id), ['stdout F 1', 'stdout F b', 'stdout F 99', `stdout F ${id}`]);
	await place.well('start', id.slice(0, 6));
	await until(() => place.log(id).length === 8);
	await place.released(id);
	t.deepEqual(place.log(id).slice(4), ['stdout F 2', 'stdout F b', 'stdout F 99', `stdout F ${id}`]);
	await place.well('rm', 'box');
	t.deepEqual(remains(place.root), []);
});

everybody('one that ran in the foreground is started as well, and runs by itself then', async (t, place) => {
	t.is(await place.well('run', '--name', 'front', 'busybox', 'sh', '-c', 'echo x >> /f; wc -l < /f; cat > /dev/null'), '1');
	await place.well('start', 'front');
	const [id = ''] = readdirSync(place.file('names', 'front'));
	t.like(await place.exit(id), {code: 0});
	t.deepEqual(place.log(id), ['stdout F 2']);
});

everybody('of several, each is started that can be, and what can\'t is told', async (t, place) => {
	for (const name of ['a', 'b']) {
		await place.well('create', '--name', name, 'busybox', 'sleep', '1000');
	}

	const {status, stdout, stderr} = await place.run('start', 'a', 'none', 'b');
	t.is(status, 125);
	t.is(stdout, 'a\nb\n');
	t.is(stderr, 'cloche: no such container: none\n');
	t.is(await place.well('start', 'a'), 'a', 'one that runs stays as it is');
	t.is(readdirSync(place.file('live')).length, 2);
});

everybody('what can\'t be run is told with its status, and the container says why', async (t, place) => {
	const id = await place.well('create', 'busybox', 'nonesuch');
	const {status, stdout, stderr} = await place.run('start', id);
	t.is(status, 127);
	t.is(stdout, '');
	t.regex(stderr, /^cloche: start: exec: nonesuch: no such file or directory; [^\n]+\n$/);
	t.regex((await place.exit(id)).error ?? '', /nonesuch/);
	t.deepEqual(readdirSync(place.file('live')), []);
	t.deepEqual(readdirSync(place.file('run')), []);
	await place.well('rm', id);
	t.deepEqual(remains(place.root), []);
});

everybody('a root that is gone is missed by name, and the container stays as it was', async (t, place) => {
	const directory = directoryOf(place.as);
	const root = join(directory, 'root');
	execFileSync('cp', ['-a', busybox, root]);
	if (place.as.other) {
		execFileSync('chown', ['-R', `${place.as.uid}:${place.as.gid}`, root]);
	}

	const id = await place.well('create', '--rootfs', root, 'true');
	renameSync(root, `${root}-away`);
	const {status, stderr} = await place.run('start', id);
	t.is(status, 125);
	t.regex(stderr, new RegExp(`^cloche: cannot use the root file system: ${root}: no such file`));
	t.deepEqual(readdirSync(place.file('live')), []);
	renameSync(`${root}-away`, root);
	await place.well('start', id);
	t.like(await place.exit(id), {code: 0});
});

everybody('a volume that is gone is missed by name', async (t, place) => {
	const volume = join(directoryOf(place.as), 'volume');
	mkdirSync(volume);
	chownSync(volume, place.as.uid, place.as.gid);
	writeFileSync(join(volume, 'file'), 'text');
	const id = await place.well('create', '-v', `${volume}:/v`, 'busybox', 'cat', '/v/file');
	renameSync(volume, `${volume}-away`);
	const {status, stderr} = await place.run('start', id);
	t.is(status, 125);
	t.regex(stderr, new RegExp(volume));
	renameSync(`${volume}-away`, volume);
	await place.well('start', id);
	await place.exit(id);
	t.deepEqual(place.log(id), ['stdout P text']);
});

everybody('with --rm it waits to be started, and is gone after that', async (_t, place) => {
	const id = await place.well('create', '--rm', 'busybox', 'true');
	await place.well('gc');
	await place.well('start', id);
	await until(() => remains(place.root).length === 0);
});

everybody('restart ends the run and begins another, of one that doesn\'t run only that', async (t, place) => {
	const id = await place.well('run', '-d', '--name', 'again', 'busybox', 'sh', '-c', 'trap "echo asked; exit 5" TERM; echo x >> /f; wc -l < /f; while :; do sleep 0.05; done');
	await until(() => place.log(id).length === 1);
	const before = readFileSync(place.file('containers', id, 'record.json'), 'utf8');
	t.is(await place.well('restart', '-t', '20', 'again'), 'again');
	await until(() => place.log(id).length === 3);
	t.deepEqual(place.log(id), ['stdout F 1', 'stdout F asked', 'stdout F 2']);
	t.is((JSON.parse(before) as {id: string}).id, id);
	await place.well('stop', 'again');
	await place.well('restart', 'again');
	await until(() => place.log(id).at(-1) === 'stdout F 3');
});

everybody('of those who start one at once, one does, and all are told well', async (t, place) => {
	const id = await place.well('create', 'busybox', 'sleep', '1000');
	const all = await Promise.all([1, 2, 3, 4].map(async () => place.run('start', id)));
	t.true(all.some(({status}) => status === 0));
	for (const {status, stderr} of all.filter(one => one.status !== 0)) {
		t.is(status, 125);
		t.regex(stderr, /^cloche: the container is in use: [^\n]+\n$/);
	}

	t.is(place.actions(id).filter(action => action === 'start').length, 1);
});

everybody('start --attach shows all of it from the first byte, and exits as it does', async (t, place) => {
	await place.well('create', '--name', 'told', 'busybox', 'sh', '-c', 'echo first; echo second >&2; exit 5');
	for (let run = 1; run <= 2; run++) {
		const {status, stdout, stderr} = await place.run('start', '-a', 'told');
		t.deepEqual([status, stdout, stderr], [5, 'first\n', 'second\n']);
	}

	const {status, stderr} = await place.run('start', '-a', 'told', 'other');
	t.is(status, 125);
	t.regex(stderr, /only one container can be attached/);
	await place.well('create', '--name', 'none', 'busybox', 'nonesuch');
	t.is((await place.run('start', '-a', 'none')).status, 127);
});

everybody('start --interactive gives it our input, to its end, if it was made to have one', async (t, place) => {
	await place.well('create', '-i', '--name', 'reads', 'busybox', 'sh', '-c', 'cat; echo end');
	const input = 'x'.repeat(300_000);
	const {status, stdout} = await cloche(['start', '-ai', 'reads'], {...place.invocation, input});
	t.is(status, 0);
	t.true(stdout === `${input}end\n`);
	await place.well('create', '--name', 'deaf', 'busybox', 'cat');
	t.deepEqual([(await cloche(['start', '-i', 'deaf'], {...place.invocation, input: 'lost'})).stdout], ['']);
});

everybody('a health check runs inside with the container\'s user and environment, and is told by inspect', async (t, place) => {
	const id = await place.well('run', '-d', '-e', 'WHERE=/tmp/well', '--health-cmd', 'echo checked; test -e $WHERE', '--health-interval', '50ms', '--health-retries', '2', 'busybox', 'sleep', '1000');
	const health = async (): Promise<string> => place.well('inspect', '-f', '{{.state.health.status}}', id);
	await until(async () => await health() === 'unhealthy');
	await place.well('exec', id, 'touch', '/tmp/well');
	await until(async () => await health() === 'healthy');
	t.true(place.actions(id).includes('health_status'));
});
