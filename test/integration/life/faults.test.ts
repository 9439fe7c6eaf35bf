/** What goes wrong around a detached container, and what is left of it: nothing, and nothing untold. */

import {execFileSync} from 'node:child_process';
import {mkdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import test from 'ava';
import {cloche, directoryOf, present, remains, Running} from '../support/cloche.js';
import {until} from '../support/marked.js';
import {everybody, isThere, ownerOf, placeOf} from '../support/place.js';
import {people} from '../support/who.js';

everybody('the supervisor is killed: its container ends with it, the next command says so, and it can be started again', async (t, {root, invocation, well, initOf}) => {
	const id = await well('run', '-d', '--name', 'orphan', 'busybox', 'sleep', '1000');
	const init = initOf(id);
	process.kill(ownerOf(root, id), 'SIGKILL');
	await until(() => !isThere(init));
	t.regex(await well('ps', '-a', '--format', '{{.Names}} {{.State}} {{.Status}}'), /^orphan dead Dead/);
	const [{state}] = JSON.parse(await well('inspect', 'orphan')) as [{state: {status: string; error: string}}];
	t.like(state, {status: 'dead', error: 'supervisor died'});
	t.is((await cloche(['exec', 'orphan', 'true'], invocation)).status, 125);
	await well('start', 'orphan');
	t.is(await well('ps', '--format', '{{.State}}'), 'running');
	await well('rm', '-f', 'orphan');
	t.deepEqual(remains(root), []);
});

const {root: rootPerson} = people;

(rootPerson === undefined ? test.skip : test)(`root: a full disk under log and state doesn't stop the payload; the loss is counted and shown${rootPerson === undefined ? ' (not root here: a small file system is mounted)' : ''}`, async t => {
	if (rootPerson === undefined) {
		return;
	}

	const directory = join(directoryOf(rootPerson), 'small');
	mkdirSync(directory);
	execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m,mode=755', 'cloche-test', directory]);
	t.teardown(() => {
		execFileSync('umount', [directory]);
	});
	const {root, invocation, well} = placeOf(t, rootPerson, join(directory, 'state'));
	// Its branch is in memory of its own, so the payload itself has room.
	await well('run', '-d', '--name', 'noisy', '--tmpfs', '/room', 'busybox', 'sh', '-c', 'yes noise | head -c 20000000; touch /room/done; exec sleep 1000');
	await until(async () => (await cloche(['exec', 'noisy', 'test', '-e', '/room/done'], invocation)).status === 0);
	t.is(await well('ps', '--format', '{{.Names}} {{.State}}'), 'noisy running');
	const lostNow = (JSON.parse(await well('inspect', 'noisy')) as [{log: {lost: number}}])[0].log.lost;
	t.true(lostNow > 10_000_000, String(lostNow));
	await well('kill', 'noisy');
	t.is(await well('wait', 'noisy'), '137');
	const [{state, log}] = JSON.parse(await well('inspect', 'noisy')) as [{state: {status: string; signal: string}; log: {lost: number}}];
	t.is(state.status, 'exited');
	const {stdout} = await cloche(['logs', 'noisy'], invocation);
	// What was kept and what was lost is all that there was; a line that a loss cut short may have been ended by the log.
	const lines = stdout.split('\n');
	const cut = lines.filter(line => line !== 'noise' && line !== '').length;
	t.true(lines.every(line => 'noise'.includes(line)));
	t.true(cut <= 2, String(cut));
	const extra = stdout.length + log.lost - 20_000_000;
	t.true(extra >= 0 && extra <= cut, String(extra));
	await well('rm', 'noisy');
	t.deepEqual(remains(root), []);
});

everybody('who stops reading stops neither the payload nor the others', async (t, {root, invocation, well}) => {
	const lines = 2_000_000;
	// It begins when it is told to, so that everybody is there.
	const id = await well('run', '-d', '-i', '--name', 'source', 'busybox', 'sh', '-c', `echo ready; read x; yes 0123456789 | head -n ${lines}; echo end; exec sleep 1000`);
	const stuck = new Running(['attach', '--no-stdin', 'source'], {...invocation, keep: false});
	const stuckLog = new Running(['logs', '-f', 'source'], {...invocation, keep: false});
	const reader = new Running(['attach', '--no-stdin', '--sig-proxy=false', 'source'], invocation);
	const follower = new Running(['logs', '-f', 'source'], invocation);
	await until(() => (stuckLog.child.stdout?.readableLength ?? 0) > 0);
	const push = new Running(['attach', 'source'], {...invocation, input: 'go\n'});
	await until(async () => (await well('logs', '--tail', '1', 'source')) === 'end', () => 'the end in the log', 60);
	await well('kill', 'source');
	const followed = await follower.ended;
	t.is(followed.stdout.length, 'ready\n'.length + lines * 11 + 'end\n'.length);
	t.true(followed.stdout.endsWith('0123456789\nend\n'));
	t.is((await reader.ended).status, 137);
	t.is((await push.ended).status, 137);
	stuck.child.kill('SIGKILL');
	stuckLog.child.kill('SIGKILL');
	await well('rm', 'source');
	t.deepEqual(remains(root), [], id);
});

everybody('two rm -f and a stop at once: one clean outcome each', async (t, {root, invocation, well}) => {
	for (let round = 0; round < 5; round++) {
		const name = `crowded${round}`;
		await well('run', '-d', '--name', name, 'busybox', 'sh', '-c', 'trap "exit 3" TERM; while :; do sleep 0.05; done');
		const ends = await Promise.all([['rm', '-f', name], ['stop', name], ['rm', '-f', name]].map(async words => cloche(words, invocation)));
		for (const {status, stderr} of ends) {
			// Each did it, or found that it was done.
			t.true(status === 0 || (status === 125 && /^cloche: (?:no such container|the container is in use): [^\n]+\n$/.test(stderr)), stderr);
		}

		t.true(ends.some(({status}) => status === 0));
		// Who found it gone may be back before its supervisor has let go of its claim, the last of it.
		await until(() => remains(root).length === 0, () => remains(root).join(', '));
	}
});

const crew = fileURLToPath(new URL('crew.ts', import.meta.url));

const ORCHESTRATORS = 8;
const CONTAINERS = 200;

test('200 containers are started, entered, stopped and removed by 8 orchestrators at once', async t => {
	const [as] = present;
	if (as === undefined) {
		throw new Error('nobody is here');
	}

	const {root} = placeOf(t, as);
	const ends = await Promise.all(Array.from({length: ORCHESTRATORS}, async () =>
		cloche([root, String(CONTAINERS / ORCHESTRATORS)], {as, cwd: process.cwd(), program: [process.execPath, '--import=tsx', crew]})));
	for (const {status, stderr} of ends) {
		t.is(stderr, '');
		t.is(status, 0);
	}

	t.deepEqual(remains(root), []);
	t.false(readFileSync('/proc/self/mounts', 'utf8').includes(root));
});
