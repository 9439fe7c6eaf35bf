/** Labs and networks by the library: what a test author holds, what goes with it, and what goes with a process that is killed. */

import {existsSync, readdirSync} from 'node:fs';
import {get} from 'node:http';
import {join} from 'node:path';
import {text} from 'node:stream/consumers';
import type {ExecutionContext} from 'ava';
import {type Cloche, ClocheError} from '../../../orchestrator/index.js';
import {labs} from '../network/labs.js';
import {remains} from '../support/cloche.js';
import {until} from '../support/marked.js';
import {library as scene} from './scene.js';

const networksIn = (root: string): string[] => existsSync(join(root, 'networks')) ? readdirSync(join(root, 'networks')).filter(name => !name.startsWith('.')) : [];

/** FIFOs, which go with the keepers. */
const keepersIn = (root: string): string[] => existsSync(join(root, 'networks/.parents')) ? readdirSync(join(root, 'networks/.parents')) : [];

/** Labs need nothing of this machine's networks. */
const library = (title: string, show: (t: ExecutionContext, cloche: Cloche) => Promise<void>): void => {
	scene(title, show, async root => {
		await until(() => keepersIn(root).length === 0, () => keepersIn(root).join(', '));
		return networksIn(root);
	});
};

const SERVER = ['httpd', '-f', '-p', '80', '-h', '/etc'] as const;

/** What the server at a URL says, as soon as it listens. */
const fetched = async (url: string): Promise<string> => {
	for (;;) {
		try {
			return await new Promise<string>((resolve, reject) => {
				get(url, response => {
					text(response).then(resolve, reject);
				}).on('error', reject);
			});
		} catch {
			// Nobody listens yet: the connection ends at once.
		}
	}
};

const GET = (host: string): string[] => ['sh', '-c', `until wget -qO- http://${host}/hostname 2>/dev/null; do :; done`];

library('a lab: handles by name, commands in its containers, a port that leads in; it is gone with its scope', async (t, cloche) => {
	{
		await using lab = await cloche.lab({
			networks: {front: {subnet: '10.1.0.0/24'}, back: {subnet: '10.2.0.0/24', internal: true}},
			router: true,
			containers: {
				db: {image: 'busybox', command: SERVER, networks: {back: {ip: '10.2.0.10', alias: 'primary'}}},
				web: {image: 'busybox', command: SERVER, networks: ['front'], publish: '127.0.0.1:0:80', env: {A: 1}},
			},
		});
		t.deepEqual(Object.keys(lab.containers), ['db', 'web']);
		t.regex(lab.name, /^lab-\w+$/);
		t.deepEqual(lab.networks, {front: `${lab.name}_front`, back: `${lab.name}_back`});
		const {db, web} = lab.containers;
		for (const host of ['10.2.0.10', 'db', 'primary']) {
			t.is((await web.exec(GET(host))).stdout, 'db', host);
		}

		t.is((await db.exec(GET('web'))).stdout, 'web');
		t.is((await web.exec(['sh', '-c', 'echo $A'])).stdout, '1');
		const [port] = await web.ports();
		t.is(await fetched(`http://127.0.0.1:${port?.outside ?? 0}/hostname`), 'web\n');
		t.is((await cloche.run('busybox', GET('db'), {network: lab.networks['front'] ?? ''})).stdout, 'db', 'one from outside');
		const network = await cloche.network(`${lab.name}_back`);
		t.like(await network.inspect(), {parent: lab.name, internal: true, up: true});
		// @ts-expect-error no container is called so
		t.is(lab.containers.nope, undefined);
	}
});

library('two labs have the same addresses; a name is one lab\'s', async (t, cloche) => {
	const definition = {name: 'demo', networks: {net: {subnet: '10.1.0.0/24'}}, containers: {one: {image: 'busybox', command: SERVER, networks: {net: {ip: '10.1.0.10'}}}}} as const;
	await using lab = await cloche.lab(definition);
	await using other = await cloche.lab({...definition, name: 'other'});
	t.like(await t.throwsAsync(cloche.lab(definition), {instanceOf: ClocheError}), {what: 'the lab is there already', where: 'demo'});
	t.is((await lab.containers.one.exec(['hostname'])).stdout, 'one');
	t.is((await other.containers.one.exec(GET('10.1.0.10'))).stdout, 'one');
});

