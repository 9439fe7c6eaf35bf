/** network create, ls, inspect, rm, prune: real bridges and rules, docker's words, one clear line for each mistake. */

import {existsSync, readdirSync} from 'node:fs';
import {join} from 'node:path';
import {ordinary} from './ordinary.js';
import {onlyPrograms, scene} from './scene.js';

scene('a network is a bridge with an address, and rules; nothing is left of it', async ({t, net, root, well}) => {
	const id = await well('network', 'create', '--internal', 'tests');
	t.regex(id, /^[a-z\d]{12}$/);
	const bridge = `clo${id.slice(0, 8)}`;
	t.regex(net.run('ip', '-o', 'address', 'show', 'dev', bridge), /inet 10\.89\.0\.1\/24/);
	t.notRegex(net.run('ip', '-o', 'address', 'show', 'dev', bridge), /inet6/);
	t.regex(net.run('ip', '-d', 'link', 'show', 'dev', bridge), /mtu 1500[^]*alias cloche:[\da-f]{8}:tests/);
	t.regex(net.run('nft', 'list', 'ruleset'), new RegExp(bridge));
	t.is(await well('network', 'rm', 'tests'), 'tests');
	t.deepEqual(readdirSync(join(root, 'networks')), []);
});

scene('all that can be asked for', async ({t, net, well}) => {
	const id = await well('network', 'create', '--subnet', '10.1.2.0/24', '--gateway', '10.1.2.254', '--subnet=fd12:3456::/64', '--mtu', '1400', '--label', 'stage=test', '--label', 'bare', '--internal', 'a.b_c-1');
	const bridge = `clo${id.slice(0, 8)}`;
	const addresses = net.run('ip', '-o', 'address', 'show', 'dev', bridge);
	t.regex(addresses, /inet 10\.1\.2\.254\/24/);
	t.regex(addresses, /inet6 fd12:3456::1\/64/);
	t.regex(net.run('ip', 'link', 'show', 'dev', bridge), /mtu 1400/);
	const [view] = JSON.parse(await well('network', 'inspect', 'a.b_c-1')) as Array<Record<string, unknown>>;
	t.like(view, {
		name: 'a.b_c-1', id, driver: 'bridge', scope: 'local', bridge, up: true, internal: true, enableIPv4: true, enableIPv6: true, mtu: 1400,
		labels: {stage: 'test', bare: ''}, containers: {},
		ipam: {driver: 'default', config: [{subnet: '10.1.2.0/24', gateway: '10.1.2.254'}, {subnet: 'fd12:3456::/64', gateway: 'fd12:3456::1'}]},
	});
	t.is(await well('network', 'inspect', '-f', '{{range .IPAM.Config}}{{.Subnet}} {{end}}{{.Internal}}', id.slice(0, 5)), '10.1.2.0/24 fd12:3456::/64 true');
	await well('network', 'rm', id);
});

scene('ls, with docker\'s columns, filters and templates', async ({t, well, ill}) => {
	t.is(await well('network', 'ls'), 'NETWORK ID   NAME   DRIVER   SCOPE   SUBNETS');
	const two = await well('network', 'create', '--internal', '--label', 'of=me', 'two');
	const one = await well('network', 'create', '--internal', '--ipv6', 'one');
	const lines = (await well('network', 'ls')).split('\n');
	t.regex(lines[1] ?? '', new RegExp(`^${one} +one +bridge +local +10\\.89\\.1\\.0/24,fd[\\da-f:]+/64$`));
	t.regex(lines[2] ?? '', new RegExp(`^${two} +two +bridge +local +10\\.89\\.0\\.0/24$`));
	t.is(await well('network', 'ls', '-q'), `${one}\n${two}`);
	t.is(await well('network', 'ls', '--filter', 'label=of=me', '--format', '{{.Name}} {{.Internal}} {{.IPv6}} {{.Label "of"}}'), 'two true false me');
	t.is(await well('network', 'ls', '-f', 'name=^o', '-q'), one);
	t.is(await well('network', 'ls', '-f', `id=${two.slice(0, 6)}`, '-q'), two);
	t.is(await well('network', 'ls', '-f', 'dangling=false', '-q'), '');
	t.is(await well('network', 'ls', '-f', 'type=builtin', '-q'), '');
	t.is((JSON.parse((await well('network', 'ls', '--format', 'json')).split('\n')[0] ?? '') as {Name: string}).Name, 'one');
	t.regex(await ill('network', 'ls', '--filter', 'color=red'), /color is no filter/);
	t.regex(await ill('network', 'ls', '--format', '{{.Nothing}}'), /\.Nothing/);
	await well('network', 'rm', 'one', 'two');
});

