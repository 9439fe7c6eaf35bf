/** Who is connected to a served container: hears its output, types its input, and harms nobody. */

import {once} from 'node:events';
import {readdirSync, writeFileSync} from 'node:fs';
import {connect, type Socket} from 'node:net';
import test, {type ExecutionContext} from 'ava';
import type {ContainerClient} from '../../orchestrator/helper/container-client.js';
import {encodeAttach, encodeInput, encodeStatus} from '../../orchestrator/helper/encode-service.js';
import {encodeSignal, encodeStart} from '../../orchestrator/helper/encode.js';
import {type Frame, FrameDecoder} from '../../orchestrator/helper/frame-decoder.js';
import {Kind, Limit, Tag} from '../../orchestrator/helper/protocol.js';
import {eventually} from './marked.js';
import {valueOf} from './raw.js';
import {CHANNEL, Served} from './served.js';
import {privileges} from './support.js';

const [privilege = 'rootless'] = privileges;
const sh = (script: string): string[] => ['/bin/sh', '-c', script];

/** Everything that an attached client hears. */
const listen = async (client: ContainerClient): Promise<{text: () => string; bytes: () => number; lost: () => number}> => {
	const chunks: Buffer[] = [];
	let bytes = 0;
	let lost = 0;
	client.attach((stream, data) => {
		bytes += data.length;
		if (chunks.length < 100) {
			chunks.push(Buffer.concat([Buffer.from(`${stream}:`), data]));
		}
	}, count => {
		lost += count;
	});
	await client.status();
	return {text: () => Buffer.concat(chunks).toString(), bytes: () => bytes, lost: () => lost};
};

/** A client that is spoken to in bytes. */
class RawClient {
	readonly socket: Socket;
	readonly frames: Frame[] = [];
	readonly closed: Promise<void>;

	constructor(t: ExecutionContext, served: Served, {allowHalfOpen = false} = {}) {
		const decoder = new FrameDecoder();
		this.socket = connect({path: served.service.socket, allowHalfOpen});
		this.socket.on('error', () => undefined); // It may close while we still write.
		this.socket.on('data', chunk => {
			decoder.push(chunk, one => this.frames.push(one));
		});
		this.closed = new Promise(resolve => {
			this.socket.on('close', () => {
				resolve();
			});
		});
		t.teardown(() => this.socket.destroy());
	}

	async until(kind: Kind): Promise<Frame> {
		let found: Frame | undefined;
		await eventually(() => (found = this.frames.find(one => one.kind === kind)) !== undefined, () => this.frames.map(one => one.kind).join(' '));
		return found ?? this.until(kind);
	}
}

test('several clients hear the same, each stream under its number; who leaves is missed by nobody', async t => {
	const served = await new Served(t, privilege, sh('read word; echo "out $word"; echo "err $word" >&2; read word; echo "again $word"; read word')).detach();
	const clients = await Promise.all(Array.from({length: 5}, async () => served.connect()));
	const heard = await Promise.all(clients.map(async client => listen(client)));
	clients[0]?.input(Buffer.from('one\n'));
	for (const {text} of heard) {
		await eventually(() => text().includes('1:out one') && text().includes('2:err one'), text);
	}

	clients[0]?.close();
	clients[1]?.input(Buffer.from('two\n'));
	for (const {text} of heard.slice(1)) {
		await eventually(() => text().includes('1:again two'), text);
	}

	clients[2]?.endInput();
	t.is((await clients[3]?.exited)?.code, 1); // read saw the end
	await served.ended();
	t.false(heard[0]?.text().includes('again'));
});

test('a client that doesn\'t read stops neither the payload nor others, and hears how much it missed', async t => {
	const served = await new Served(t, privilege, sh('read word; yes | head -c 20000000; echo done; read word')).detach();
	const slow = new RawClient(t, served);
	await slow.until(Kind.HELLO);
	slow.socket.write(Buffer.concat([encodeAttach(CHANNEL), encodeStatus(CHANNEL)]));
	await slow.until(Kind.REPORT);
	slow.socket.pause();
	const client = await served.connect();
	client.input(Buffer.from('go\n'));
	await served.logged('stdout F done');
	client.endInput();
	t.is((await client.exited).code, 1);
	slow.socket.resume();
	await slow.closed;
	await served.ended();
	const count = (tag: Tag): number => slow.frames.filter(({kind}) => kind === Kind.OUTPUT).reduce((sum, one) => {
		const value = valueOf(one, tag);
		return sum + (value instanceof Uint8Array ? value.length : Number(value ?? 0));
	}, 0);
	t.true(count(Tag.LOST) > 10_000_000);
	t.is(count(Tag.LOST) + count(Tag.DATA), 20_000_000 + 'done\n'.length);
	t.is(slow.frames.filter(({kind}) => kind === Kind.EXITED).length, 1, 'events are never dropped');
	t.is(slow.frames.at(-1)?.kind, Kind.RELEASED);
});

