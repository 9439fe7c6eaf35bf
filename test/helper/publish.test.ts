/** Published ports of TCP: connections, their ends, their errors. */

import {execFile} from 'node:child_process';
import {createHash, randomBytes} from 'node:crypto';
import {once} from 'node:events';
import {createServer} from 'node:net';
import {promisify} from 'node:util';
import test from 'ava';
import {ClocheError} from '../../orchestrator/base/errors.js';
import {ask, client, port, publish, publishing, readAll, server} from './publishing.js';
import {privileges, supervisorFor} from './support.js';

const execFileAsync = promisify(execFile);

for (const privilege of privileges) {
	test(`${privilege}: what is said outside is heard inside, and the answer comes after the end of what was said`, async t => {
		const {number, launch, supervisor} = await publish(t, privilege, publishing(t, privilege, ['count', '127.0.0.1', '80']));
		t.true(number > 0);
		t.is(await ask(number, 'hello'), '5\n');
		t.is(await ask(number, randomBytes(3_000_000)), '3000000\n');
		launch.signal(9);
		await launch.released;
		await t.throwsAsync(client(number), {code: 'ECONNREFUSED'});
		await supervisor.close();
	});

	test(`${privilege}: every byte arrives, both ways at once, whoever waits for whom`, async t => {
		const {number} = await publish(t, privilege, publishing(t, privilege, ['echo', '0.0.0.0', '80']));
		const data = randomBytes(20_000_000);
		const socket = await client(number);
		socket.end(data);
		const back = await readAll(socket);
		t.is(createHash('sha256').update(back).digest('hex'), createHash('sha256').update(data).digest('hex'));
	});

	test(`${privilege}: a reset inside is one outside, after what was said before it`, async t => {
		const {number} = await publish(t, privilege, publishing(t, privilege, ['reset', '127.0.0.1', '80']));
		const {stdout} = await execFileAsync(server, ['pull', '127.0.0.1', String(number), '1']);
		t.is(stdout, '1 ECONNRESET\n');
	});

	test(`${privilege}: a reset outside is one inside, an end an end`, async t => {
		const published = await publish(t, privilege, publishing(t, privilege, ['await', '127.0.0.1', '80']));
		const ending = await client(published.number);
		ending.end('x');
		await published.says('end\n');
		const resetting = await client(published.number);
		resetting.write('x', () => resetting.resetAndDestroy());
		await published.says('ECONNRESET\n');
		t.pass();
	});

	test(`${privilege}: a server's last words are heard, though the container ends with them`, async t => {
		for (const size of [1, 100_000, 1_000_000]) {
			const {number, launch} = await publish(t, privilege, publishing(t, privilege, ['last', '127.0.0.1', '80', String(size)]));
			const socket = await client(number);
			const exited = launch.exited;
			t.is((await readAll(socket)).length, size);
			t.is((await exited).code, 0);
			socket.destroy();
			await launch.released;
		}
	});

	test(`${privilege}: where nobody listens inside the connection ends, and later ones find who does`, async t => {
		const plan = publishing(t, privilege, ['echo', '127.0.0.1', '80']);
		const supervisor = supervisorFor(t, privilege);
		const launch = supervisor.launch({...plan, streams: {stdin: 'null', stdout: 'null', stderr: 'null'}}, {autoStart: false});
		await launch.created;
		const number = launch.ports[0]?.outside ?? 0;
		t.is(await ask(number), '');
		launch.start();
		for (let heard = ''; heard !== 'hello';) {
			heard = await ask(number, 'hello').catch(() => '');
		}

		t.pass();
	});

	test(`${privilege}: a port that is taken is an error that names it, before anything is made`, async t => {
		const taken = createServer().listen(0, '127.0.0.1');
		await once(taken, 'listening');
		t.teardown(() => taken.close());
		const {port: number} = taken.address() as {port: number};
		const supervisor = supervisorFor(t, privilege);
		const launch = supervisor.launch(publishing(t, privilege, ['echo', '127.0.0.1', '80'], {
			ports: [port(), port({outside: number})], streams: {stdin: 'null', stdout: 'null', stderr: 'null'},
		}));
		launch.exited.catch(() => undefined);
		launch.running.catch(() => undefined);
		const error = await t.throwsAsync(launch.created, {instanceOf: ClocheError});
		t.like(error, {step: 'publish', where: `127.0.0.1:${number}/tcp`, code: 'EADDRINUSE'});
		t.regex(error.message, /another port/);
		await launch.released;
	});
}

