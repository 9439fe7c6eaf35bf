/** An ordinary user's containers on networks, over time: restarts, ends, exec, what shares a network, what the networks' commands tell. */

import {existsSync, readdirSync} from 'node:fs';
import {spawnSync} from 'node:child_process';
import {until} from '../support/marked.js';
import {allGone, granted, inMounts, ordinary, type Ordinary} from './ordinary.js';

const addressOf = async ({well}: Ordinary, name: string): Promise<string> => well('inspect', '-f', '{{range .networks}}{{range .addresses}}{{.}}{{end}}{{end}}', name);

ordinary('restart, the policy\'s restarts, and start keep the address', async scene => {
	const {t, root, run, well, processes} = scene;
	await well('network', 'create', '--internal', 'tests');
	await well('run', '-d', '--name', 'web', '--restart', 'always', '--network', 'tests', 'busybox', 'sleep', '1000');
	const before = await addressOf(scene, 'web');
	await well('run', '--network', 'tests', 'busybox', 'true');
	await well('restart', '-t', '0', 'web');
	t.is(await addressOf(scene, 'web'), before);
	const init = await well('inspect', '-f', '{{.State.Pid}}', 'web');
	process.kill(Number(init), 'SIGKILL');
	await until(async () => !['0', init].includes((await run(['inspect', '-f', '{{.State.Pid}}', 'web'])).stdout.trim()));
	t.is(await addressOf(scene, 'web'), before);
	await until(async () => (await run(['exec', 'web', 'ip', 'addr'])).stdout.includes(`inet ${before}/`));
	await well('stop', '-t', '0', 'web');
	await allGone(scene);
	t.deepEqual(readdirSync(`${root}/networks/tests/leases`), []);
	await well('start', 'web');
	t.true(processes().length > 0);
	t.is(await addressOf(scene, 'web'), before);
	t.regex(await well('run', '--network', 'tests', 'busybox', 'nslookup', 'web'), new RegExp(`Address: ${before.replaceAll('.', String.raw`\.`)}`));
	await well('rm', '-f', 'web');
});

ordinary('a network is up while somebody is on one; one in use isn\'t removed, the others are pruned', async scene => {
	const {t, root, well, ill} = scene;
	const isUp = async (): Promise<string> => well('network', 'inspect', '-f', '{{.up}} {{len .containers}}', 'tests');
	await well('network', 'create', '--internal', 'tests');
	await well('network', 'create', 'other');
	t.is(await isUp(), 'false 0');
	await well('run', '-d', '--name', 'web', '--network', 'tests', 'busybox', 'sleep', '1000');
	t.is(await isUp(), 'true 1');
	t.is(await well('network', 'inspect', '-f', '{{.up}}', 'other'), 'false');
	t.regex(await ill('network', 'rm', 'tests'), /in use: tests: by web/);
	await well('run', '--network', 'other', 'busybox', 'true');
	t.is(await well('network', 'inspect', '-f', '{{.up}}', 'other'), 'true');
	t.is(await well('network', 'prune', '-f'), 'other');
	await well('rm', '-f', 'web');
	await allGone(scene);
	t.is(await isUp(), 'false 0');
	t.is(await well('network', 'rm', 'tests'), 'tests');
	await well('run', 'busybox', 'true');
	t.deepEqual(existsSync(`${root}/networks`) ? readdirSync(`${root}/networks`) : [], []);
});

ordinary('the default network is made when it is first used', async ({t, well}) => {
	t.regex(await well('run', '--network', 'bridge', 'busybox', 'ip', '-o', '-4', 'addr', 'show', 'eth0'), /inet 10\./);
	t.is(await well('network', 'ls', '--format', '{{.Name}}'), 'cloche');
	await well('network', 'rm', 'cloche');
});

ordinary('container:NAME is refused, with one clear line: its network is a user namespace\'s of its own', async ({t, well, ill}) => {
	await well('network', 'create', '--internal', 'tests');
	await well('run', '-d', '--name', 'web', '--network', 'tests', 'busybox', 'sleep', '1000');
	t.regex(await ill('run', '--network', 'container:web', 'busybox', 'true'), /--network container:web: its network belongs to a user namespace of its own/);
	await well('rm', '-f', 'web');
});

