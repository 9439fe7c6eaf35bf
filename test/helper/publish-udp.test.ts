/** Published ports of UDP. */

import {randomBytes} from 'node:crypto';
import {createSocket, type Socket} from 'node:dgram';
import {once} from 'node:events';
import test, {type ExecutionContext} from 'ava';
import type {Plan, Port} from '../../orchestrator/helper/plan.js';
import {port, publish, publishing} from './publishing.js';
import {privileges, supervisorFor} from './support.js';

const udp = (changes: Partial<Port> = {}): Port => port({protocol: 'udp', ...changes});

/** A client that hears only who it asks. */
const clientOf = async (t: ExecutionContext, number: number, host = '127.0.0.1'): Promise<Socket> => {
	const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
	t.teardown(() => socket.close());
	socket.on('error', () => undefined); // Where nobody listens any more.
	socket.connect(number, host);
	await once(socket, 'connect');
	return socket;
};

/** Ask until there is an answer to that: a datagram may be lost, and one before may be answered late. */
const ask = async (socket: Socket, data: Buffer | string): Promise<string> => {
	const again = setInterval(() => socket.send(data), 200);
	const wanted = Buffer.from(data);
	const heard = new Promise<string>(resolve => {
		socket.on('message', message => {
			if (message.equals(wanted)) {
				resolve(message.toString('latin1'));
			}
		});
	});
	socket.send(data);
	const answer = await heard;
	clearInterval(again);
	socket.removeAllListeners('message');
	return answer;
};

const running = (plan: Plan, script: string): Plan => ({...plan, start: plan.start.map(op => op.op === 'exec' ? {...op, argv: ['/bin/sh', '-c', script]} : op)});

for (const privilege of privileges) {
	test(`${privilege}: datagrams and their answers, each client its own, whatever their size`, async t => {
		const {number} = await publish(t, privilege, publishing(t, privilege, ['datagrams', '127.0.0.1', '80'], {ports: [udp()]}));
		const clients = await Promise.all(Array.from({length: 20}, async () => clientOf(t, number)));
		for (const size of [0, 1, 1472, 9000, 65_507]) {
			await Promise.all(clients.map(async one => {
				const data = randomBytes(size);
				t.is(await ask(one, data), data.toString('latin1'));
			}));
		}
	});

	test(`${privilege}: who isn't there yet is found as soon as it is`, async t => {
		const supervisor = supervisorFor(t, privilege);
		const plan = {...publishing(t, privilege, ['datagrams', '127.0.0.1', '80'], {ports: [udp()]}), streams: {stdin: 'null', stdout: 'null', stderr: 'null'} as const};
		const launch = supervisor.launch(plan, {autoStart: false});
		await launch.created;
		const one = await clientOf(t, launch.ports[0]?.outside ?? 0);
		one.send('lost');
		launch.start();
		t.is(await ask(one, 'found'), 'found');
	});
}

const [privilege = 'rootless'] = privileges;

test('answers come from the address that was asked, of all that one port has', async t => {
	const {number} = await publish(t, privilege, publishing(t, privilege, ['datagrams', '0.0.0.0', '80'], {ports: [udp({address: '0.0.0.0'}), udp({address: '::'})]}));
	for (const host of ['127.0.0.1', '127.0.0.7', '::1']) {
		t.is(await ask(await clientOf(t, number, host), host), host);
	}
});

test('a server on an address of the container\'s own, or of the other family', async t => {
	const plan = publishing(t, privilege, [], {ports: [udp(), udp({address: '::1'})]});
	const {number} = await publish(t, privilege, running(plan, 'ip addr add 10.99.0.1/32 dev lo && exec /server datagrams 10.99.0.1 80'));
	t.is(await ask(await clientOf(t, number), 'four'), 'four');
	t.is(await ask(await clientOf(t, number, '::1'), 'six'), 'six');
});