const [privilege = 'rootless'] = privileges;

test('any free port is the same at several addresses, and another for another port inside', async t => {
	const {launch} = await publish(t, privilege, publishing(t, privilege, ['echo', '127.0.0.1', '80'], {
		ports: [port(), port({address: '::1'}), port({inside: 81}), port({protocol: 'udp', inside: 81})],
	}));
	const [four, six, other, udp] = launch.ports;
	t.is(launch.ports.length, 4);
	t.like(four, {protocol: 'tcp', address: '127.0.0.1', inside: 80});
	t.like(six, {protocol: 'tcp', address: '::1', inside: 80});
	t.like(udp, {protocol: 'udp', address: '127.0.0.1', inside: 81});
	t.is(four?.outside, six?.outside);
	t.not(four?.outside, other?.outside);
});

test('over IPv6, to a server that knows only IPv4, and the other way round', async t => {
	for (const inside of ['127.0.0.1', '::1', '0.0.0.0', '::']) {
		const {number} = await publish(t, privilege, publishing(t, privilege, ['echo', inside, '80'], {ports: [port(), port({address: '::1'})]}));
		t.is(await ask(number, inside, '127.0.0.1'), inside);
		t.is(await ask(number, inside, '::1'), inside);
	}
});

test('a server that listens on an address of the container\'s own alone is found', async t => {
	const plan = publishing(t, privilege, ['echo', '10.99.0.1', '80'], {});
	const exec = plan.start.map(op => op.op === 'exec' ? {...op, argv: ['/bin/sh', '-c', 'ip addr add 10.99.0.1/32 dev lo && exec /server echo 10.99.0.1 80']} : op);
	const {number} = await publish(t, privilege, {...plan, start: exec});
	t.is(await ask(number, 'hello'), 'hello');
});

test('who reads nothing stops who writes, and no other connection', async t => {
	const {number} = await publish(t, privilege, publishing(t, privilege, ['send', '127.0.0.1', '80', '100000000']));
	const slow = await client(number);
	slow.pause();
	t.is((await readAll(await client(number))).length, 100_000_000);
	t.is((await readAll(slow)).length, 100_000_000);
});

test('a port that is none is refused, and so is an address that isn\'t this machine\'s', async t => {
	const supervisor = supervisorFor(t, privilege);
	for (const [changes, expected] of [
		[{address: 'localhost'}, {step: 'publish', code: 'EINVAL', where: 'tcp localhost 0 80'}],
		[{inside: 0}, {step: 'publish', code: 'EINVAL'}],
		[{outside: 65_536}, {step: 'publish', code: 'EINVAL'}],
		[{outside: -1}, {step: 'publish', code: 'EINVAL'}],
		[{address: '1'.repeat(4000)}, {step: 'publish', code: 'EINVAL'}],
		[{address: '192.0.2.1', outside: 8080}, {step: 'publish', code: 'EADDRNOTAVAIL', where: '192.0.2.1:8080/tcp'}],
	] as const) {
		const launch = supervisor.launch(publishing(t, privilege, [], {ports: [port(), port(changes)], streams: {stdin: 'null', stdout: 'null', stderr: 'null'}}));
		launch.running.catch(() => undefined);
		launch.exited.catch(() => undefined);
		t.like(await t.throwsAsync(launch.created), expected);
		await launch.released;
	}
});

test('the server sees connections from itself', async t => {
	const {number} = await publish(t, privilege, publishing(t, privilege, ['peers', '0.0.0.0', '80']));
	t.is((await readAll(await client(number))).toString(), '127.0.0.1');
});

test('ports are held from one run of a container to the next, as different containers can\'t have them', async t => {
	const {number, supervisor} = await publish(t, privilege, publishing(t, privilege, ['echo', '127.0.0.1', '80']));
	const other = supervisor.launch(publishing(t, privilege, ['echo', '127.0.0.1', '80'], {ports: [port({outside: number})], streams: {stdin: 'null', stdout: 'null', stderr: 'null'}}));
	other.running.catch(() => undefined);
	other.exited.catch(() => undefined);
	await t.throwsAsync(other.created, {code: 'EADDRINUSE'});
	await other.released;
	t.is(await ask(number, 'still'), 'still');
});
