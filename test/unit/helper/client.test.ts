import {once} from 'node:events';
import {mkdirSync, mkdtempSync, rmSync} from 'node:fs';
import {createServer, type Server, type Socket} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {connectToContainer, isGone} from '../../../orchestrator/helper/client.js';
import {FrameDecoder} from '../../../orchestrator/helper/frame-decoder.js';
import {Kind, Limit, Tag} from '../../../orchestrator/helper/protocol.js';
import {frame, hello} from './fake.js';

/** A supervisor's side of a socket, played by a test. */
const serve = async (t: ExecutionContext, {greeting = hello(), deep = false} = {}): Promise<{path: string; server: Server; client: Promise<Socket>}> => {
	const directory = mkdtempSync(join(tmpdir(), 'cloche-client-'));
	t.teardown(() => {
		rmSync(directory, {recursive: true});
	});
	const home = deep ? join(directory, 'd'.repeat(120)) : directory;
	mkdirSync(home, {recursive: true});
	const server = createServer(socket => socket.write(greeting));
	t.teardown(() => server.close());
	// libuv refuses a path that is too long, so it is bound where it is short.
	const cwd = process.cwd();
	process.chdir(home);
	server.listen('socket');
	process.chdir(cwd);
	await once(server, 'listening');
	return {path: join(home, 'socket'), server, client: once(server, 'connection').then(([socket]) => socket as Socket)};
};

const heard = async (socket: Socket, count: number): Promise<Array<[Kind, number]>> => {
	const frames: Array<[Kind, number]> = [];
	const decoder = new FrameDecoder('in');
	for await (const chunk of socket) {
		decoder.push(chunk as Buffer, ({kind, channel}) => frames.push([kind, channel]));
		if (frames.length >= count) {
			break;
		}
	}

	return frames;
};

test.serial('a client asks on the container\'s channel', async t => {
	const {path, client: connection} = await serve(t);
	const client = await connectToContainer(path);
	client.signal(10);
	client.stop({signal: 15, timeout: 5});
	client.stop();
	client.resize(5, 7);
	client.attach(() => undefined);
	client.input(Buffer.alloc(2 * Limit.PAYLOAD_IN));
	client.endInput();
	void client.status();
	const frames = await heard(await connection, 39);
	t.deepEqual(frames.slice(0, 5).map(([kind]) => kind), [Kind.SIGNAL, Kind.STOP, Kind.STOP, Kind.RESIZE, Kind.ATTACH]);
	t.deepEqual(frames.slice(5, 37).map(([kind]) => kind), Array.from({length: 32}, () => Kind.INPUT));
	t.deepEqual(frames.slice(37).map(([kind]) => kind), [Kind.INPUT, Kind.STATUS]);
	t.true(frames.every(([, channel]) => channel === 1));
});

test.serial('a client hears output, what was lost of it, restarts, and the end', async t => {
	const {path, client: connection} = await serve(t);
	const client = await connectToContainer(path);
	const told: string[] = [];
	client.attach((stream, data) => {
		told.push(`${stream} ${data.toString()}`);
	}, bytes => {
		told.push(`lost ${bytes}`);
	});
	client.onAgain = ({code}) => {
		told.push(`again after ${code ?? ''}`);
	};

	client.onRunning = () => {
		told.push('running');
	};

	const status = client.status();
	const socket = await connection;
	socket.write(Buffer.concat([
		frame(Kind.OUTPUT, 1, [Tag.STREAM, 1], [Tag.DATA, Buffer.from('out')]),
		frame(Kind.OUTPUT, 1, [Tag.STREAM, 2], [Tag.DATA, Buffer.from('err')], [Tag.LOST, 7]),
		frame(Kind.REPORT, 1, [Tag.PID, 5], [Tag.RESTARTS, 0], [Tag.LOST, 0]),
		frame(Kind.EXITED, 1, [Tag.CODE, 3], [Tag.AGAIN, true]),
		frame(Kind.CREATED, 1, [Tag.PID, 6]),
		frame(Kind.RUNNING, 1),
		frame(Kind.EXITED, 1, [Tag.CODE, 4]),
		frame(Kind.RELEASED, 1),
	]));
	socket.end();
	t.deepEqual(await status, {pid: 5, restarts: 0, lost: 0});
	t.is((await client.exited).code, 4);
	await client.closed;
	t.deepEqual(told, ['1 out', 'lost 7', '2 err', 'again after 3', 'running']);
	t.true(isGone(await t.throwsAsync(client.status())));
});

test.serial('a path that is too long for the call is reached, too', async t => {
	const {path} = await serve(t, {deep: true});
	t.true(path.length > 108);
	(await connectToContainer(path)).close();
});

test.serial('that nobody listens can be told apart', async t => {
	t.true(isGone(await t.throwsAsync(connectToContainer('/nowhere/socket'))));
	const {path, server} = await serve(t);
	server.removeAllListeners('connection').on('connection', (socket: Socket) => socket.end());
	t.true(isGone(await t.throwsAsync(connectToContainer(path))));
});

test.serial('a supervisor of another version is refused by name', async t => {
	const {path} = await serve(t, {greeting: hello(1n)});
	const error = await t.throwsAsync(connectToContainer(path));
	t.regex(error.message, /another protocol: version 0\.1\.0/);
	t.false(isGone(error));
});

test.serial('who breaks the protocol is hung up on, and what was pending fails', async t => {
	const {path, client: connection} = await serve(t);
	const client = await connectToContainer(path);
	const status = client.status();
	(await connection).write(Buffer.alloc(64, 0xFF));
	await t.throwsAsync(status, {message: /broke the protocol/});
	await t.throwsAsync(client.exited, {message: /broke the protocol/});
	await client.closed;
});

test.serial('what a client does wrong is told to it', async t => {
	const {path, client: connection} = await serve(t);
	const client = await connectToContainer(path);
	const socket = await connection;
	socket.end(frame(Kind.ERROR, 0, [Tag.STEP, 1], [Tag.DETAIL, 'INPUT without a stdin']));
	await t.throwsAsync(client.exited, {message: /INPUT without a stdin/});
});
