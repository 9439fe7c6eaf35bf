/** Who reaches whom: the world outside, the machine, the same network, another one, an internal one. Namespaces stand for machines. */

import {Namespace, scene, type Scene} from './scene.js';

/** A machine beyond ours, that knows no way to containers: what reaches it comes from us. */
const addOutside = async ({net}: Scene): Promise<Namespace> => {
	const outside = await Namespace.make();
	net.run('ip', 'link', 'add', 'up0', 'type', 'veth', 'peer', 'name', 'out0', 'netns', `${outside.pid}`);
	net.run('ip', 'address', 'add', '198.51.100.1/24', 'dev', 'up0');
	net.run('ip', 'link', 'set', 'up0', 'up');
	outside.run('ip', 'address', 'add', '198.51.100.2/24', 'dev', 'out0');
	outside.run('ip', 'link', 'set', 'out0', 'up');
	return outside;
};

let count = 0;

/** As a container would be: with an end on the bridge, an address, and a default route through the gateway. */
const addInside = async ({net}: Scene, bridge: string, address: string, gateway: string): Promise<Namespace> => {
	const inside = await Namespace.make();
	const peer = `vt${count++}`;
	net.run('ip', 'link', 'add', peer, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', `${inside.pid}`);
	net.run('ip', 'link', 'set', peer, 'master', bridge, 'up');
	inside.run('ip', 'address', 'add', `${address}/24`, 'dev', 'eth0');
	inside.run('ip', 'link', 'set', 'eth0', 'up');
	inside.run('ip', 'route', 'add', 'default', 'via', gateway);
	return inside;
};

const PING = '/bin/busybox';
const reaches = (from: Namespace, address: string): boolean => from.succeeds(PING, 'ping', '-c', '1', '-W', '2', address);
const misses = (from: Namespace, address: string): boolean => !from.succeeds(PING, 'ping', '-c', '1', '-W', '1', address);

const bridgeOf = (id: string): string => `clo${id.slice(0, 8)}`;

scene('the way out is ours alone; networks don\'t reach each other, nor anybody in from outside', async all => {
	const {t, net, run, well} = all;
	const outside = await addOutside(all);
	const {stdout, stderr} = await run(['network', 'create', '--subnet', '10.5.1.0/24', 'one']);
	t.regex(stderr, /^cloche: IPv4 forwarding was off and has been switched on, [^\n]*\n$/);
	const two = await well('network', 'create', '--subnet', '10.5.2.0/24', 'two');
	const inner = await well('network', 'create', '--internal', '--subnet', '10.5.3.0/24', 'inner');
	const a = await addInside(all, bridgeOf(stdout.trim()), '10.5.1.2', '10.5.1.1');
	const b = await addInside(all, bridgeOf(stdout.trim()), '10.5.1.3', '10.5.1.1');
	const c = await addInside(all, bridgeOf(two), '10.5.2.2', '10.5.2.1');
	const d = await addInside(all, bridgeOf(inner), '10.5.3.2', '10.5.3.1');
	const e = await addInside(all, bridgeOf(inner), '10.5.3.3', '10.5.3.1');
	const everybody = [a, b, c, d, e, outside];
	try {
		t.true(reaches(a, '10.5.1.3'), 'the same network');
		t.true(reaches(d, '10.5.3.3'), 'the same internal network');
		t.true(reaches(a, '10.5.1.1'), 'the machine');
		t.true(reaches(net, '10.5.3.2'), 'from the machine to an internal one');
		t.true(reaches(a, '198.51.100.2'), 'outside, which knows only the machine\'s own address');
		t.true(reaches(c, '198.51.100.2'));
		t.true(misses(a, '10.5.2.2'), 'another network');
		t.true(misses(d, '198.51.100.2'), 'outside from an internal one, even with a route');
		t.true(misses(d, '10.5.1.2'), 'another network from an internal one');
		t.true(misses(a, '10.5.3.2'), 'an internal one from another network');
		outside.run('ip', 'route', 'add', '10.5.0.0/16', 'via', '198.51.100.1');
		t.true(misses(outside, '10.5.1.2'), 'from outside in');
		t.true(misses(outside, '10.5.3.2'), 'from outside into an internal one');
		t.true(reaches(outside, '198.51.100.1'));
	} finally {
		for (const namespace of everybody) {
			namespace.end();
		}
	}

	t.is(net.run('cat', '/proc/sys/net/ipv4/ip_forward'), '1\n');
	await well('network', 'rm', 'one');
	await well('network', 'rm', 'inner');
	t.is(net.run('cat', '/proc/sys/net/ipv4/ip_forward'), '1\n', 'while there is a network');
	await well('network', 'rm', 'two');
	t.is(net.run('cat', '/proc/sys/net/ipv4/ip_forward'), '0\n', 'as it was');
	if (net.run('ip', '-o', 'link').includes('up0')) {
		net.succeeds('ip', 'link', 'delete', 'up0');
	}
});

scene('forwarding that was on stays on, and isn\'t spoken of; an internal network needs none', async ({t, net, run, well}) => {
	const inner = await run(['network', 'create', '--internal', 'inner']);
	t.is(inner.stderr, '');
	t.is(net.run('cat', '/proc/sys/net/ipv4/ip_forward'), '0\n');
	net.run('sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward');
	const {stderr} = await run(['network', 'create', 'a']);
	t.is(stderr, '');
	await well('network', 'prune', '-f');
	t.is(net.run('cat', '/proc/sys/net/ipv4/ip_forward'), '1\n');
	net.run('sh', '-c', 'echo 0 > /proc/sys/net/ipv4/ip_forward');
});

scene('another\'s rules that drop what passes are found, named, and what helps is told; it does help', async all => {
	const {t, net, run, well} = all;
	net.run('nft', 'add', 'table', 'inet', 'wall');
	net.run('nft', 'add', 'chain', 'inet', 'wall', 'fence', '{ type filter hook forward priority 0 ; policy drop ; }');
	const outside = await addOutside(all);
	const {stdout, stderr} = await run(['network', 'create', '--subnet', '10.5.1.0/24', 'a']);
	const [, remedy = ''] = /cloche: the chain inet wall fence drops what containers send out; to let them: (.*)\n/.exec(stderr) ?? [];
	t.regex(remedy, /^nft insert rule inet wall fence .*; nft insert rule inet wall fence /, stderr);
	const inside = await addInside(all, bridgeOf(stdout.trim()), '10.5.1.2', '10.5.1.1');
	try {
		t.true(misses(inside, '198.51.100.2'));
		net.run('sh', '-c', remedy);
		t.true(reaches(inside, '198.51.100.2'));
		const again = await run(['network', 'create', 'b']);
		t.is(again.stderr, '', 'once it is done, nothing is said any more');
	} finally {
		inside.end();
		outside.end();
	}

	const internal = await run(['network', 'create', '--internal', 'c']);
	t.is(internal.stderr, '');
	await well('network', 'prune', '-f');
	t.true(net.run('nft', 'list', 'tables').includes('wall'), 'not ours, and untouched');
	net.run('nft', 'delete', 'table', 'inet', 'wall');
	net.succeeds('ip', 'link', 'delete', 'up0');
});

scene('two state roots on one machine: other subnets, other rules; the last one restores forwarding', async ({t, net, run, well}) => {
	const place = net.run('mktemp', '-d').trim();
	await run(['network', 'create', 'a']);
	const second = await run(['--root', place, 'network', 'create', 'a']);
	t.is(second.status, 0, second.stderr);
	t.is((await run(['--root', place, 'network', 'inspect', '-f', '{{range .IPAM.Config}}{{.Subnet}}{{end}}', 'a'])).stdout.trim(), '10.89.1.0/24');
	t.is(net.run('nft', 'list', 'tables').split('\n').filter(line => line.includes('cloche_')).length, 3);
	await well('network', 'rm', 'a');
	t.is(net.run('cat', '/proc/sys/net/ipv4/ip_forward'), '1\n');
	t.is((await run(['--root', place, 'network', 'rm', 'a'])).status, 0);
	t.is(net.run('cat', '/proc/sys/net/ipv4/ip_forward'), '0\n');
	net.run('rm', '-r', place);
});
