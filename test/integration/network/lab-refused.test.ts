/** Labs that can't be had: one clear line, and nothing of them is left. */

import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {until} from '../support/marked.js';
import {labs, SERVER, small} from './labs.js';

const SLEEP = {image: 'busybox', command: ['sleep', '1000']};

/** A lab whose second container, or second network, is the one that can't be had. */
const UNSTARTABLE: ReadonlyArray<readonly [what: string, definition: object, line: RegExp]> = [
	['no such image', small({image: 'nope'}), /no such image: nope/],
	['an address out of the subnet', small({networks: {net: {ip: '10.9.0.10'}}}), /the address isn't in the network: 10\.9\.0\.10: demo_net has 10\.1\.0\.0\/24/],
	['the gateway\'s address', small({networks: {net: {ip: '10.1.0.1'}}}), /no container can have the address: 10\.1\.0\.1: it is the gateway's/],
	['an address that is taken', small({networks: {net: {ip: '10.1.0.10'}}}), /the address is taken: 10\.1\.0\.10/],
	['a port that is taken', {name: 'demo', networks: {net: null}, containers: {one: {...SLEEP, publish: '127.0.0.1:8080:80'}, two: {...SLEEP, publish: '127.0.0.1:8080:80'}}}, /8080\/tcp: bind: address already in use/],
	['a directory that isn\'t there', small({volume: './nope:/in'}), /nope: no such file or directory/],
	['an option\'s value', small({hostname: 'a b'}), /containers\.two\.hostname a b/],
	['subnets that overlap', {name: 'demo', networks: {a: {subnet: '10.1.0.0/16'}, b: {subnet: '10.1.2.0/24'}}}, /the subnet overlaps a network's: 10\.1\.2\.0\/24: demo_a has 10\.1\.0\.0\/16/],
	['an MTU that no link can have', {name: 'demo', networks: {a: null, b: {mtu: 20}}}, /the MTU 20/],
	['a host gateway', small({addHost: 'machine:host-gateway'}), /host-gateway: [^\n]*this machine can't be reached/],
];

labs('what can\'t be started takes all that was with it', async scene => {
	const {t, well, ill, write, nothing} = scene;
	for (const [what, definition, line] of UNSTARTABLE) {
		t.regex(await ill('lab', 'up', write('lab.json', definition)), line, what);
		t.is(await well('lab', 'ls', '-q'), '', what);
		await nothing();
	}
});

labs('a command that isn\'t there: its status, as of run', async scene => {
	const {t, run, well, write} = scene;
	const {status, stdout, stderr} = await run(['lab', 'up', write('lab.json', small({command: ['nope']}))]);
	t.deepEqual([status, stdout], [127, '']);
	t.regex(stderr, /^cloche: [^\n]*nope[^\n]*\n$/);
	t.is(await well('lab', 'ls', '-q'), '');
});

labs('what is somebody else\'s is left to him: a container, a network, another lab\'s name', async scene => {
	const {t, run, well, ill, write} = scene;
	await well('run', '-d', '--name', 'demo-two', 'busybox', 'sleep', '1000');
	t.regex(await ill('lab', 'up', write('lab.json', small())), /demo-two/);
	t.is(await well('lab', 'ls', '-q'), '');
	t.is(await well('ps', '--format', '{{.Names}} {{.State}}'), 'demo-two running');
	await well('rm', '-f', 'demo-two');
	await run(['network', 'create', '--internal', 'demo_net']);
	t.regex(await ill('lab', 'up', write('lab.json', {name: 'demo', networks: {before: null, net: null}})), /the network's name is taken: demo_net/);
	t.is(await well('network', 'ls', '--format', '{{.Name}}'), 'demo_net');
	await well('network', 'rm', 'demo_net');
	t.regex(await ill('lab', 'down', 'demo'), /no such lab: demo; cloche lab ls lists them/);
	t.regex(await ill('lab', 'down'), /no lab given/);
	t.regex(await ill('lab', 'up'), /no file given/);
	t.regex(await ill('lab', 'up', 'a', 'b'), /more than one file: a b/);
});

const BOMB = `a: &a [x, x, x, x, x, x, x, x, x, x]\n${['b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'].map((name, index) => `${name}: &${name} [${Array.from({length: 10}, () => `*${'abcdefgh'[index] ?? ''}`).join(', ')}]`).join('\n')}\n`;

const FILES: ReadonlyArray<readonly [what: string, content: string | Uint8Array, line: RegExp]> = [
	['empty', '', /no lab: [^\n]*: it declares no names/],
	['a comment', '# nothing\n', /no lab/],
	['a list', '- a\n', /no lab/],
	['a word', 'demo\n', /no lab/],
	['not YAML', 'name: demo\nnetworks: {front: \n', /not YAML: [^\n]*:\d+:\d+: /],
	['a flow that isn\'t closed', 'name: [demo\n', /not YAML: [^\n]*:2:1: /],
	['tabs', 'name: demo\nnetworks:\n\tfront:\n', /not YAML: [^\n]*:3:1: /],
	['JSON with a comma too many', '{"name": "demo",, }', /not YAML: [^\n]*:1:\d+: /],
	['a key that stands there twice', 'name: demo\nname: other\n', /not YAML: [^\n]*:2:1: Map keys must be unique/],
	['two documents', 'name: demo\n---\nname: other\n', /not YAML: [^\n]*:2:\d+: /],
	['an alias that leads nowhere', 'name: *nobody\n', /not YAML: [^\n]*nobody/],
	['an alias bomb', BOMB, /not YAML: [^\n]*alias/],
	['brackets without end', '['.repeat(100_000), /not YAML/],
	['bytes', Uint8Array.from({length: 1000}, (_, index) => index * 7 % 256), /not YAML|no lab/],
	['no name', 'networks: {front: }\n', /name: there is none/],
	['a key that is a list', 'name: demo\nnetworks: {? [a, b] : {}}\n', /networks\.[^\n]* can't be a name/],
	['a tag that nobody knows', 'name: demo\nnetworks: !nope []\n', /networks: it is a list/],
];

labs('files that declare no lab', async scene => {
	const {t, ill, feed, write, nothing, directory} = scene;
	for (const [what, content, line] of FILES) {
		t.regex(await ill('lab', 'up', write('lab.yaml', content)), line, what);
	}

	for (const [what, content, line] of FILES.slice(0, 5)) {
		const {status, stdout, stderr} = await feed(content, 'lab', 'up', '-');
		t.deepEqual([status, stdout], [125, ''], what);
		t.regex(stderr, line, what);
		t.regex(stderr, /^cloche: [^\n]+\n$/, what);
	}

	t.regex(await ill('lab', 'up', 'nope.yaml'), /cannot read the lab's definition: nope\.yaml: no such file or directory/);
	t.regex(await ill('lab', 'up', directory), /cannot read the lab's definition: [^\n]*: .*directory/);
	await nothing();
});

labs('YAML, JSON, standard input, --name; relative paths start from the file\'s directory, or from here', async scene => {
	const {t, well, feed, write, directory} = scene;
	mkdirSync(join(directory, 'below'), {mode: 0o755});
	mkdirSync(join(directory, 'below/data'), {mode: 0o755});
	writeFileSync(join(directory, 'below/data/hostname'), 'mine\n', {mode: 0o644});
	writeFileSync(join(directory, 'below/env'), 'FROM=file\n', {mode: 0o644});
	const definition = 'name: demo\nnetworks: {net: }\ncontainers:\n  web: {image: busybox, command: [httpd, -f, -h, /in], volume: "./data:/in:ro", envFile: env}\n';
	await well('lab', 'up', write('below/lab.yaml', definition));
	t.is(await well('exec', 'demo-web', 'cat', '/in/hostname'), 'mine');
	t.is(await well('exec', 'demo-web', 'sh', '-c', 'echo $FROM'), 'file');
	const here = await feed(JSON.stringify(small({volume: './below/data:/in:ro'})), 'lab', 'up', '--name', 'other', '-');
	t.deepEqual([here.status, here.stderr], [0, '']);
	t.regex(here.stdout, /^\w{12} other-one\n\w{12} other-two\n$/);
	t.is(await well('exec', 'other-two', 'cat', '/in/hostname'), 'mine');
	await well('lab', 'down', 'demo', 'other');
});

labs('two who make the same lab at once: one has it, whole; or neither', async scene => {
	const {t, run, well, write, nothing} = scene;
	const file = write('lab.json', {name: 'demo', networks: {a: {subnet: '10.1.0.0/24'}, b: {subnet: '10.2.0.0/24'}}, containers: {one: {...SLEEP, networks: ['a', 'b']}, web: {image: 'busybox', command: SERVER, networks: ['b']}}});
	const ended = await Promise.all(Array.from({length: 4}, async () => run(['lab', 'up', file])));
	const won = ended.filter(({status}) => status === 0).length;
	t.true(won <= 1);
	for (const {status, stdout, stderr} of ended.filter(one => one.status !== 0)) {
		t.deepEqual([status, stdout], [125, '']);
		t.regex(stderr, /^cloche: (?:the lab is there already: demo|the network's name is taken: demo_\w)[^\n]*\n$/);
	}

	t.is(await well('lab', 'ls', '--format', '{{.Name}} {{.Networks}} {{.Containers}} {{.Running}}'), won === 1 ? 'demo demo_a,demo_b 2 2' : '');
	if (won === 1) {
		await well('lab', 'down', 'demo');
	}

	await until(async () => await well('ps', '-aq') === '');
	await nothing();
});
