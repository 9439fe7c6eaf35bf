/** Addresses and names: never given twice, never lost, whoever is killed. */

import {readdirSync, readlinkSync, rmSync, symlinkSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {cloche} from '../support/cloche.js';
import {scene, type Scene} from './scene.js';

interface Got {
	id: string;
	error?: string;
	link: string;
	peer: string;
	bridge: string;
	addresses: string[];
	gateways: string[];
	mac: string;
	mtu: number;
	names: string;
	remove: string[];
	left?: string;
}

const lessee = fileURLToPath(new URL('lessee.ts', import.meta.url));
const repository = fileURLToPath(new URL('../../..', import.meta.url));

const lease = async ({net, root}: Scene, network: string, count: number, ...verbs: string[]): Promise<Got[]> => {
	const {stdout, stderr} = await cloche([root, network, String(count), ...verbs], {program: [...net.enter, process.execPath, '--import=tsx', lessee], cwd: repository});
	if (stderr !== '') {
		throw new Error(stderr);
	}

	return stdout.trim().split('\n').map(line => JSON.parse(line) as Got);
};

const leases = (root: string, network: string): string[] => readdirSync(join(root, 'networks', network, 'leases')).sort();
const names = (root: string, network: string): string[] => readdirSync(join(root, 'networks', network, 'names'));

scene('an endpoint, in the words of the plan; its names lead to its address, and nothing stays of it', async all => {
	const {t, root, well} = all;
	const network = await well('network', 'create', '--ipv6', '--mtu', '1400', 'a');
	const [got] = await lease(all, 'a', 1, 'keep', 'alias=Web');
	t.like(got, {link: 'eth0', bridge: `clo${network.slice(0, 8)}`, mtu: 1400, mac: '02c10a590002'});
	t.regex(got?.peer ?? '', /^v[a-f\d]{13}$/);
	t.regex(got?.addresses.join(' ') ?? '', /^10\.89\.0\.2\/24 fd[\da-f:]+::2\/64$/);
	t.regex(got?.gateways.join(' ') ?? '', /^10\.89\.0\.1 fd[\da-f:]+::1$/);
	const {id = '', names: directory = '', remove = []} = got ?? {};
	t.deepEqual(names(root, 'a').sort(), [`c-${id}`, id, 'web'].sort());
	t.is(readlinkSync(join(root, 'networks/a/names/web/10.89.0.2')), id);
	t.deepEqual(readdirSync(join(directory, 'a/web')).length, 2, 'seen through the container\'s own directory');
	t.is(remove.filter(path => path.includes('/leases/')).length, 2);
	// Its owner, that process, has ended: whoever starts next frees what it had.
	await well('run', 'busybox', 'true');
	t.deepEqual(leases(root, 'a'), []);
	t.deepEqual(names(root, 'a').filter(host => readdirSync(join(root, 'networks/a/names', host)).length > 0), []);
	await well('gc');
	t.deepEqual(names(root, 'a'), []);
	await well('network', 'rm', 'a');
});

scene('8 orchestrators at once: 200 addresses, each one\'s own; there are no more than there are', async all => {
	const {t, root, well} = all;
	await well('network', 'create', '--internal', 'a');
	const got = (await Promise.all(Array.from({length: 8}, async () => lease(all, 'a', 25, 'keep')))).flat();
	t.deepEqual(got.filter(({error}) => error !== undefined), []);
	const addresses = got.flatMap(one => one.addresses);
	t.is(new Set(addresses).size, 200);
	t.true(got.every(({gateways}) => gateways.length === 0), 'no way out');
	// Their owners are dead now, and the addresses theirs until somebody needs them: there are 253 in all.
	t.is(leases(root, 'a').length, 200);
	const more = await lease(all, 'a', 260, 'keep');
	t.is(more.filter(({error}) => error === undefined).length, 253, 'those of the dead are free');
	t.regex(more.at(-1)?.error ?? '', /^no address is left: a: all of 10\.89\.0\.0\/24 are taken; /);
	await well('gc');
	t.deepEqual(leases(root, 'a'), []);
	await well('network', 'rm', 'a');
});

scene('an address that has just become free isn\'t the next one\'s', async all => {
	const {t, root, well} = all;
	await well('network', 'create', '--internal', '--subnet', '10.5.0.0/29', 'a');
	const got = await lease(all, 'a', 7);
	t.deepEqual(got.map(({addresses}) => addresses[0]), ['2', '3', '4', '5', '6', '2', '3'].map(last => `10.5.0.${last}/29`));
	t.deepEqual(leases(root, 'a'), []);
	await well('network', 'rm', 'a');
});

scene('an address of one\'s own choice, and why it can\'t be had', async all => {
	const {t, well} = all;
	await well('network', 'create', '--internal', '--subnet', '10.5.0.0/29', 'a');
	const [got] = await lease(all, 'a', 1, 'ip=10.5.0.5');
	t.deepEqual(got?.addresses, ['10.5.0.5/29']);
	for (const [ip, pattern] of [
		['10.6.0.1', /isn't in the network: 10\.6\.0\.1: a has 10\.5\.0\.0\/29; /],
		['10.5.0.1', /it is the gateway's; /],
		['10.5.0.7', /it means all of the network; /],
		['ten', /not an address: ten; /],
	] as const) {
		const [refused] = await lease(all, 'a', 1, `ip=${ip}`);
		t.regex(refused?.error ?? '', pattern);
	}

	const [, second] = await lease(all, 'a', 2, 'keep', 'ip=10.5.0.5');
	t.regex(second?.error ?? '', /^the address is taken: 10\.5\.0\.5: by container \w+; /);
	const [again] = await lease(all, 'a', 1, 'ip=10.5.0.5');
	t.deepEqual(again?.addresses, ['10.5.0.5/29'], 'a dead one\'s is free');
	await well('gc');
	await well('network', 'rm', 'a');
});

scene('killed with addresses, names and a live connection: the next start frees them', async all => {
	const {t, root, well, ill} = all;
	await well('network', 'create', '--internal', 'a');
	for (const verbs of [['keep', 'die'], ['keep', 'live', 'alias=x', 'die']]) {
		t.is((await lease(all, 'a', 3, ...verbs)).length, 3);
		t.is(leases(root, 'a').length, 3);
		await well('run', 'busybox', 'true');
		t.deepEqual(leases(root, 'a'), [], verbs.join(' '));
		t.deepEqual(readdirSync(join(root, 'run')), []);
	}

	t.regex(await ill('network', 'rm', 'nowhere'), /no such network/);
	await well('network', 'rm', 'a');
});

scene('who joins while he runs leaves with his names and, at once, his address', async all => {
	const {t, root, well} = all;
	await well('network', 'create', '--internal', 'a');
	const [joined, left] = await lease(all, 'a', 1, 'live', 'leave', 'keep');
	t.is(joined?.link, 'eth0');
	t.is(left?.left, 'eth0');
	t.deepEqual(leases(root, 'a'), []);
	// One that had it from its start keeps the address until its end, since its helper is to remove it then.
	const [started] = await lease(all, 'a', 1, 'leave', 'keep');
	t.deepEqual(leases(root, 'a'), [(started?.addresses[0] ?? '').split('/')[0]]);
	t.true(names(root, 'a').every(host => readdirSync(join(root, 'networks/a/names', host)).length === 0));
	await well('gc');
	await well('network', 'rm', 'a');
});

scene('a network in use isn\'t removed, and who uses it is named', async all => {
	const {t, root, ill, well} = all;
	await well('network', 'create', '--internal', 'a');
	const id = await well('run', '-d', '--network', 'none', '--name', 'sleeper', 'busybox', 'sleep', '1000');
	symlinkSync(id, join(root, 'networks/a/leases/10.89.0.2'));
	t.regex(await ill('network', 'rm', 'a'), /^cloche: the network is in use: a: by sleeper; stop or disconnect them first\n$/);
	t.is(await well('network', 'prune', '-f'), '');
	t.is(await well('network', 'inspect', '-f', `{{range .Containers}}{{.Name}} {{.IPv4Address}}{{end}}`, 'a'), 'sleeper 10.89.0.2/24');
	t.is(await well('network', 'ls', '-q', '-f', 'dangling=true'), '');
	await well('rm', '-f', 'sleeper');
	t.is(await well('network', 'prune', '-f'), 'a');
});

scene('the default network is made on first use, by one of many', async all => {
	const {t, root, well} = all;
	const got = (await Promise.all(Array.from({length: 6}, async () => lease(all, 'cloche', 2, 'keep')))).flat();
	t.deepEqual(got.filter(({error}) => error !== undefined), []);
	t.is(new Set(got.flatMap(one => one.addresses)).size, 12);
	t.is(new Set(got.map(({bridge}) => bridge)).size, 1);
	t.is(await well('network', 'ls', '--filter', 'type=builtin', '--format', '{{.Name}}'), 'cloche');
	const [refused] = await lease(all, 'nowhere', 1);
	t.regex(refused?.error ?? '', /^no such network: nowhere; /);
	t.true(readdirSync(join(root, 'networks')).includes('cloche'));
	await well('gc');
	await well('network', 'rm', 'cloche');
});

scene('after a reboot, or where somebody deleted the bridge, a network is made anew when it is used', async all => {
	const {t, net, root, well} = all;
	const id = await well('network', 'create', 'a');
	const bridge = `clo${id.slice(0, 8)}`;
	net.run('ip', 'link', 'delete', bridge);
	t.is(await well('network', 'inspect', '-f', '{{.up}}', 'a'), 'false');
	const [got] = await lease(all, 'a', 1);
	t.is(got?.error, undefined);
	t.regex(net.run('ip', 'address', 'show', 'dev', bridge), /10\.89\.0\.1\/24/);
	rmSync(join(root, 'networks/a/ready'));
	symlinkSync('00000000', join(root, 'networks/a/ready'));
	net.run('nft', 'flush', 'ruleset');
	await lease(all, 'a', 1);
	t.true(net.run('nft', 'list', 'ruleset').includes('masquerade'));
	t.is(await well('network', 'inspect', '-f', '{{.up}}', 'a'), 'true');
	await well('network', 'rm', 'a');
	// Flushing has removed what tells that forwarding was ours.
	net.run('sh', '-c', 'echo 0 > /proc/sys/net/ipv4/ip_forward');
});