scene('prune removes those that nobody uses, or some of them', async ({t, well, ill}) => {
	for (const name of ['a', 'b', 'c']) {
		await well('network', 'create', '--internal', '--label', `name=${name}`, name);
	}

	t.regex(await ill('network', 'prune'), /no terminal to ask at; give --force/);
	t.is(await well('network', 'prune', '-f', '--filter', 'label=name=b'), 'b');
	t.is(await well('network', 'prune', '-f', '--filter', 'until=1h'), '');
	t.is(await well('network', 'prune', '--force'), 'a\nc');
	t.is(await well('network', 'prune', '--force'), '');
});

scene('mistakes: one clear line each, and nothing is changed', async ({t, net, root, well, ill, kernel}) => {
	await well('network', 'create', '--internal', '--subnet', '10.1.2.0/24', 'there');
	net.run('ip', 'link', 'add', 'other', 'type', 'bridge');
	net.run('ip', 'address', 'add', '10.7.0.1/16', 'dev', 'other');
	net.run('ip', 'link', 'set', 'other', 'up');
	const before = [kernel(), readdirSync(join(root, 'networks'))];
	for (const [words, pattern] of [
		[['create'], /no name given/],
		[['create', 'a', 'b'], /more than one name/],
		[['create', 'there'], /name is taken: there/],
		[['create', 'a b'], /not a network's name: a b/],
		[['create', '-x', 'a'], /unknown option -x/],
		[['create', 'none'], /means something else/],
		[['create', '--subnet', '10.1.0.0/16', 'a'], /overlaps a network's: 10\.1\.0\.0\/16: there has 10\.1\.2\.0\/24/],
		[['create', '--subnet', '10.7.3.0/24', 'a'], /overlaps a route of this machine: 10\.7\.3\.0\/24: 10\.7\.0\.0\/16/],
		[['create', '--subnet', '10.1.2.3/24', 'a'], /past its first 24/],
		[['create', '--subnet', '10.3.0.0/24', '--gateway', '10.4.0.1', 'a'], /gateway isn't in the subnet/],
		[['create', '--mtu', 'much', 'a'], /--mtu much: not a number/],
		[['create', '--mtu', '10', 'a'], /MTU 10: no link can have it; give a number from 68/],
		[['create', '--label', '=x', 'a'], /--label =x/],
		[['rm'], /no network given/],
		[['rm', 'nowhere'], /no such network: nowhere/],
		[['creat', 'a'], /unknown command 'network creat'; did you mean create\?/],
		[['inspect'], /no network given/],
	] as const) {
		t.regex(await ill('network', ...words), pattern, words.join(' '));
	}

	t.deepEqual([kernel(), readdirSync(join(root, 'networks'))], before);
	t.is(await well('network', 'rm', '-f', 'nowhere'), '');
	net.run('ip', 'link', 'delete', 'other');
	await well('network', 'rm', 'there');
});

scene('the pool is used up: one line', async ({t, run, well}) => {
	const env = {CLOCHE_SUBNETS: '10.5.0.0/23'};
	t.is((await run(['network', 'create', '--internal', 'a'], env)).status, 0);
	t.is((await run(['network', 'create', '--internal', 'b'], env)).status, 0);
	const {status, stderr} = await run(['network', 'create', '--internal', 'c'], env);
	t.is(status, 125);
	t.regex(stderr, /^cloche: no subnet is left: 10\.5\.0\.0\/23: [^\n]*CLOCHE_SUBNETS\n$/);
	await well('network', 'prune', '-f');
});

for (const tool of ['ip', 'nft']) {
	scene(`without ${tool}: one line, and nothing is changed`, async ({t, root, run}) => {
		const others = ['node', 'ip', 'nft', 'env'].filter(name => name !== tool);
		const {status, stderr} = await run(['network', 'create', 'a'], onlyPrograms(...others));
		t.is(status, 125);
		t.regex(stderr, new RegExp(`^cloche: cannot run ${tool}: it isn't in PATH; install it [^\\n]+\\n$`));
		t.deepEqual(readdirSync(join(root, 'networks')), []);
	});
}

ordinary('who has no privilege makes networks by writing them down; nothing runs, and nothing of the machine changes', async ({t, root, well, ill, run, processes}) => {
	const id = await well('network', 'create', '--internal', '--label', 'a=b', 'tests');
	t.deepEqual(processes(), []);
	t.false(existsSync(`/sys/class/net/clo${id.slice(0, 8)}`));
	t.is(await well('network', 'ls', '--format', '{{.ID}} {{.Name}} {{.Internal}}'), `${id} tests true`);
	t.is(await well('network', 'inspect', '-f', '{{.up}} {{.labels.a}}', 'tests'), 'false b');
	t.regex(await ill('network', 'create', 'tests'), /name is taken: tests/);
	t.is((await run(['network', 'create', 'other'], onlyPrograms('node', 'env'))).status, 0, 'it takes no program');
	t.is(await well('network', 'rm', 'tests', 'other'), 'tests\nother');
	t.deepEqual(readdirSync(join(root, 'networks')), []);
});
