/** `cloche lab up`: who reaches whom, and that nothing of it is this machine's; stopped, started, looked at, and joined from outside. */

import {until} from '../support/marked.js';
import {gets, labs, type LabScene, misses, SERVER, small, TOPOLOGY} from './labs.js';

const lines = (text: string): string[] => text.split('\n').filter(line => line !== '').sort();

labs('who reaches whom: the same network, over the router, an internal one; and who doesn\'t', async scene => {
	const {t, well, run, write} = scene;
	const up = await well('lab', 'up', write('lab.json', TOPOLOGY));
	t.deepEqual(up.split('\n').map(line => line.replace(/^\w{12} /, '')), ['demo-db', 'demo-web', 'demo-lone', 'demo-both'], 'in the order of the file');
	for (const [from, host, who] of [
		['demo-web', '10.2.0.10', 'db'], ['demo-web', 'db', 'db'], ['demo-web', 'primary', 'db'], ['demo-web', '[fd02::10]', 'db'],
		['demo-db', '10.1.0.10', 'web'], ['demo-db', 'web', 'web'], ['demo-db', '[fd01::10]', 'web'],
		['demo-web', '10.1.0.20', 'both'], ['demo-both', '10.3.0.10', 'lone'], ['demo-lone', 'both', 'both'],
		['demo-both', '10.2.0.10', 'db'], ['demo-both', 'db', 'db'], ['demo-db', '10.1.0.20', 'both'],
	] as const) {
		t.is(await gets(scene, from, host), who, `${from} to ${host}`);
	}

	for (const [from, host] of [
		['demo-web', '10.3.0.10'], ['demo-web', '10.3.0.20'], ['demo-db', '10.3.0.10'], ['demo-lone', '10.1.0.10'], ['demo-lone', '10.2.0.10'],
		['demo-web', 'lone'], ['demo-lone', 'db'], ['demo-lone', 'web'],
	] as const) {
		t.true(await misses(scene, from, host), `${from} to ${host}`);
	}

	// Even with a route, that it hasn't got from us.
	const routed = await run(['run', '--rm', '--network', 'demo_side', '--cap-add', 'NET_ADMIN', 'busybox', 'sh', '-c', 'ip route add default via 10.3.0.1 && ! timeout 1 wget -qO- http://10.2.0.10/hostname']);
	t.is(routed.status, 0, routed.stderr);
	t.is(await well('lab', 'down', 'demo'), 'demo');
});

labs('nothing of it is on the machine while it is up, whose own routes may be the same; nor do two labs see each other', async scene => {
	const {t, net, well, run, ill, write, kernel} = scene;
	net.run('ip', 'link', 'add', 'own0', 'type', 'bridge');
	net.run('ip', 'address', 'add', '10.1.0.10/24', 'dev', 'own0');
	net.run('ip', 'link', 'set', 'own0', 'up');
	net.run('ip', 'route', 'add', '10.2.0.0/24', 'via', '10.1.0.99');
	const before = kernel();
	const file = write('lab.json', TOPOLOGY);
	await well('lab', 'up', file);
	await well('lab', 'up', '--name', 'again', file);
	for (const lab of ['demo', 'again']) {
		t.is(await gets(scene, `${lab}-web`, 'db'), 'db');
		t.is(await gets(scene, `${lab}-both`, '10.1.0.10'), 'web');
	}

	t.is(kernel(), before, 'links, routes, rules, forwarding');
	t.false(net.succeeds('busybox', 'timeout', '1', 'wget', '-qO-', 'http://10.2.0.10/hostname'), 'nor is it reached from there');
	t.deepEqual(lines(await well('lab', 'ls', '--format', '{{.Name}} {{.Networks}} {{.Containers}} {{.Running}}')), ['again again_back,again_front,again_side 4 4', 'demo demo_back,demo_front,demo_side 4 4']);
	t.regex(await ill('lab', 'up', file), /the lab is there already: demo; cloche lab down demo removes it/);
	t.is(await gets(scene, 'demo-web', 'db'), 'db', 'which is as it was');
	await well('rm', '-f', 'demo-db');
	t.true(await misses(scene, 'demo-web', '10.2.0.10'), 'the other lab\'s isn\'t reached');
	t.is(await gets(scene, 'again-web', '10.2.0.10'), 'db');
	t.deepEqual(lines((await run(['lab', 'down', 'demo', 'nope', 'again'])).stdout), ['again', 'demo'], 'one that isn\'t there is no obstacle');
	t.is(kernel(), before);
	net.run('ip', 'link', 'delete', 'own0');
});