test('a client that says something when all has been said to it is no broken pipe: it hangs up first', async t => {
	const served = await new Served(t, privilege, sh('read word')).detach();
	const client = new RawClient(t, served, {allowHalfOpen: true});
	await client.until(Kind.HELLO);
	const end = once(client.socket, 'end');
	client.socket.write(encodeInput(CHANNEL));
	await end;
	t.is(client.frames.at(-1)?.kind, Kind.RELEASED);
	const error = await new Promise(resolve => {
		client.socket.write(encodeStatus(CHANNEL), resolve);
	});
	t.falsy(error);
	client.socket.end();
	t.is(await served.ended(), 'status 0');
});

test('input waits for the payload, whole and in order, and nobody else does', async t => {
	const served = await new Served(t, privilege, sh('until [ -e /go ]; do usleep 1000; done; wc -c; echo counted')).detach();
	const writer = await served.connect();
	const other = await served.connect();
	for (let sent = 0; sent < 3_000_000; sent += 60_000) {
		writer.input(Buffer.alloc(60_000, 'y'));
	}

	writer.endInput();
	const {pid = 0} = await other.status();
	t.true(pid > 0);
	writeFileSync(`/proc/${pid}/root/go`, '');
	await served.logged('stdout F 3000000');
	t.is((await other.exited).code, 0);
	await served.ended();
});

test('what a client that has gone wrote still arrives', async t => {
	const served = await new Served(t, privilege, sh('until [ -e /go ]; do usleep 1000; done; wc -c')).detach();
	const writer = new RawClient(t, served);
	await writer.until(Kind.HELLO);
	await new Promise<void>(resolve => {
		writer.socket.end(Buffer.concat([encodeInput(CHANNEL, Buffer.alloc(150_000)), encodeInput(CHANNEL)]), resolve);
	});
	const {pid = 0} = await (await served.connect()).status();
	writeFileSync(`/proc/${pid}/root/go`, '');
	await served.logged('stdout F 150000');
	t.is(await served.ended(), 'status 0');
});

const hostile: Record<string, Buffer> = {
	garbage: Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'),
	'a huge frame': Buffer.from([0xFF, 0xFF, 0xFF, 0xFF, Kind.INPUT, 0, 0, 0, 1, 0, 0, 0]),
	'another channel': encodeStatus(2),
	'channel 0': encodeSignal(0, 9),
	'the orchestrator\'s frames': encodeStart(CHANNEL, [{op: 'exec', argv: ['/bin/true'], env: []}]),
};

for (const [name, bytes] of Object.entries(hostile)) {
	test(`a client that sends ${name} is told and hung up, and nothing else happens`, async t => {
		const served = await new Served(t, privilege, sh('read word; exit 4')).detach();
		const good = await served.connect();
		const bad = new RawClient(t, served);
		bad.socket.write(bytes);
		const error = await bad.until(Kind.ERROR);
		t.is(error.channel, 0);
		await bad.closed;
		good.input(Buffer.from('x\n'));
		t.is((await good.exited).code, 4);
		await served.ended();
	});
}

test('no more clients than allowed, and room again when one leaves', async t => {
	const served = await new Served(t, privilege, sh('read word')).detach();
	const clients = Array.from({length: Limit.CLIENTS}, () => new RawClient(t, served));
	await Promise.all(clients.map(async client => client.until(Kind.HELLO)));
	const late = new RawClient(t, served);
	t.regex(String(valueOf(await late.until(Kind.ERROR), Tag.DETAIL)), /more clients/);
	await late.closed;
	const open = (): number => readdirSync(`/proc/${served.raw.helper.pid}/fd`).length;
	const before = open();
	clients[0]?.socket.destroy();
	await eventually(() => open() < before, () => 'still open');
	const client = await served.connect();
	client.endInput();
	await client.exited;
	await served.ended();
});

test('an orchestrator that doesn\'t read blocks nobody, and gets every event in the end', async t => {
	const served = await new Served(t, privilege, sh('while read word; do echo "$word"; done')).start();
	const {socket} = served.raw.helper;
	socket.pause();
	const client = await served.connect();
	for (let n = 0; n < 30_000; n++) {
		socket.write(encodeStatus(CHANNEL));
	}

	client.input(Buffer.from('still there\n'));
	await served.logged('stdout F still there');
	client.endInput();
	t.is((await client.exited).code, 0);
	socket.resume();
	const reports = (): number => served.raw.frames.filter(({kind}) => kind === Kind.REPORT).length;
	await eventually(() => reports() === 30_000, () => String(reports()));
	t.is(served.raw.frames.filter(({kind}) => kind === Kind.EXITED).length, 1);
	socket.end();
	await served.ended();
});

test('a terminal: one stream, a size that follows, an end that is a key', async t => {
	const served = await new Served(t, privilege, sh('stty size; read word; stty size; cat; echo end'), {plan: {terminal: true, size: {rows: 30, columns: 90}}}).detach();
	await served.logged('stdout F 30 90\r');
	const client = await served.connect();
	const {text} = await listen(client);
	client.resize(44, 132);
	client.input(Buffer.from('go\n'));
	await eventually(() => text().includes('44 132\r\n'), text);
	client.input(Buffer.from('line'));
	client.endInput();
	t.is((await client.exited).code, 0);
	await served.ended();
	t.true(text().includes('end\r\n'), text());
});
