/** stop and kill, of detached containers and of ones in the foreground. */

import {remains} from '../support/cloche.js';
import {until} from '../support/marked.js';
import {everybody, isThere} from '../support/place.js';

const polite = 'trap "echo bye; exit 7" TERM; trap "exit 8" USR1; trap "echo hup" HUP; echo ready; while :; do sleep 0.1; done';

everybody('stop asks with the stop signal; the exit status is the command\'s own; it is fine where nothing runs', async (t, {well, state, root, actions}) => {
	await well('run', '-d', '--name', 'one', 'busybox', 'sh', '-c', polite);
	await until(async () => await well('logs', 'one') === 'ready');
	t.is(await well('stop', 'one'), 'one');
	t.is(await state('one'), 'exited');
	t.is(await well('wait', 'one'), '7');
	t.is(await well('stop', 'one'), 'one');
	t.deepEqual(actions(), ['create', 'start', 'die', 'stop']);
	await well('rm', 'one');
	t.deepEqual(remains(root), []);
});

everybody('what doesn\'t listen is killed after -t; -s asks with another signal; options may follow; several at once', async (t, {well}) => {
	await well('run', '-d', '--name', 'deaf', 'busybox', 'sh', '-c', 'trap "" TERM; echo ready; while :; do sleep 0.1; done');
	await well('run', '-d', '--name', 'usr', 'busybox', 'sh', '-c', polite);
	await until(async () => await well('logs', 'deaf') === 'ready' && await well('logs', 'usr') === 'ready');
	t.is(await well('stop', 'deaf', 'usr', '-t', '1', '-s', 'USR1'), 'deaf\nusr');
	t.is(await well('wait', 'deaf', 'usr'), '137\n8');
});

everybody('one in the foreground: stop, and kill; who runs it exits as ever', async (t, {well, foreground, state, root}) => {
	const {running} = await foreground('front', 'busybox', 'sh', '-c', polite);
	await until(() => isThere(running.pid));
	await well('stop', '-t', '20', 'front');
	const {status} = await running.ended;
	t.true(status === 7 || status === 137, `${status}`);
	t.is(await well('wait', 'front'), String(status));
	t.is(await state('front'), 'exited');
	const {running: other} = await foreground('again', 'busybox', 'sleep', '1000');
	await well('kill', 'again');
	t.is((await other.ended).status, 137);
	await well('rm', 'front', 'again');
	t.deepEqual(remains(root), []);
});

everybody('kill sends any signal, and ends by KILL; it fails where nothing runs', async (t, {well, fails, actions}) => {
	await well('run', '-d', '--name', 'k', 'busybox', 'sh', '-c', polite);
	await until(async () => await well('logs', 'k') === 'ready');
	await well('kill', '-s', 'SIGHUP', 'k');
	await until(async () => await well('logs', 'k') === 'ready\nhup');
	await well('kill', 'k');
	t.is(await well('wait', 'k'), '137');
	t.regex(await fails('kill', 'k'), /does not run: k: exited/);
	t.regex(await fails('kill', '-s', 'NONSENSE', 'k'), /--signal NONSENSE: not a signal; give/);
	t.deepEqual(actions(), ['create', 'start', 'kill', 'kill', 'die']);
});

everybody('stop is for good, also while a restart is waited for', async (t, {well, state}) => {
	await well('run', '-d', '--name', 'r', '--restart', 'always', 'busybox', 'sh', '-c', 'exit 3');
	await until(async () => await state('r') === 'restarting');
	await well('stop', 'r');
	t.is(await state('r'), 'exited');
	t.is(await well('wait', 'r'), '3');
});

everybody('a word that names none is told, and the others have their turn', async (t, {well, run}) => {
	await well('run', '-d', '--name', 'here', 'busybox', 'sleep', '1000');
	const {status, stdout, stderr} = await run('stop', '-t', '0', 'nowhere', 'here');
	t.is(status, 125);
	t.is(stdout, 'here\n');
	t.is(stderr, 'cloche: no such container: nowhere\n');
});