labs('a published port leads in from the machine', async scene => {
	const {t, net, well, ill, write} = scene;
	const file = write('lab.yaml', 'name: demo\nnetworks: {net: {internal: true}}\ncontainers:\n  web:\n    image: busybox\n    command: [httpd, -f, -h, /etc]\n    publish: 127.0.0.1:8080:80\n');
	await well('lab', 'up', file);
	const get = (): string => net.run('busybox', 'wget', '-qO-', 'http://127.0.0.1:8080/hostname');
	await until(() => net.succeeds('busybox', 'wget', '-qO-', 'http://127.0.0.1:8080/hostname'));
	t.is(get(), 'web\n');
	t.regex(await ill('lab', 'up', '--name', 'again', file), /8080\/tcp: bind: address already in use/);
	t.is(await well('lab', 'ls', '-q'), 'demo');
	t.is(get(), 'web\n');
	await well('lab', 'down', 'demo');
	t.false(net.succeeds('busybox', 'wget', '-qO-', 'http://127.0.0.1:8080/hostname'));
});

labs('all stopped, its namespace goes; with the first that is started it is made anew, each at its address', async scene => {
	const {t, well, write, keepers} = scene;
	const [db, web, lone, both] = ['demo-db', 'demo-web', 'demo-lone', 'demo-both'];
	await well('lab', 'up', write('lab.json', TOPOLOGY));
	t.is(keepers().length, 1);
	const [before] = keepers();
	await well('stop', '-t', '0', db, web, lone, both);
	await until(() => keepers().length === 0);
	t.is(await well('lab', 'ls', '--format', '{{.Name}} {{.Containers}} {{.Running}}'), 'demo 4 0');
	t.is(await well('network', 'inspect', '-f', '{{.up}} {{.parent}}', 'demo_back'), 'false demo');
	await well('start', web);
	t.is(keepers().length, 1);
	t.notDeepEqual(keepers(), [before]);
	await well('start', db);
	t.is(await gets(scene, web, '10.2.0.10'), 'db');
	t.is(await gets(scene, db, 'web'), 'web');
	await well('restart', '-t', '0', db);
	t.is(await gets(scene, web, 'db'), 'db');
	await well('kill', db);
	t.is(await well('lab', 'down', 'demo'), 'demo', 'half of it is stopped');
});

labs('its keeper is killed: its containers lose their links; what is started from then on has a new one', async scene => {
	const {t, well, write, keepers} = scene;
	await well('lab', 'up', write('lab.json', TOPOLOGY));
	t.is(await gets(scene, 'demo-web', 'db'), 'db');
	const [before = 0] = keepers();
	process.kill(before, 'SIGKILL');
	await until(async () => !(await well('exec', 'demo-web', 'ip', 'link')).includes('eth0'));
	t.true(await misses(scene, 'demo-web', '10.2.0.10'));
	t.is(await well('network', 'inspect', '-f', '{{.up}}', 'demo_front'), 'false');
	await well('restart', '-t', '0', 'demo-web');
	await well('restart', '-t', '0', 'demo-db');
	t.is(await gets(scene, 'demo-web', 'db'), 'db');
	t.is(keepers().length, 1);
	process.kill(keepers()[0] ?? 0, 'SIGKILL');
	await well('lab', 'down', 'demo');
});

labs('networks of labs are networks: listed, looked into, in use, pruned', async scene => {
	const {t, well, ill, write} = scene;
	await well('lab', 'up', write('lab.json', TOPOLOGY));
	t.deepEqual(lines(await well('network', 'ls', '--filter', 'label=cloche.lab=demo', '--format', '{{.Name}}')), ['demo_back', 'demo_front', 'demo_side']);
	t.is(await well('network', 'inspect', '-f', '{{.parent}} {{.up}} {{.internal}} {{range .containers}}{{.name}} {{.ipv4Address}} {{.ipv6Address}}{{end}}', 'demo_back'), 'demo true true demo-db 10.2.0.10/24 fd02::10/64');
	t.regex(await ill('network', 'rm', 'demo_back'), /in use: demo_back: by demo-db/);
	await well('rm', '-f', 'demo-lone', 'demo-both');
	t.is(await well('network', 'prune', '-f'), 'demo_side');
	t.is(await gets(scene, 'demo-web', 'db'), 'db', 'the rest is as it was');
	await well('lab', 'down', 'demo');
});

