/** Links of containers whose last words nobody answers: the kernel keeps such a connection's namespace for a hundred seconds, but nobody its address. */

import {existsSync, readFileSync} from 'node:fs';
import {until} from '../support/marked.js';
import {type Scene, scene} from './scene.js';

/** The ports of a network's bridge. */
const ports = async ({net, well}: Scene, network: string): Promise<string[]> => {
	const bridge = `clo${(await well('network', 'inspect', '-f', '{{.id}}', network)).slice(0, 8)}`;
	return net.run('ip', '-o', 'link', 'show', 'master', bridge).split('\n').flatMap(line => /^\d+: (\w+)@/.exec(line)?.[1] ?? []);
};

const pidOf = async ({well}: Scene, name: string): Promise<string> => well('inspect', '-f', '{{.State.Pid}}', name);

/** Whether a container has a socket in that state (include/net/tcp_states.h in the kernel). */
const hasSocket = (pid: string, state: 'ESTABLISHED' | 'LISTEN'): boolean =>
	readFileSync(`/proc/${pid}/net/tcp`, 'latin1').split('\n').some(line => line.includes(state === 'LISTEN' ? ' 0A ' : ' 01 '));

/** On the network `far` `client`, which runs, talks with `server`; then the server hears nothing any more. */
const hush = async (show: Scene): Promise<void> => {
	const {well} = show;
	await well('run', '-d', '--name', 'server', '--network', 'far', 'busybox', 'nc', '-ll', '-p', '80', '-e', 'cat');
	const [server, client] = await Promise.all([pidOf(show, 'server'), pidOf(show, 'client')]);
	await until(() => hasSocket(server, 'LISTEN'));
	await well('exec', '-d', 'client', 'sh', '-c', 'sleep 1000 | nc server 80');
	await until(() => hasSocket(client, 'ESTABLISHED'));
	await well('network', 'isolate', 'server');
};

const clean = async ({well}: Scene, ...networks: string[]): Promise<void> => {
	await well('rm', '-f', 'server');
	await well('network', 'rm', ...networks);
};

scene('the link of one that is removed goes with it', async show => {
	const {t, well} = show;
	await well('network', 'create', '--internal', 'far');
	await well('run', '-d', '--name', 'client', '--network', 'far', 'busybox', 'sleep', '1000');
	await hush(show);
	t.is((await ports(show, 'far')).length, 2);
	await well('rm', '-f', 'client');
	t.is((await ports(show, 'far')).length, 1);
	await clean(show, 'far');
});

scene('the link that one got while it ran, too', async show => {
	const {t, well} = show;
	await well('network', 'create', '--internal', 'far');
	await well('network', 'create', '--internal', 'near');
	await well('run', '-d', '--name', 'client', '--network', 'near', 'busybox', 'sleep', '1000');
	await well('network', 'connect', 'far', 'client');
	await hush(show);
	t.is((await ports(show, 'far')).length, 2);
	await well('rm', '-f', 'client');
	t.deepEqual([(await ports(show, 'far')).length, await ports(show, 'near')], [1, []]);
	await clean(show, 'far', 'near');
});

scene('whose supervisor is killed: the next start takes its link, and then gives its address', async show => {
	const {t, well} = show;
	await well('network', 'create', '--internal', '--subnet', '10.1.2.0/29', 'far');
	await well('run', '-d', '--rm', '--name', 'client', '--network', 'far', '--ip', '10.1.2.6', 'busybox', 'sleep', '1000');
	await hush(show);
	const client = await pidOf(show, 'client');
	const supervisor = Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${client}/status`, 'latin1'))?.[1]);
	process.kill(supervisor, 'SIGKILL');
	await until(() => !existsSync(`/proc/${client}`));
	t.is((await ports(show, 'far')).length, 2, 'the kernel keeps it');
	await well('run', '--network', 'none', 'busybox', 'true');
	t.is((await ports(show, 'far')).length, 1);
	t.is(await well('run', '--network', 'far', '--ip', '10.1.2.6', 'busybox', 'hostname', '-i'), '10.1.2.6');
	await clean(show, 'far');
});

scene('one that is started again has its link again', async show => {
	const {t, well} = show;
	await well('network', 'create', '--internal', 'far');
	await well('run', '-d', '--name', 'client', '--network', 'far', '--restart', 'always', 'busybox', 'sleep', '1000');
	await hush(show);
	const before = (await ports(show, 'far')).sort();
	const client = await pidOf(show, 'client');
	process.kill(Number(client), 'SIGKILL');
	await until(async () => ![client, '0', ''].includes(await pidOf(show, 'client')));
	await well('network', 'heal', '--all');
	t.is(await well('exec', 'client', 'sh', '-c', 'echo heard | nc -w 10 server 80'), 'heard');
	t.deepEqual((await ports(show, 'far')).sort(), before);
	await well('rm', '-f', 'client');
	await clean(show, 'far');
});
