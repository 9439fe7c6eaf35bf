/** Containers that outlive who starts them: findable or gone, whoever is killed when; what is kept of them; what is refused. */

import {chmodSync, existsSync, readFileSync, readdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {directoryOf, remains, Running} from '../support/cloche.js';
import {childrenOf, marked, until} from '../support/marked.js';
import {everybody} from '../support/place.js';

everybody('a detached container runs on, its output is kept with its exit status, and it stays until it is removed', async (t, place) => {
	const id = await place.well('run', '-d', 'busybox', 'sh', '-c', 'echo out; echo err >&2; read line; printf open; exit 7');
	t.regex(id, /^[a-z][a-z\d]{11}$/);
	t.like(await place.exit(id), {code: 7});
	t.deepEqual(place.log(id).sort(), ['stderr F err', 'stdout F out', 'stdout P open']);
	await place.released(id);
	t.true(place.record(id).keep);
	t.deepEqual(place.actions(id), ['create', 'start', 'die']);
	t.deepEqual(readdirSync(place.file('run')), []);
	t.is(await place.well('rm', id), id);
	t.deepEqual(remains(place.root), []);
});

everybody('nothing of a detached one with --rm stays after its end', async (t, place) => {
	const id = await place.well('run', '-d', '--rm', '--name', 'brief', 'busybox', 'true');
	await until(() => remains(place.root).length === 0 || (remains(place.root).length === 1 && readdirSync(place.file('names', 'brief')).length === 0));
	t.deepEqual(place.actions(id), ['create', 'start', 'die', 'destroy']);
	await place.well('run', '--rm', '--name', 'brief', 'busybox', 'true');
});

everybody('its supervisor is in a session of its own, holds nothing of ours, and no orchestrator stays', async (t, place) => {
	const id = await place.well('run', '-d', 'busybox', 'sleep', '1000');
	const [claim = ''] = readdirSync(place.file('live'));
	const pid = Number(claim.split('-')[1]);
	t.is(claim.split('-').at(-1), id);
	const [, session] = /^\d+ \(nsinit\) \S \d+ \d+ (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
	t.is(Number(session), pid);
	t.deepEqual(marked(place.mark).filter(one => one !== pid && !childrenOf(pid).includes(one)), []);
});

everybody('the same id is in --cidfile, which must not be there', async (t, place) => {
	const directory = directoryOf(place.as);
	const file = join(directory, 'cid');
	const id = await place.well('run', '-d', '--cidfile', file, 'busybox', 'true');
	t.is(readFileSync(file, 'utf8'), id);
	const {status, stderr} = await place.run('run', '-d', '--cidfile', file, 'busybox', 'true');
	t.is(status, 125);
	t.regex(stderr, /cid: file already exists; .*remove it, or name another/);
	t.is((await place.run('run', '-d', '--cidfile', join(directory, 'none'), 'busybox', 'nonesuch')).status, 127);
	t.false(existsSync(join(directory, 'none')));
	await place.well('run', '--cidfile', join(directory, 'front'), 'busybox', 'true');
	t.regex(readFileSync(join(directory, 'front'), 'utf8'), /^[a-z\d]{12}$/);
});

everybody('what can\'t be run is told with its status, and nothing of it stays', async (t, place) => {
	const shut = join(directoryOf(place.as), 'shut');
	writeFileSync(shut, 'no program\n');
	chmodSync(shut, 0o644);
	for (const [words, expected] of [[['busybox', 'nonesuch'], 127], [['-v', `${shut}:/shut`, 'busybox', '/shut'], 126], [['-u', 'nobody-here', 'busybox', 'true'], 125], [['-v', '/nowhere:/x', 'busybox', 'true'], 125]] as const) {
		const {status, stdout, stderr} = await place.run('run', '-d', '--name', 'never', ...words);
		t.is(status, expected, stderr);
		t.is(stdout, '');
		t.regex(stderr, /^cloche: [^\n]+\n$/);
		t.deepEqual(remains(place.root), []);
	}
});

everybody('a name that is taken is refused before anything is made', async (t, place) => {
	const id = await place.well('run', '-d', '--name', 'one', 'busybox', 'sleep', '1000');
	for (const command of ['run', 'create']) {
		const {status, stderr} = await place.run(...(command === 'run' ? ['run', '-d'] : ['create']), '--name', 'one', 'busybox', 'true');
		t.is(status, 125);
		t.regex(stderr, new RegExp(`one: by container ${id}`));
	}

	t.deepEqual(readdirSync(place.file('containers')).sort(), [id, `${id}.init`]);
});

everybody('its timeout ends it for good, and so does stop, whatever its restart policy', async (t, place) => {
	const late = await place.well('run', '-d', '--timeout', '300ms', '--restart', 'always', 'busybox', 'sleep', '1000');
	t.like(await place.exit(late), {signal: 9, stopped: true});
	await place.released(late);
	const stopped = await place.well('run', '-d', '--restart', 'always', 'busybox', 'sleep', '1000');
	await place.well('stop', stopped);
	t.like(await place.exit(stopped), {stopped: true});
	await place.released(stopped);
});

everybody('it is started again as its policy says, with what it has written', async (t, place) => {
	const id = await place.well('run', '-d', '--restart', 'on-failure:2', 'busybox', 'sh', '-c', 'echo run >> /f; wc -l < /f; exit 3');
	t.like(await place.exit(id), {code: 3, restarts: 2});
	await place.released(id);
	t.deepEqual(place.log(id), ['stdout F 1', 'stdout F 2', 'stdout F 3']);
	t.deepEqual(place.actions(id), ['create', 'start', 'die', 'restart', 'start', 'die', 'restart', 'start', 'die']);
});

everybody('its log is turned over at its size, and the oldest files go', async (t, place) => {
	const id = await place.well('run', '-d', '--log-opt', 'max-size=1k', '--log-opt', 'max-file=2', 'busybox', 'seq', '1000');
	t.like(await place.exit(id), {code: 0});
	t.is(place.log(id).at(-1), 'stdout F 1000');
	t.is(readdirSync(place.file('containers', id, 'log')).length, 2);
});

everybody('with a terminal it has one of 24 rows and 80 columns', async (t, place) => {
	const id = await place.well('run', '-d', '-t', 'busybox', 'stty', 'size');
	t.like(await place.exit(id), {code: 0});
	t.deepEqual(place.log(id), ['stdout F 24 80\r']);
});

everybody('labels are written down, by file and by option', async (t, place) => {
	const file = join(directoryOf(place.as), 'labels');
	writeFileSync(file, 'a=1\nb=2\n');
	chmodSync(file, 0o644);
	const id = await place.well('create', '--label-file', file, '-l', 'b=3', 'busybox');
	t.deepEqual(place.record(id).labels, {a: '1', b: '3'});
});

everybody('whenever run -d is killed, the container runs and is found, or nothing of it is left', async (t, place) => {
	await place.well('run', 'busybox', 'true'); // The layer is there from here on.
	const before = performance.now();
	const first = await place.well('run', '-d', 'busybox', 'sleep', '1000');
	const usual = performance.now() - before;
	await place.well('rm', '-f', first);
	let ran = 0;
	let gone = 0;
	for (let round = 0; round < 12; round++) {
		const name = `k${round}`;
		const running = new Running(['run', '-d', '--name', name, 'busybox', 'sleep', '1000'], place.invocation);
		await new Promise(done => {
			setTimeout(done, usual * round / 12);
		});
		running.child.kill('SIGKILL');
		await running.ended;
		// Its supervisor reads its end, or goes on.
		await until(async () => {
			await place.run('gc');
			const claims = existsSync(place.file('live')) ? readdirSync(place.file('live')) : [];
			const {stdout} = await place.run('ps', '-a', '--format', '{{.Names}} {{.State}}');
			const [state] = stdout.split('\n').filter(line => line.startsWith(`${name} `)).map(line => line.slice(name.length + 1));
			return state === 'running' || (state === undefined && claims.length === 0 && remains(place.root).length === 0);
		}, () => `${name}: ${remains(place.root).join(' ')}`);
		if (remains(place.root).length === 0) {
			gone++;
		} else {
			ran++;
			await place.well('rm', '-f', name);
			t.deepEqual(remains(place.root), []);
		}
	}

	t.log(`${ran} ran, ${gone} were gone`);
	t.true(ran + gone === 12);
});
