/** wait: for detached containers and for ones in the foreground, kept or not. */

import {existsSync, readdirSync} from 'node:fs';
import {linkText} from '../../../orchestrator/network/places.js';
import {remains} from '../support/cloche.js';
import {until} from '../support/marked.js';
import {everybody, ownerOf} from '../support/place.js';

everybody('it prints the exit status of each, in the order of the words', async (t, {well, fails}) => {
	await well('run', '-d', '--name', 'a', 'busybox', 'sh', '-c', 'exit 3');
	await well('run', '-d', '--name', 'b', 'busybox', 'true');
	await well('run', '-d', '--name', 'c', 'busybox', 'sh', '-c', 'kill -9 $$; sleep 0.1; exit 4');
	t.is(await well('wait', 'a', 'b', 'c'), '3\n0\n4');
	await well('create', '--name', 'never', 'busybox', 'true');
	t.regex(await fails('wait', 'never'), /never started/);
});

everybody('it waits: of one that removes itself at its end, too', async (t, {well, begin, root}) => {
	const id = await well('run', '-d', '--rm', 'busybox', 'sh', '-c', 'trap "exit 5" TERM; echo ready; while :; do sleep 0.1; done');
	await until(async () => await well('logs', id) === 'ready');
	const directory = `/proc/${ownerOf(root, id)}/fd`;
	const sockets = (): number => readdirSync(directory).filter(fd => linkText(`${directory}/${fd}`)?.startsWith('socket:')).length;
	await until(() => !existsSync(`${directory}/3`)); // Whoever started it has left.
	const before = sockets();
	const waiting = [begin('wait', id), begin('wait', id)];
	await until(() => sockets() >= before + 2); // Both are connected.
	await well('stop', '-t', '30', id);
	t.deepEqual(await Promise.all(waiting.map(async ({ended}) => (await ended).stdout)), ['5\n', '5\n']);
	t.deepEqual(remains(root), []);
});

everybody('of one that is restarted, the end for good', async (t, {well}) => {
	await well('run', '-d', '--name', 'r', '--restart', 'on-failure:2', 'busybox', 'sh', '-c', 'exit 6');
	t.is(await well('wait', 'r'), '6');
	t.is(await well('inspect', '--format', '{{.state.restarts}}', 'r'), '2');
});

everybody('of one in the foreground', async (t, {well, begin, foreground}) => {
	const {running} = await foreground('f', 'busybox', 'sleep', '1000');
	const waiting = begin('wait', 'f');
	await well('kill', 'f');
	t.is((await waiting.ended).stdout, '137\n');
	t.is((await running.ended).status, 137);
});

everybody('of one in the foreground that isn\'t kept', async (t, {well, begin}) => {
	const running = begin('run', 'busybox', 'sleep', '1000');
	let id = '';
	await until(async () => {
		id = await well('ps', '-q', '--no-trunc');
		return id !== '';
	});
	const waiting = begin('wait', id);
	await well('kill', id);
	t.is((await running.ended).status, 137);
	const {stdout, stderr} = await waiting.ended;
	// It may have looked for it when that was gone.
	t.true(stdout === '137\n' || stderr.includes('no such container'), stderr);
});

everybody('where the supervisor is killed, it says that nobody knows', async (t, {well, begin, root, run}) => {
	const id = await well('run', '-d', '--name', 'orphan', 'busybox', 'sleep', '1000');
	const waiting = begin('wait', 'orphan');
	process.kill(ownerOf(root, id), 'SIGKILL');
	const {status, stderr} = await waiting.ended;
	t.is(status, 125);
	t.regex(stderr, /it isn't known how the container ended: \S+: supervisor died/);
	t.is((await run('wait', 'orphan')).status, 125);
});
