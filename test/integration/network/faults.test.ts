/** network partition, isolate, degrade, heal: between real containers on a real network, by counting what arrives. */

import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {cut, degrade, isolate, NO_FAULTS} from '../../../orchestrator/network/faults/model.js';
import {faultRules, parseFaults, PLACES, TABLE} from '../../../orchestrator/network/faults/rules.js';
import {repository} from '../support/installed.js';
import {until} from '../support/marked.js';
import {type Scene, scene} from './scene.js';

interface Box {
	name: string;
	id: string;
	pid: number;
	v4: string;
	v6: string;
}

const MEMBERS = '{{.Id}} {{.State.Pid}}';

/** Containers of these names on the network `tests`. */
const boxes = async ({well}: Scene, ...names: string[]): Promise<Box[]> => {
	await well('network', 'create', '--internal', '--ipv6', 'tests');
	const made: Box[] = [];
	for (const name of names) {
		await well('run', '-d', '--name', name, '--network', 'tests', 'busybox', 'nc', '-ll', '-p', '80', '-e', 'echo', 'here');
		const [id = '', pid = ''] = (await well('inspect', '-f', MEMBERS, name)).split(' ');
		const [view] = JSON.parse(await well('network', 'inspect', 'tests')) as [{containers: Record<string, {ipv4Address: string; ipv6Address: string}>}];
		const {ipv4Address = '', ipv6Address = ''} = view.containers[id] ?? {};
		made.push({name, id, pid: Number(pid), v4: ipv4Address.replace(/\/.*/, ''), v6: ipv6Address.replace(/\/.*/, '')});
	}

	return made;
};

const end = async ({well}: Scene, ...names: string[]): Promise<void> => {
	await well('rm', '-f', ...names);
	await well('network', 'rm', 'tests');
};

/**
 * Sends datagrams, each when the one before is gone; prints how many failed. What is sent lies in a processor's backlog until that has
 * time for it, and is dropped where there are over a thousand: so now and then, and in the end, it waits until those are empty
 * (softnet_seq_show() in the kernel's net/core/net-procfs.c).
 */
const SENDER = `
const [address, count, size] = process.argv.slice(1);
const {readFileSync} = require('node:fs');
const waiting = () => readFileSync('/proc/net/softnet_stat', 'latin1').trim().split('\\n').some(line => Number.parseInt(line.split(' ')[11], 16) > 0);
const socket = require('node:dgram').createSocket(address.includes(':') ? 'udp6' : 'udp4');
let failed = 0;
const next = left => {
	if (left % 100 === 0 && waiting()) {
		setTimeout(next, 1, left);
	} else if (left === 0) {
		socket.close(() => console.log(failed));
	} else {
		socket.send(Buffer.alloc(Number(size)), 9, address, error => { failed += error ? 1 : 0; next(left - 1); });
	}
};
next(Number(count));
`;

