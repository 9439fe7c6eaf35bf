/** network connect and disconnect: of containers that run and of those that don't. */

import {existsSync, readdirSync} from 'node:fs';
import {join} from 'node:path';
import {type Scene, scene} from './scene.js';

const links = async ({well}: Scene, name: string): Promise<string> => (await well('exec', name, 'ip', '-o', '-4', 'addr')).split('\n').map(line => line.replace(/^\d+: (\S+) +inet (\S+) .*$/, '$1=$2')).join(' ');

scene('a container goes onto a network and off it while it runs, and others see it at once', async scenery => {
	const {t, run, well, ill} = scenery;
	await well('network', 'create', '--internal', '--subnet', '10.1.2.0/24', 'one');
	await well('network', 'create', '--internal', '--subnet', '10.1.3.0/24', 'two');
	await well('run', '-d', '--name', 'db', '--network', 'one', 'busybox', 'sleep', '1000');
	await well('run', '-d', '--name', 'client', '--network', 'two', 'busybox', 'sleep', '1000');
	const find = async (name: string): Promise<boolean> => (await run(['exec', 'client', 'nslookup', name])).status === 0;
	t.false(await find('db'));
	await well('network', 'connect', '--alias', 'primary', '--ip', '10.1.3.77', 'two', 'db');
	t.is(await links(scenery, 'db'), 'lo=127.0.0.1/8 eth0=10.1.2.2/24 eth1=10.1.3.77/24');
	t.true(await find('db'));
	t.true(await find('primary'));
	t.regex(await well('exec', 'db', 'nslookup', 'client'), /10\.1\.3\.2/);
	t.regex(await ill('network', 'connect', 'two', 'db'), /on the network already/);
	t.is(await well('inspect', '-f', '{{range .networks}}{{.name}} {{end}}', 'db'), 'one two');
	await well('network', 'disconnect', 'two', 'db');
	t.false(await find('db'));
	t.false(await find('primary'));
	t.is(await links(scenery, 'db'), 'lo=127.0.0.1/8 eth0=10.1.2.2/24');
	t.regex(await ill('network', 'disconnect', 'two', 'db'), /isn't on the network: two: db is on one/);
	await well('network', 'disconnect', 'one', 'db');
	t.is(await links(scenery, 'db'), 'lo=127.0.0.1/8');
	await well('rm', '-f', 'db', 'client');
	await well('network', 'rm', 'one', 'two');
});

scene('what was connected is there again after a start, at the same address', async scenery => {
	const {t, root, well} = scenery;
	await well('network', 'create', '--internal', '--subnet', '10.1.2.0/24', 'one');
	await well('network', 'create', '--internal', '--subnet', '10.1.3.0/24', 'two');
	await well('run', '-d', '--name', 'db', '--network', 'one', 'busybox', 'sleep', '1000');
	await well('network', 'connect', 'two', 'db');
	const before = await links(scenery, 'db');
	await well('stop', '-t', '0', 'db');
	await well('start', 'db');
	t.is(await links(scenery, 'db'), before);
	await well('stop', '-t', '0', 'db');
	await well('network', 'disconnect', 'two', 'db');
	await well('start', 'db');
	t.is(await links(scenery, 'db'), 'lo=127.0.0.1/8 eth0=10.1.2.2/24');
	await well('rm', '-f', 'db');
	await well('network', 'rm', 'one', 'two');
	t.deepEqual(readdirSync(join(root, 'networks')).filter(name => !name.startsWith('.')), []);
});

scene('one without a network is told that it finds nobody by name; what it got goes with it', async ({t, root, run, well, ill}) => {
	await well('network', 'create', '--internal', 'tests');
	await well('run', '-d', '--rm', '--name', 'plain', 'busybox', 'sleep', '1000');
	const {status, stderr} = await run(['network', 'connect', 'tests', 'plain']);
	t.is(status, 0);
	t.regex(stderr, /plain was made without a network and has no resolver/);
	t.regex(await well('run', '--network', 'tests', 'busybox', 'nslookup', 'plain'), /Address: 10\.89/);
	await well('rm', '-f', 'plain');
	await well('run', 'busybox', 'true');
	t.deepEqual(existsSync(join(root, 'networks/tests/leases')) ? readdirSync(join(root, 'networks/tests/leases')) : [], []);
	await well('run', '-d', '--name', 'hosted', '--network', 'host', 'busybox', 'sleep', '1000');
	t.regex(await ill('network', 'connect', 'tests', 'hosted'), /shares the host's/);
	await well('rm', '-f', 'hosted');
	await well('network', 'rm', 'tests');
});