library('what can\'t be started leaves nothing, and says why', async (t, cloche) => {
	const lab = async (container: object): Promise<unknown> => cloche.lab({name: 'demo', networks: {net: {subnet: '10.1.0.0/24'}}, containers: {
		one: {image: 'busybox', command: ['sleep', '1000'], networks: {net: {ip: '10.1.0.10'}}},
		two: {image: 'busybox', command: ['sleep', '1000'], ...container},
	}});
	for (const [container, message] of [
		[{image: 'nope'}, /^no such image: nope/],
		[{command: ['nope']}, /nope/],
		[{networks: {net: {ip: '10.1.0.10'}}}, /^the address is taken: 10\.1\.0\.10/],
		[{networks: {net: {ip: '10.2.0.10'}}}, /^the address isn't in the network/],
		[{networks: {net: {ip: 3}}}, /containers\.two\.networks\.net\.ip: it is a number/],
		[{restart: 'always'}, /restart/],
		[{hostname: 3.5}, /hostname/],
		[{env: {A: null}}, /^env: it is null/],
		[{label: null}, /containers\.two\.label: it is null/],
	] as const) {
		await t.throwsAsync(lab(container), {instanceOf: ClocheError, message});
		t.deepEqual([...remains(cloche.root), ...networksIn(cloche.root)], []);
	}
});

library('its containers may end before it; who is on its networks from outside keeps these', async (t, cloche) => {
	const lab = await cloche.lab({networks: {net: {internal: true}}, containers: {one: {image: 'busybox', command: ['false']}, two: {image: 'busybox', command: ['sleep', '1000']}}});
	t.like(await lab.containers.one, {exitCode: 1}, 'which is no error');
	const guest = cloche.run('busybox', ['sleep', '1000'], {network: lab.networks['net'] ?? '', name: 'guest', rm: true, reject: false});
	await guest.pid();
	await t.throwsAsync(lab[Symbol.asyncDispose](), {instanceOf: ClocheError, message: /^the network is in use: lab-\w+_net: by guest; stop or disconnect them first$/});
	t.like(await lab.containers.two, {failed: true}, 'its own have ended');
	guest.kill('SIGKILL');
	await guest;
	await guest[Symbol.asyncDispose]();
	await lab[Symbol.asyncDispose]();
	await t.notThrowsAsync(lab[Symbol.asyncDispose](), 'once more is fine');
});

/** Programs print JSON in lines. */
const say = (value: string): string => `console.log(JSON.stringify(${value}));\n`;

labs('createNetwork: gone with its scope, or kept; in use at its end; found by name and id', async scene => {
	const {t, program, well, kernel, networks} = scene;
	const before = kernel();
	const {status, stdout, stderr} = await program(`
		const outcome = async promise => promise.then(() => 'fine', ({name, message}) => name + ': ' + message);
		const any = await cloche.createNetwork({internal: true});
		{
			const {stdout} = await cloche.run('busybox', ['ip', '-o', '-4', 'addr', 'show', 'eth0'], {network: any.name});
			${say('[/^n\\w{12}$/.test(any.name), /inet 10\\./.test(stdout)]')}
		}

		await any[Symbol.asyncDispose]();
		// Whose result is there isn't in the way any more.
		for (let round = 0; round < 10; round++) {
			const network = await cloche.createNetwork({internal: true});
			await Promise.all(['a', 'b', 'c'].map(name => cloche.run('busybox', ['true'], {network: network.name, networkAlias: name})));
			await network[Symbol.asyncDispose]();
		}

		const network = await cloche.createNetwork({name: 'tests', subnet: '10.1.2.0/24', gateway: '10.1.2.9', internal: true, labels: {a: 'b'}, mtu: 1400});
		const {name, ipam, internal, mtu, labels} = await network.inspect();
		${say('{name, ipam, internal, mtu, labels}')}
		${say('await outcome(cloche.createNetwork({name: "tests"}))')}
		${say('await outcome(cloche.createNetwork({nam: "x"}))')}
		${say('await outcome(cloche.createNetwork({subnet: "10.1.2.0/33"}))')}
		const box = cloche.run('busybox', ['sleep', '1000'], {network: 'tests', name: 'box', rm: true, reject: false});
		await box.pid();
		${say('await outcome(network[Symbol.asyncDispose]())')}
		${say('await outcome(network.remove())')}
		await box[Symbol.asyncDispose]();
		${say('[(await cloche.network("tests")).id === network.id, (await cloche.network(network.id.slice(0, 6))).name]')}
		await network[Symbol.asyncDispose]();
		await network[Symbol.asyncDispose]();
		${say('[await outcome(network.remove()), await outcome(network.inspect()), await outcome(cloche.network("tests"))]')}
		await cloche.createNetwork({name: 'kept', internal: true, keep: true});
		await cloche.createNetwork({name: 'owned', internal: true});
		await cloche.close();
	`).ended;
	t.deepEqual([status, stderr], [0, '']);
	t.deepEqual(stdout.replaceAll(/(?<=network: )\w{12}/g, 'ID').split('\n').slice(0, -1).map(line => JSON.parse(line) as unknown), [
		[true, true],
		{name: 'tests', ipam: {driver: 'default', config: [{subnet: '10.1.2.0/24', gateway: '10.1.2.9'}]}, internal: true, mtu: 1400, labels: {a: 'b'}},
		'ClocheError: the network\'s name is taken: tests; choose another, or remove that network',
		'ClocheError: unknown option \'nam\'; did you mean \'name\'?',
		'ClocheError: not a network\'s subnet: 10.1.2.0/33: it isn\'t an address and a length; give an address and a length, as 10.1.2.0/24',
		'ClocheError: the network is in use: tests: by box; stop or disconnect them first',
		'ClocheError: the network is in use: tests: by box; stop or disconnect them first',
		[true, 'tests'],
		['ID', 'ID', 'tests'].map(word => `ClocheError: no such network: ${word}; cloche network ls lists them, cloche network create makes one`),
	]);
	t.deepEqual(networks().sort(), ['kept', 'owned']);
	await well('run', 'busybox', 'true');
	t.deepEqual(networks(), ['kept'], 'its process is gone');
	await well('network', 'rm', 'kept');
	t.is(kernel(), before);
});

const KILLED = `
	await cloche.createNetwork({name: 'tests', subnet: '10.9.0.0/24', internal: true});
	cloche.run('busybox', ['sleep', '1000'], {network: 'tests', reject: false});
	const lab = await cloche.lab({name: 'demo', networks: {a: {subnet: '10.1.0.0/24'}, b: {subnet: '10.2.0.0/24'}}, router: true, containers: {
		one: {image: 'busybox', command: ['sleep', '1000'], networks: ['a']}, two: {image: 'busybox', command: ['sleep', '1000'], networks: ['a', 'b']},
	}});
	console.log((await lab.containers.one.exec(['hostname'])).stdout);
	process.kill(process.pid, 'SIGKILL');
`;

labs('a process that is killed: the next start removes its networks and labs', async scene => {
	const {t, program, well, kernel} = scene;
	const before = kernel();
	t.like(await program(KILLED).ended, {signal: 'SIGKILL', stdout: 'one\n'});
	await until(async () => {
		await well('run', 'busybox', 'true');
		return await well('network', 'ls', '-q') === '' && await well('ps', '-aq') === '';
	});
	t.is(await well('lab', 'ls', '-q'), '');
	t.is(kernel(), before);
});

labs('a process that is killed, and begun again: its lab and its network, by the same names, are there for it', async scene => {
	const {t, program, well} = scene;
	for (let round = 0; round < 3; round++) {
		const {signal, stdout, stderr} = await program(KILLED).ended;
		t.deepEqual([signal, stdout, stderr], ['SIGKILL', 'one\n', '']);
	}

	await until(async () => {
		await well('run', 'busybox', 'true');
		return await well('network', 'ls', '-q') === '' && await well('ps', '-aq') === '';
	});
});