/** Datagrams that came to a port where nobody listens: udp(7), /proc/net/snmp. */
const arrived = ({pid}: Box): number => {
	const [, heads = '', values = ''] = /^Udp: (.*)\nUdp: (.*)$/m.exec(readFileSync(`/proc/${pid}/net/snmp`, 'latin1')) ?? [];
	const v6 = /^Udp6NoPorts\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/net/snmp6`, 'latin1'))?.[1];
	return Number(values.split(' ')[heads.split(' ').indexOf('NoPorts')]) + Number(v6);
};

interface Traffic {
	count?: number;
	/** Bytes of each. */
	size?: number;
	family?: 4 | 6;
}

/** How many couldn't be sent. */
const send = ({net}: Scene, from: Box, to: Box, {count = 100, size = 100, family = 4}: Traffic = {}): number =>
	Number(net.run('nsenter', `--net=/proc/${from.pid}/ns/net`, process.execPath, '-e', SENDER, family === 4 ? to.v4 : to.v6, `${count}`, `${size}`));

/** How many datagrams get through; sending has to succeed, whatever becomes of them. */
const through = (show: Scene, from: Box, to: Box, traffic?: Traffic): number => {
	const before = arrived(to);
	show.t.is(send(show, from, to, traffic), 0, 'nobody is told');
	return arrived(to) - before;
};

/** What the other answers on port 80. */
const answer = async ({run}: Scene, from: Box, to: Box, seconds: number): Promise<string> => (await run(['exec', from.name, 'nc', '-w', `${seconds}`, to.v4, '80'])).stdout.trim();

const listed = async ({well}: Scene, format = '{{.Name}} {{.Fault}} {{.To}}'): Promise<string[]> =>
	(await well('network', 'faults', '--format', format)).split('\n').filter(line => line !== '').map(line => line.trim());

scene('partition cuts two off from each other, and nobody else; heal joins them again', async show => {
	const {t, well} = show;
	const [a, b, c] = await boxes(show, 'a', 'b', 'c') as [Box, Box, Box];
	t.is(await answer(show, a, b, 30), 'here');
	await well('network', 'partition', 'a', 'b');
	t.deepEqual(await listed(show), ['a partition b', 'b partition a']);
	for (const family of [4, 6] as const) {
		t.is(through(show, a, b, {family}), 0);
		t.is(through(show, b, a, {family}), 0);
		t.is(through(show, a, c, {family}), 100);
		t.is(through(show, c, b, {family}), 100);
	}

	t.is(await answer(show, a, b, 1), '');
	t.is(await answer(show, c, b, 30), 'here');
	await well('network', 'partition', 'b', 'a');
	t.deepEqual(await listed(show), ['a partition b', 'b partition a'], 'once is enough');
	await well('network', 'partition', 'b', 'c');
	await well('network', 'heal', 'a');
	t.deepEqual(await listed(show), ['b partition c', 'c partition b'], 'on both sides');
	t.is(await answer(show, b, a, 30), 'here');
	t.is(through(show, b, c), 0);
	await well('network', 'heal', '--all');
	t.deepEqual(await listed(show), []);
	t.is(await answer(show, b, c, 30), 'here');
	await end(show, 'a', 'b', 'c');
});

scene('isolate cuts one off from all, but not from itself', async show => {
	const {t, well} = show;
	const [a, b] = await boxes(show, 'a', 'b') as [Box, Box];
	t.is(await well('network', 'isolate', 'a'), 'a');
	t.deepEqual(await listed(show), ['a isolate']);
	for (const family of [4, 6] as const) {
		t.is(through(show, a, b, {family}), 0);
		t.is(through(show, b, a, {family}), 0);
		t.is(through(show, a, a, {family}), 100);
	}

	t.is(await answer(show, a, a, 30), 'here');
	t.is(await answer(show, b, a, 1), '');
	await well('network', 'heal', 'a');
	t.is(await answer(show, b, a, 30), 'here');
	await end(show, 'a', 'b');
});

const between = (show: Scene, count: number, least: number, most: number): void => {
	show.t.true(count >= least && count <= most, `${count} of ${least} to ${most}`);
};

scene('degrade loses about as many packets as it says, both ways; several faults add up', async show => {
	const {t, well} = show;
	const [a, b, c] = await boxes(show, 'a', 'b', 'c') as [Box, Box, Box];
	// Of 2000 that come through by chance with one half, the standard deviation is 22.
	await well('network', 'degrade', 'a', '--loss', '50%');
	between(show, through(show, a, b, {count: 2000}), 800, 1200);
	between(show, through(show, b, a, {count: 2000, family: 6}), 800, 1200);
	t.is(through(show, b, c), 100);
	await well('network', 'degrade', 'a', '--loss', '50%', '--to', 'c');
	between(show, through(show, a, c, {count: 2000}), 350, 650);
	between(show, through(show, c, a, {count: 2000}), 350, 650);
	between(show, through(show, a, b, {count: 2000}), 800, 1200);
	await well('network', 'degrade', 'a', '--loss', '0%');
	t.is(through(show, a, b), 100);
	between(show, through(show, a, c, {count: 2000}), 800, 1200);
	await well('network', 'degrade', 'a', '--loss', '100%', '--to', 'b', '--network', 'tests');
	await well('network', 'partition', 'a', 'c');
	await well('network', 'degrade', 'a', '--rate', '10mbit');
	t.deepEqual(await listed(show, '{{.Name}} {{.Fault}} {{.To}} {{.Network}} {{.Loss}} {{.Rate}}'), [
		'a partition c', 'a degrade c tests 50%', 'a degrade b tests 100%', 'a degrade  tests  10mbit', 'c partition a',
	]);
	t.is(through(show, a, b), 0);
	t.is(through(show, a, c), 0);
	await well('network', 'heal', 'a');
	t.deepEqual(await listed(show), []);
	t.is(through(show, a, b), 100);
	t.is(through(show, c, a), 100);
	await end(show, 'a', 'b', 'c');
});

// 2.4 MB at once: a slow link queues 64 KiB and loses the rest, less what gets through while we send.
const BURST = {count: 2000, size: 1200};

scene('a rate holds for what is sent and for what is received, of a link or towards one container', async show => {
	const {t, well} = show;
	const [a, b, c] = await boxes(show, 'a', 'b', 'c') as [Box, Box, Box];
	t.is(through(show, a, b, BURST), BURST.count);
	await well('network', 'degrade', 'a', '--rate', '100kbit', '--to', 'b');
	between(show, through(show, a, b, BURST), 1, 1000);
	between(show, through(show, b, a, {...BURST, family: 6}), 1, 1000);
	t.is(through(show, a, c, BURST), BURST.count);
	t.is(through(show, c, a, BURST), BURST.count);
	await well('network', 'degrade', 'a', '--rate', '200kbit');
	between(show, through(show, a, c, BURST), 1, 1000);
	between(show, through(show, c, a, BURST), 1, 1000);
	// What waits for b has to wait for the link as well, after what waits for c.
	const before = arrived(b);
	between(show, through(show, a, b, BURST), 0, 1000);
	await until(() => arrived(b) > before);
	t.is(await answer(show, a, c, 60), 'here');
	await well('network', 'heal', 'a');
	t.is(through(show, a, c, BURST), BURST.count);
	t.is(through(show, a, b, BURST), BURST.count);
	t.notRegex(show.net.run('nsenter', `--net=/proc/${a.pid}/ns/net`, 'tc', 'qdisc', 'show'), /c10[cde]:/);
	await end(show, 'a', 'b', 'c');
});

scene('a delay is netem\'s; a kernel that has none says so, and nothing is changed', async show => {
	const {t, net, well, ill} = show;
	await boxes(show, 'a', 'b');
	await well('network', 'degrade', 'a', '--loss', '1%', '--rate', '1mbit');
	const hasNetem = net.succeeds('tc', 'qdisc', 'add', 'dev', 'lo', 'root', 'netem', 'delay', '1ms');
	if (hasNetem) {
		net.run('tc', 'qdisc', 'del', 'dev', 'lo', 'root');
		await well('network', 'degrade', 'a', '--delay', '100ms', '--jitter', '10ms');
		t.deepEqual(await listed(show, '{{.Loss}} {{.Rate}} {{.Delay}} {{.Jitter}}'), ['1% 1mbit 100ms 10ms']);
	} else {
		t.log('this kernel has no netem');
		t.regex(await ill('network', 'degrade', 'a', '--delay', '100ms', '--loss', '5%'), /a: this kernel can't delay packets: it has no netem; use one with CONFIG_NET_SCH_NETEM/);
		t.deepEqual(await listed(show, '{{.Loss}} {{.Rate}}{{.Delay}}'), ['1% 1mbit']);
	}

	await end(show, 'a', 'b');
});

scene('the payload can\'t undo it; it ends with the container', async show => {
	const {t, well, run} = show;
	const [a] = await boxes(show, 'a', 'b') as [Box];
	await well('run', '-d', '--name', 'h', '--network', 'tests', 'host', 'sleep', 'infinity');
	await well('network', 'isolate', 'h');
	await well('network', 'degrade', 'h', '--rate', '1mbit');
	await well('network', 'partition', 'a', 'h');
	for (const words of [['nft', 'flush', 'ruleset'], ['nft', 'delete', 'table', 'netdev', 'cloche_faults'], ['tc', 'qdisc', 'del', 'dev', 'eth0', 'root'], ['ip', 'link', 'set', 'eth0', 'down']]) {
		const {status, stderr} = await run(['exec', 'h', ...words]);
		t.not(status, 0, words.join(' '));
		t.regex(stderr, /not permitted/, words.join(' '));
	}

	t.deepEqual(await listed(show), ['a partition h', 'h isolate', 'h partition a', 'h degrade']);
	await well('restart', '-t', '0', 'h');
	t.deepEqual(await listed(show), ['a partition h'], 'the other end is another container\'s');
	await well('rm', '-f', 'h');
	await well('network', 'heal', 'a');
	t.is(through(show, a, a), 100);
	await end(show, 'a', 'b');
});

scene('of one that was cut off nothing is left, though nobody answers its last words; its address is the next one\'s alone', async show => {
	const {t, net, run, well} = show;
	const peers = (): number => net.run('ip', '-o', 'link', 'show', 'type', 'veth').split('\n').length - 1;
	await well('network', 'create', '--internal', 'tests');
	await well('run', '-d', '--name', 'a', '--network', 'tests', 'busybox', 'nc', '-ll', '-p', '7', '-e', 'cat');
	await well('run', '-d', '--name', 'b', '--network', 'tests', '--ip', '10.89.0.77', 'busybox', 'sh', '-c', 'until (tail -f /dev/null | nc a 7); do :; done');
	await until(async () => (await run(['exec', 'b', 'netstat', '-tn'])).stdout.includes('ESTABLISHED'));
	await well('network', 'isolate', 'b');
	await well('rm', '-f', 'b');
	// Without help the kernel would keep it for 100 seconds.
	await until(() => peers() === 1, undefined, 30);
	await well('run', '-d', '--name', 'c', '--network', 'tests', '--ip', '10.89.0.77', 'busybox', 'nc', '-ll', '-p', '7', '-e', 'echo', 'here');
	await until(async () => (await run(['exec', 'a', 'nc', '10.89.0.77', '7'])).stdout === 'here\n');
	t.is(peers(), 2);
	await end(show, 'a', 'c');
});

scene('links come and go: who is isolated stays so, and what was degraded goes with its link', async show => {
	const {t, well} = show;
	const [a, b] = await boxes(show, 'a', 'b') as [Box, Box];
	await well('network', 'create', '--internal', 'other');
	await well('network', 'isolate', 'a');
	await well('network', 'connect', '--ip', '10.89.1.7', 'other', 'a');
	await well('network', 'connect', '--ip', '10.89.1.8', 'other', 'b');
	const [onOther, peer] = [{...a, v4: '10.89.1.7'}, {...b, v4: '10.89.1.8'}];
	t.is(through(show, peer, onOther), 0);
	const before = arrived(b);
	t.is(send(show, onOther, peer), 100, 'EPERM, of a link that is newer than the fault');
	t.is(arrived(b), before);
	await well('network', 'isolate', 'a');
	t.is(through(show, onOther, peer), 0);
	await well('network', 'heal', 'a');
	t.is(through(show, onOther, peer), 100);
	await well('network', 'degrade', 'a', '--loss', '100%', '--rate', '1mbit');
	await well('network', 'degrade', 'a', '--rate', '100kbit', '--to', 'b', '--network', 'other');
	t.is(through(show, onOther, peer), 0);
	t.deepEqual((await listed(show, '{{.Network}} {{.To}} {{.Loss}} {{.Rate}}')).sort(), ['other  100% 1mbit', 'other b  100kbit', 'tests  100% 1mbit']);
	await well('network', 'disconnect', 'other', 'a');
	t.deepEqual(await listed(show, '{{.Network}}'), ['tests']);
	await well('network', 'connect', '--ip', '10.89.1.7', 'other', 'a');
	t.deepEqual(await listed(show, '{{.Network}}'), ['tests']);
	t.is(through(show, onOther, peer), 100);
	t.is(through(show, a, b), 0);
	await well('network', 'degrade', 'a', '--rate', '100kbit', '--network', 'other');
	between(show, through(show, onOther, peer, BURST), 1, 1000);
	await well('network', 'heal', 'a');
	const count = through(show, onOther, peer, BURST);
	t.true(count === BURST.count || count === BURST.count + 100, `${count}: a hundred to b may have waited for its hardware address, since questions for that were lost, too`);
	await well('network', 'disconnect', 'other', 'a');
	await well('network', 'disconnect', 'other', 'b');
	await well('network', 'rm', 'other');
	await end(show, 'a', 'b');
});

scene('one with users of its own, and one that is paused', async show => {
	const {t, well, run} = show;
	const [a] = await boxes(show, 'a') as [Box];
	await well('run', '-d', '--name', 'u', '--network', 'tests', '--userns', 'private', 'host', 'sleep', 'infinity');
	const u: Box = {...a, name: 'u', pid: Number(await well('inspect', '-f', '{{.State.Pid}}', 'u'))};
	await well('network', 'isolate', 'u');
	await well('network', 'degrade', 'u', '--rate', '1mbit');
	t.is(through(show, u, a), 0);
	t.not((await run(['exec', 'u', 'nft', 'flush', 'ruleset'])).status, 0);
	t.is(through(show, u, a), 0);
	await well('pause', 'a');
	await well('network', 'partition', 'a', 'u');
	t.deepEqual(await listed(show), ['a partition u', 'u isolate', 'u partition a', 'u degrade']);
	await well('network', 'heal', 'u');
	t.is(through(show, u, a), 100);
	await end(show, 'a', 'u');
});

/** What a test author writes, in a process of its own: the library works in the network namespace that it is in. */
const LIBRARY = `
import assert from 'node:assert/strict';
const {openCloche, ClocheError} = await import(process.argv[2]);
const cloche = await openCloche();
const [a, b] = [cloche.container('a'), cloche.container('b')];
await cloche.faults.partition(a, 'b');
await cloche.faults.degrade(b, {loss: '10%', rate: '1mbit', to: a});
await cloche.faults.isolate('b');
assert.deepEqual([...await cloche.faults.list()], [
	[a.id, [{kind: 'partition', to: b.id}]],
	[b.id, [{kind: 'isolate'}, {kind: 'partition', to: a.id}, {kind: 'degrade', network: 'tests', to: a.id, loss: '10%', rate: '1mbit'}]],
]);
await cloche.faults.heal(a);
assert.deepEqual((await cloche.faults.list()).get(a.id), undefined);
await cloche.faults.heal();
assert.equal((await cloche.faults.list()).size, 0);
await assert.rejects(cloche.faults.degrade(a, {los: '1%'}), {message: "unknown option 'los'; did you mean 'loss'?"});
await assert.rejects(cloche.faults.degrade(a, {loss: 10}), ClocheError);
await assert.rejects(cloche.faults.degrade(a, {rate: '1'}), {message: /^rate 1: not a rate; /});
await assert.rejects(cloche.faults.degrade(a, {jitter: 5}), {message: /^jitter 5ms: without delay; /});
await cloche.close();
console.log('well');
`;

scene('the library does the same', async show => {
	const {t, net, root} = show;
	await boxes(show, 'a', 'b');
	const script = join(root, 'test.mjs');
	writeFileSync(script, LIBRARY);
	t.is(net.run('env', `CLOCHE_ROOT=${root}`, process.execPath, script, join(repository, 'dist/index.js')), 'well\n');
	await end(show, 'a', 'b');
});

scene('nft takes the rules for older kernels as well, and tells the same again', ({t, net, root}) => {
	net.run('ip', 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth1');
	const peer = {id: 'bbbbbbbbbbbb', addresses: ['10.89.0.3', '10.90.0.3', 'fd12::3']};
	const faults = degrade(degrade(cut(isolate(NO_FAULTS), peer), ['eth0', 'eth1'], {loss: 1, rate: 100_000_000_000}), ['eth1'], {loss: 1_000_000, rate: 1000, delay: 60_000_000, jitter: 1}, peer);
	mkdirSync(root);
	const file = join(root, 'rules');
	for (const place of PLACES) {
		writeFileSync(file, faultRules(faults, ['eth0', 'eth1'], place));
		net.run('nft', '-f', file);
		t.deepEqual(parseFaults(net.run('nft', 'list', 'table', ...TABLE)), faults, place);
		t.is(net.run('nft', 'list', 'tables').includes('netdev'), place === 'link');
		writeFileSync(file, faultRules(NO_FAULTS, [], place));
		net.run('nft', '-f', file);
		t.is(net.run('nft', 'list', 'ruleset'), '');
	}

	net.run('ip', 'link', 'delete', 'eth0');
	return Promise.resolve();
});

scene('many at once', async show => {
	const {t, well} = show;
	await boxes(show, 'a', 'b', 'c', 'd');
	await Promise.all([
		well('network', 'partition', 'a', 'b'), well('network', 'partition', 'c', 'a'), well('network', 'degrade', 'a', '--loss', '1%'),
		well('network', 'degrade', 'a', '--rate', '1mbit', '--to', 'd'), well('network', 'isolate', 'a', 'b'), well('network', 'partition', 'b', 'a'),
	]);
	t.deepEqual((await listed(show)).sort(), ['a degrade', 'a degrade d', 'a isolate', 'a partition b', 'a partition c', 'b isolate', 'b partition a', 'c partition a']);
	await well('network', 'heal', 'a', 'b');
	t.deepEqual(await listed(show), []);
	await end(show, 'a', 'b', 'c', 'd');
});

scene('one clear line for each mistake', async show => {
	const {t, well, ill} = show;
	await boxes(show, 'a', 'b');
	await well('network', 'create', '--internal', 'other');
	await well('run', '-d', '--name', 'elsewhere', '--network', 'other', 'busybox', 'sleep', '1000');
	await well('run', '-d', '--name', 'none', '--network', 'none', 'busybox', 'sleep', '1000');
	await well('run', '-d', '--name', 'hosts', '--network', 'host', 'busybox', 'sleep', '1000');
	await well('create', '--name', 'made', '--network', 'tests', 'busybox', 'true');
	t.regex(await ill('network', 'partition', 'a', 'nobody'), /no such container: nobody/);
	t.regex(await ill('network', 'partition', 'a', 'a'), /one container: a: it can't be cut off from itself/);
	t.regex(await ill('network', 'partition', 'a'), /it is between two/);
	t.regex(await ill('network', 'isolate', 'none'), /the container is on no network: none/);
	t.regex(await ill('network', 'isolate', 'hosts'), /the container is on no network: hosts/);
	t.regex(await ill('network', 'isolate', 'made'), /the container doesn't run: made/);
	t.regex(await ill('network', 'isolate'), /no container given/);
	t.regex(await ill('network', 'degrade', 'a'), /nothing to make worse; give --loss, --delay or --rate/);
	t.regex(await ill('network', 'degrade', 'a', '--loss', '5'), /--loss 5: not a percentage/);
	t.regex(await ill('network', 'degrade', 'a', '--loss', '5%', '--network', 'other'), /the container isn't on the network: other: a is on tests/);
	t.regex(await ill('network', 'degrade', 'a', '--loss', '5%', '--to', 'elsewhere'), /the containers share no network: a and elsewhere/);
	t.regex(await ill('network', 'degrade', 'a', 'b', '--loss', '5%'), /more than one container: a b/);
	t.regex(await ill('network', 'heal'), /no container given; name one or more, or give --all/);
	t.regex(await ill('network', 'heal', '--all', 'a'), /--all, and a/);
	t.deepEqual(await listed(show), []);
	await well('rm', '-f', 'elsewhere', 'none', 'hosts', 'made');
	await well('network', 'rm', 'other');
	await end(show, 'a', 'b');
});