ordinary('host-gateway is refused, since this machine can\'t be reached', async ({t, well, ill}) => {
	await well('network', 'create', '--internal', 'tests');
	t.regex(await ill('run', '--network', 'tests', '--add-host', 'gate:host-gateway', 'busybox', 'true'), /this machine can't be reached/);
});

ordinary('where only one id is his, exec is root\'s, and another is refused', async ({t, well, ill}) => {
	await well('network', 'create', '--internal', 'tests');
	await well('run', '-d', '--name', 'box', '--network', 'tests', 'busybox', 'sleep', '1000');
	t.is(await well('exec', 'box', 'cat', '/proc/self/uid_map').then(map => map.trim().split(/\s+/)[2]), '1');
	t.is(await well('exec', '-u', '0', 'box', 'id', '-u'), '0');
	t.regex(await ill('exec', '-u', '33', 'box', 'id', '-u'), /33/);
	t.regex(await ill('run', '-u', '33', '--network', 'tests', 'busybox', 'id', '-u'), /33/);
	await well('rm', '-f', 'box');
});

const newuidmap = spawnSync('newuidmap').error === undefined ? undefined : 'newuidmap (package uidmap)';

ordinary('where ids are granted to him, there are others inside; exec as them, and stop, rm and restart end them', async scene => {
	const {t, well} = scene;
	await well('network', 'create', '--internal', 'tests');
	await well('run', '-d', '--name', 'box', '-u', '33', '--network', 'tests', 'busybox', 'sleep', '1000');
	t.is(await well('exec', 'box', 'id', '-u'), '33');
	t.is(await well('exec', '-u', '1234:567', 'box', 'sh', '-c', 'id -u; id -g'), '1234\n567');
	t.is(await well('exec', '-u', '0', 'box', 'id', '-u'), '0');
	await well('exec', '-d', '-u', '44', 'box', 'sleep', '1000');
	await well('restart', '-t', '0', 'box');
	t.regex(await well('exec', '-u', '0', 'box', 'nslookup', 'box'), /Address: 10\./);
	await well('stop', '-t', '0', 'box');
	await allGone(scene);
	await well('start', 'box');
	await well('run', '-d', '--name', 'deaf', '-u', '33', '--network', 'tests', 'busybox', 'sh', '-c', 'trap "" TERM; while :; do sleep 1000; done');
	await well('stop', '-t', '0', 'deaf');
	await well('network', 'create', '--internal', 'more');
	await well('network', 'connect', 'more', 'box');
	await well('network', 'disconnect', 'more', 'box');
	await well('rm', '-f', 'box', 'deaf');
}, {before: as => inMounts(as, granted(as)), lacks: newuidmap});

ordinary('faults: partition, isolate, degrade and heal', async scene => {
	const {t, run, well} = scene;
	await well('network', 'create', '--internal', '--ipv6', 'tests');
	for (const name of ['a', 'b', 'c']) {
		await well('run', '-d', '--name', name, '--network', 'tests', 'busybox', 'nc', '-ll', '-p', '80', '-e', 'echo', 'here');
	}

	const reaches = async (from: string, to: string): Promise<boolean> => (await run(['exec', from, 'nc', '-w', '60', to, '80'])).stdout === 'here\n';
	const misses = async (from: string, to: string): Promise<boolean> => (await run(['exec', from, 'nc', '-w', '1', to, '80'])).stdout === '';
	const faults = async (): Promise<string> => well('network', 'faults', '--format', '{{.Name}} {{.Fault}} {{.To}} {{.Loss}}');
	t.true(await reaches('a', 'b'));
	await well('network', 'partition', 'a', 'b');
	t.is((await faults()).replaceAll(/ +$/gm, ''), 'a partition b\nb partition a');
	t.true(await misses('a', 'b'));
	t.true(await misses('b', 'a'));
	t.true(await reaches('a', 'c'));
	await well('network', 'heal', 'a');
	t.true(await reaches('a', 'b'));
	await well('network', 'isolate', 'c');
	t.true(await misses('a', 'c'));
	await well('network', 'degrade', 'b', '--loss', '100%', '--to', 'a');
	t.true(await misses('b', 'a'));
	await well('network', 'degrade', 'b', '--rate', '1mbit');
	await well('network', 'heal', '--all');
	t.is(await faults(), '');
	t.true(await reaches('a', 'c'));
	t.true(await reaches('b', 'a'));
	await well('network', 'isolate', 'a');
	await well('restart', '-t', '0', 'a');
	t.is(await faults(), '');
	await well('rm', '-f', 'a', 'b', 'c');
});