const nslookup = async ({run}: LabScene, from: string, name: string): Promise<boolean> => (await run(['exec', from, 'nslookup', name])).status === 0;

labs('who leaves a routed network, and comes back: names follow', async scene => {
	const {t, well, write} = scene;
	await well('lab', 'up', write('lab.json', TOPOLOGY));
	await well('network', 'disconnect', 'demo_front', 'demo-both');
	t.false(await nslookup(scene, 'demo-both', 'db'), 'no router leads there now');
	t.false(await nslookup(scene, 'demo-both', 'web'));
	t.true(await nslookup(scene, 'demo-both', 'lone'));
	await well('network', 'connect', 'demo_front', 'demo-both');
	t.is(await gets(scene, 'demo-both', 'db'), 'db');
	await well('network', 'connect', 'demo_back', 'demo-both');
	await well('network', 'disconnect', 'demo_back', 'demo-both');
	t.is(await gets(scene, 'demo-both', 'db'), 'db', 'off the network itself, but led there');
	await well('lab', 'down', 'demo');
});

labs('faults between containers of a lab: a partition, over the router, too; loss', async scene => {
	const {t, well, write} = scene;
	await well('lab', 'up', write('lab.json', TOPOLOGY));
	t.is(await gets(scene, 'demo-web', 'db'), 'db');
	await well('network', 'partition', 'demo-web', 'demo-db');
	t.true(await misses(scene, 'demo-web', '10.2.0.10'));
	t.true(await misses(scene, 'demo-db', '10.1.0.10'));
	t.true(await misses(scene, 'demo-web', '[fd02::10]'));
	t.is(await gets(scene, 'demo-web', 'both'), 'both', 'others are reached');
	await well('network', 'heal', 'demo-web');
	t.is(await gets(scene, 'demo-web', 'db'), 'db');
	await well('network', 'degrade', 'demo-db', '--loss', '100%');
	t.true(await misses(scene, 'demo-web', '10.2.0.10'));
	await well('network', 'heal', '--all');
	t.is(await gets(scene, 'demo-web', 'db'), 'db');
	await well('lab', 'down', 'demo');
});

labs('one from outside joins by the network\'s name; networks of different parents don\'t go together', async scene => {
	const {t, well, ill, run, write} = scene;
	await well('lab', 'up', write('lab.json', TOPOLOGY));
	await well('lab', 'up', '--name', 'again', write('small.json', small()));
	t.is(await gets(scene, 'demo-web', 'db'), 'db');
	t.is(await well('run', '--network', 'demo_front', 'busybox', 'wget', '-qO-', 'http://db/hostname'), 'db', 'over the router');
	const apart = /the networks don't go together: [^\n]*they lie in different network namespaces; choose networks of one lab, or of none/;
	t.regex(await ill('run', '--network', 'demo_front', '--network', 'again_net', 'busybox', 'true'), apart);
	await run(['network', 'create', '--internal', 'plain']);
	for (const [one, other] of [['demo_front', 'plain'], ['plain', 'demo_front']] as const) {
		t.regex(await ill('run', '--network', one, '--network', other, 'busybox', 'true'), apart);
	}

	t.regex(await ill('network', 'connect', 'again_net', 'demo-web'), /can't be connected while it runs: demo-web, again_net: its networks lie in another network namespace/);
	await well('network', 'rm', 'plain');

	await well('run', '-d', '--name', 'guest', '--network', 'demo_front', 'busybox', ...SERVER);
	const {status, stdout, stderr} = await run(['lab', 'down', 'demo', 'again']);
	t.deepEqual([status, stdout], [125, 'again\n']);
	t.regex(stderr, /^cloche: the network is in use: demo_front: by guest; [^\n]+\n$/);
	t.is(await well('exec', 'guest', 'ip', '-o', '-4', 'addr', 'show', 'eth0').then(text => text.includes('10.1.0.')), true, 'the guest is as it was');
	await well('rm', '-f', 'guest');
	await well('lab', 'down', 'demo');
});
