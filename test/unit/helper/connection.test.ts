import {execFileSync} from 'node:child_process';
import {closeSync, constants, openSync, readSync, writeSync} from 'node:fs';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {ClocheError} from '../../../orchestrator/base/errors.js';
import {openStreams} from '../../../orchestrator/helper/streams.js';
import {Connection} from '../../../orchestrator/helper/connection.js';
import type {Launch} from '../../../orchestrator/helper/launch.js';
import type {LaunchOptions} from '../../../orchestrator/helper/launch-options.js';
import type {Plan} from '../../../orchestrator/helper/plan.js';
import {Kind, Limit, Tag} from '../../../orchestrator/helper/protocol.js';
import {FakeSocket, type FakeField, frame, hello, planOf} from './fake.js';

interface Setup {
	socket: FakeSocket;
	connection: Connection;
	broken: ClocheError[];
	launch: (changes?: Partial<Plan>, options?: LaunchOptions) => Launch;
}

const connect = ({greet = true} = {}): Setup => {
	const socket = new FakeSocket();
	const broken: ClocheError[] = [];
	const connection = new Connection(socket, {pid: process.pid, openStreams, onBroken: error => broken.push(error)});
	if (greet) {
		socket.say(hello());
	}

	return {socket, connection, broken, launch: (changes = {}, options = {}) => connection.launch(planOf(changes), options)};
};

const rejection = async (t: ExecutionContext, promise: Promise<unknown>): Promise<ClocheError> =>
	await t.throwsAsync(promise, {instanceOf: ClocheError});

const kinds = ({socket}: Setup): [number, number][] => socket.requests().map(({kind, channel}) => [kind, channel]);

const EXITED: FakeField[] = [[Tag.CODE, 3], [Tag.USER_TIME, 10n], [Tag.SYSTEM_TIME, 20n], [Tag.MAX_RSS, 30n]];

test('a launch is one write, before the helper has greeted, and goes through its life', async t => {
	const setup = connect({greet: false});
	const launch = setup.launch();
	t.is(setup.socket.writes.length, 1);
	t.deepEqual(kinds(setup), [[Kind.CREATE, 1], [Kind.START, 1]]);
	setup.socket.say(hello(), frame(Kind.CREATED, 1, [Tag.PID, 42]), frame(Kind.RUNNING, 1));
	t.is(await launch.created, 42);
	t.is(launch.pid, 42);
	await launch.running;
	t.is(launch.state, 'running');
	setup.socket.say(frame(Kind.EXITED, 1, ...EXITED));
	t.deepEqual(await launch.exited, {code: 3, userTime: 10, systemTime: 20, maxRss: 30});
	setup.socket.say(frame(Kind.RELEASED, 1));
	await launch.released;
	t.is(launch.state, 'released');
	t.like(await launch.streams, {stdin: undefined, stdout: undefined, stderr: undefined});
	t.deepEqual(setup.broken, []);
});

test.serial('what a callback throws surfaces, and breaks no connection', async t => {
	const setup = connect();
	const launch = setup.launch({}, {onHeld() {
		throw new Error('mine');
	}});
	const surfaced = new Promise<Error>(resolve => {
		process.setUncaughtExceptionCaptureCallback(resolve);
	});
	setup.socket.say(frame(Kind.HELD, 1, [Tag.INDEX, 0]), frame(Kind.CREATED, 1, [Tag.PID, 42]));
	t.is((await surfaced).message, 'mine');
	process.setUncaughtExceptionCaptureCallback(null);
	t.is(await launch.created, 42);
	t.deepEqual(setup.broken, []);
});

test('a promise asked for after the event has its outcome', async t => {
	const {socket, launch} = connect();
	const one = launch();
	socket.say(frame(Kind.CREATED, 1, [Tag.PID, 42]), frame(Kind.RUNNING, 1), frame(Kind.EXITED, 1, [Tag.SIGNAL, 9]), frame(Kind.RELEASED, 1));
	t.is((await one.exited).signal, 9);
	await one.released;
});

test('the event loop is held exactly while a channel is open', t => {
	const {socket, launch} = connect();
	t.false(socket.referenced);
	launch();
	launch();
	t.true(socket.referenced);
	socket.say(frame(Kind.CREATED, 1, [Tag.PID, 1]), frame(Kind.EXITED, 1, [Tag.CODE, 0]), frame(Kind.RELEASED, 1));
	t.true(socket.referenced);
	socket.say(frame(Kind.CREATED, 2, [Tag.PID, 1]), frame(Kind.EXITED, 2, [Tag.CODE, 0]));
	t.true(socket.referenced);
	socket.say(frame(Kind.RELEASED, 2));
	t.false(socket.referenced);
});

test('a channel number is used again only after RELEASED', t => {
	const {socket, launch} = connect();
	t.is(launch().channel, 1);
	socket.say(frame(Kind.CREATED, 1, [Tag.PID, 1]), frame(Kind.EXITED, 1, [Tag.CODE, 0]));
	t.is(launch().channel, 2);
	socket.say(frame(Kind.RELEASED, 1));
	t.is(launch().channel, 1);
	t.is(launch().channel, 3);
});

test('more channels than the helper takes are refused, and one that is free again is taken', t => {
	const {socket, launch} = connect();
	for (let channel = 1; channel <= Limit.CHANNELS; channel++) {
		launch();
	}

	t.regex(t.throws(() => launch()).message, /^too many containers: one supervisor holds 1024/);
	socket.say(frame(Kind.ERROR, 7, [Tag.STEP, 2]), frame(Kind.RELEASED, 7));
	t.is(launch().channel, 7);
});

test('a plan that can\'t be sent takes no channel and writes nothing', t => {
	const {socket, connection, launch} = connect();
	t.throws(() => launch({start: []}));
	t.throws(() => launch({start: [], streams: {stdin: 'pipe', stdout: 1, stderr: 2}}));
	t.is(connection.size, 0);
	t.is(socket.writes.length, 0);
	t.false(socket.referenced);
	t.is(launch().channel, 1);
});

test('ERROR fails all that is pending with step, operation, path, errno; RELEASED still comes', async t => {
	const {socket, launch} = connect();
	const one = launch({create: [{op: 'pivot'}, {op: 'mount', type: 'nofs', target: '/x'}]});
	const pending = [one.created, one.running, one.exited];
	socket.say(frame(Kind.ERROR, 1, [Tag.STEP, 7], [Tag.INDEX, 1], [Tag.ERRNO, 19], [Tag.PATH, '/x'], [Tag.DETAIL, 'fsopen']));
	for (const promise of pending) {
		const error = await rejection(t, promise);
		t.is(error.message, 'create: mount nofs (operation 1): /x: fsopen: no such device; the kernel has no file system nofs (see /proc/filesystems): load its module, or choose another');
		t.like(error, {step: 'create', op: 'mount', index: 1, path: '/x', errno: 19, code: 'ENODEV', exitCode: 125});
	}

	t.is(one.state, 'failed');
	socket.say(frame(Kind.RELEASED, 1));
	await one.released;
});

test('what was reported before an ERROR stays', async t => {
	const {socket, launch} = connect();
	const one = launch({create: [{op: 'pivot'}]});
	socket.say(frame(Kind.CREATED, 1, [Tag.PID, 5]), frame(Kind.ERROR, 1, [Tag.STEP, 8], [Tag.INDEX, 1], [Tag.ERRNO, 2], [Tag.PATH, 'nope'], [Tag.DETAIL, 'execve']));
	t.is(await one.created, 5);
	t.like(await rejection(t, one.running), {exitCode: 127, op: 'exec', code: 'ENOENT'});
});

test('nobody who listens means no unhandled rejection', async t => {
	const unhandled: unknown[] = [];
	const listen = (reason: unknown): void => {
		unhandled.push(reason);
	};

	process.on('unhandledRejection', listen);
	const {socket, connection, launch} = connect();
	void launch().exited; // Asked for, never awaited.
	launch();
	socket.say(frame(Kind.ERROR, 1, [Tag.STEP, 2], [Tag.ERRNO, 1]));
	connection.fail(new ClocheError('gone'));
	await new Promise(resolve => setTimeout(resolve, 10));
	process.off('unhandledRejection', listen);
	t.deepEqual(unhandled, []);
});

test('when the helper is gone, everything pending fails at once with the reason, and launching fails, too', async t => {
	const {socket, connection, launch} = connect();
	const first = launch();
	const second = launch();
	socket.say(frame(Kind.CREATED, 1, [Tag.PID, 1]), frame(Kind.RUNNING, 1));
	const gone = new ClocheError('nsinit is gone', {why: 'it was killed by SIGKILL (9)'});
	connection.fail(gone);
	for (const promise of [first.exited, first.released, second.created, second.released]) {
		t.is(await rejection(t, promise), gone);
	}

	await first.running;
	t.is(t.throws(() => launch()), gone);
	t.false(socket.referenced);
	t.false(first.signal(9));
});

const breaches: [name: string, events: Buffer[], why: RegExp][] = [
	['an event before HELLO', [frame(Kind.RUNNING, 1)], /its first frame, and only that, is HELLO/],
	['HELLO twice', [hello(), hello()], /its first frame, and only that, is HELLO/],
	['another hash', [hello(1n)], /^nsinit speaks another protocol: version 0\.1\.0 has 0000000000000001, the orchestrator has [\da-f]{16}; build both/],
	['an event on a channel that is not open', [hello(), frame(Kind.RUNNING, 3)], /running on channel 3, which is not open/],
	['an event on channel 0', [hello(), frame(Kind.RUNNING, 0)], /running on channel 0/],
	['ERROR on channel 0', [hello(), frame(Kind.ERROR, 0, [Tag.STEP, 1], [Tag.DETAIL, 'a flag carries bytes'])], /^nsinit refused a frame: a flag carries bytes; this is a defect/],
	['RUNNING before CREATED', [hello(), frame(Kind.RUNNING, 1)], /running on channel 1, which is creating/],
	['CREATED twice', [hello(), frame(Kind.CREATED, 1, [Tag.PID, 1]), frame(Kind.CREATED, 1, [Tag.PID, 1])], /created on channel 1, which is created/],
	['EXITED twice', [hello(), frame(Kind.CREATED, 1, [Tag.PID, 1]), frame(Kind.EXITED, 1, [Tag.CODE, 0]), frame(Kind.EXITED, 1, [Tag.CODE, 0])], /exited on channel 1, which is exited/],
	['RELEASED of what has not ended', [hello(), frame(Kind.CREATED, 1, [Tag.PID, 1]), frame(Kind.RELEASED, 1)], /released on channel 1, which is created/],
	['anything after RELEASED', [hello(), frame(Kind.ERROR, 1, [Tag.STEP, 2]), frame(Kind.RELEASED, 1), frame(Kind.RELEASED, 1)], /released on channel 1, which is not open/],
	['a trace of an operation that is not in the plan', [hello(), frame(Kind.TRACED, 1, [Tag.STEP, 7], [Tag.INDEX, 9], [Tag.NANOSECONDS, 1n])], /a trace of operation 9/],
	['bytes that are no frame', [hello(), Buffer.alloc(12, 0xFF)], /is larger than 65536/],
];

for (const [name, events, why] of breaches) {
	test(`${name} breaks the connection, and everything pending hears why`, async t => {
		const {socket, broken, launch} = connect({greet: false});
		const one = launch({}, {onTrace: () => undefined});
		const two = launch();
		for (const event of events) {
			socket.say(event);
		}

		t.regex((await rejection(t, two.exited)).message, why);
		t.is(broken.length, 1);
		t.regex(t.throws(() => launch()).message, why);
		socket.say(frame(Kind.RUNNING, 1)); // What comes now is not even looked at.
		t.is(broken.length, 1);
		t.is(one.state, 'released');
	});
}

test('signals, sizes and resumes go out while the init lives, and not after', t => {
	const setup = connect();
	const launch = setup.launch({}, {hold: 0, onHeld: () => launch.resume()});
	t.true(launch.signal(15));
	setup.socket.say(frame(Kind.HELD, 1, [Tag.INDEX, 0]));
	t.true(launch.resize(24, 80));
	t.deepEqual(kinds(setup).slice(2), [[Kind.SIGNAL, 1], [Kind.RESUME, 1], [Kind.RESIZE, 1]]);
	setup.socket.say(frame(Kind.CREATED, 1, [Tag.PID, 1]), frame(Kind.EXITED, 1, [Tag.CODE, 0]));
	t.false(launch.signal(15));
	t.false(launch.resize(24, 80));
	t.false(launch.resume());
	t.is(kinds(setup).length, 5);
});

test('traces name the operations of CREATE and START', t => {
	const {socket, launch} = connect();
	const traces: [number, string, number][] = [];
	launch({create: [{op: 'pivot'}]}, {onTrace: ({index, op, nanoseconds}) => traces.push([index, op.op, nanoseconds])});
	socket.say(frame(Kind.TRACED, 1, [Tag.STEP, 7], [Tag.INDEX, 0], [Tag.NANOSECONDS, 11n]), frame(Kind.TRACED, 1, [Tag.STEP, 8], [Tag.INDEX, 1], [Tag.NANOSECONDS, 12n]));
	t.deepEqual(traces, [[0, 'pivot', 11], [1, 'exec', 12]]);
});

test('a warning is heard and ends nothing', t => {
	const {socket, launch} = connect();
	const warnings: string[] = [];
	const one = launch({}, {onWarning: ({message}) => warnings.push(message)});
	socket.say(frame(Kind.WARNING, 1, [Tag.STEP, 11], [Tag.ERRNO, 16], [Tag.PATH, '/run/x'], [Tag.DETAIL, 'rmdir']));
	t.deepEqual(warnings, ['removing what the container left: /run/x: rmdir: device or resource busy']);
	t.is(one.state, 'creating');
});

test('without autoStart, START waits for start(), which may bring other operations, once', t => {
	const setup = connect();
	const launch = setup.launch({}, {autoStart: false});
	t.deepEqual(kinds(setup), [[Kind.CREATE, 1]]);
	launch.start([{op: 'exec', argv: ['/bin/other'], env: []}]);
	t.deepEqual(kinds(setup), [[Kind.CREATE, 1], [Kind.START, 1]]);
	t.is(setup.socket.requests()[1]?.fields[1]?.value, '/bin/other');
	t.throws(() => launch.start(), {message: 'the container is started already'});
	t.throws(() => setup.launch().start(), {message: 'the container is started already'});
});

test('JOIN names the channel of a running container, and is refused for another', t => {
	const setup = connect();
	const target = setup.launch();
	t.regex(t.throws(() => setup.launch({}, {target})).message, /cannot join the container: it is creating, not running/);
	setup.socket.say(frame(Kind.CREATED, 1, [Tag.PID, 1]), frame(Kind.RUNNING, 1));
	setup.launch({}, {target});
	t.like(setup.socket.requests()[2], {kind: Kind.JOIN, channel: 2, fields: [{tag: Tag.TARGET_CHANNEL, value: 1}]});
	setup.socket.say(frame(Kind.EXITED, 1, [Tag.CODE, 0]), frame(Kind.RELEASED, 1));
	t.regex(t.throws(() => setup.launch({}, {target})).message, /cannot join the container: it is released, not running/);
});

/** A pipe between this test and the code under test, which opens its end under /proc/self/fd as it would the helper's. */
const withFifo = (t: ExecutionContext): number => {
	const directory = mkdtempSync(join(tmpdir(), 'cloche-fifo-'));
	const path = join(directory, 'fifo');
	execFileSync('mkfifo', [path]);
	const descriptor = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
	rmSync(directory, {recursive: true});
	t.teardown(() => closeSync(descriptor));
	return descriptor;
};

test('at STREAMS the pipes are opened and START is sent in the same turn', async t => {
	const setup = connect();
	const stdin = withFifo(t);
	const stdout = withFifo(t);
	const launch = setup.launch({streams: {stdin: 'pipe', stdout: 'pipe', stderr: 'null'}});
	t.deepEqual(kinds(setup), [[Kind.CREATE, 1]]);
	t.throws(() => launch.start(), {message: /started already/});
	setup.socket.say(frame(Kind.STREAMS, 1, [Tag.STDIN, stdin], [Tag.STDOUT, stdout]));
	t.deepEqual(kinds(setup), [[Kind.CREATE, 1], [Kind.START, 1]]);

	const ends = await launch.streams;
	t.is(ends.stderr, undefined);
	const {promise, resolve} = withResolver<Buffer>();
	ends.stdout?.once('data', resolve);
	writeSync(stdout, 'out');
	t.is((await promise).toString(), 'out');
	await new Promise(done => ends.stdin?.write('in', done));
	const buffer = Buffer.alloc(8);
	t.is(buffer.toString('utf8', 0, readSync(stdin, buffer)), 'in');
	setup.socket.say(frame(Kind.ERROR, 1, [Tag.STEP, 9]));
	t.true(ends.stdin?.destroyed);
	t.true(ends.stdout?.destroyed);
});

test('a pipe that can\'t be opened fails the launch and kills the init', async t => {
	const setup = connect();
	const launch = setup.launch({streams: {stdin: 0, stdout: withFifo(t), stderr: 'pipe'}});
	// A directory can't be opened for reading and writing as a pipe would be: not what any helper has there.
	const directory = openSync('/', constants.O_RDONLY | constants.O_DIRECTORY);
	t.teardown(() => closeSync(directory));
	setup.socket.say(frame(Kind.STREAMS, 1, [Tag.STDIN, directory]));
	t.like(await rejection(t, launch.exited), {what: 'cannot open the piped streams', step: 'streams', code: 'EISDIR'});
	t.deepEqual(kinds(setup), [[Kind.CREATE, 1], [Kind.SIGNAL, 1]]);
	// What was on its way, and what the kill brings, is no breach.
	setup.socket.say(frame(Kind.CREATED, 1, [Tag.PID, 1]), frame(Kind.ERROR, 1, [Tag.STEP, 9]), frame(Kind.RELEASED, 1));
	await launch.released;
	t.deepEqual(setup.broken, []);
});

test('a pipe that is gone already is explained by the ERROR behind it', async t => {
	const setup = connect();
	const first = setup.launch({streams: {stdin: 0, stdout: 1, stderr: 'pipe'}});
	const second = setup.launch({streams: {stdin: 0, stdout: 1, stderr: 'pipe'}});
	setup.socket.say(frame(Kind.STREAMS, 1, [Tag.STDERR, 4711]), frame(Kind.ERROR, 1, [Tag.STEP, 2], [Tag.ERRNO, 5]), frame(Kind.RELEASED, 1));
	t.is((await rejection(t, first.exited)).message, 'making the container\'s first process and its namespaces: i/o error');
	setup.socket.say(frame(Kind.STREAMS, 2, [Tag.STDERR, 4711]), frame(Kind.EXITED, 2, [Tag.SIGNAL, 9]), frame(Kind.RELEASED, 2));
	t.like(await rejection(t, second.streams), {what: 'cannot open the piped streams', code: 'ENOENT'});
});

const withResolver = <T>(): {promise: Promise<T>; resolve: (value: T) => void} => {
	let resolve: (value: T) => void = () => undefined;
	const promise = new Promise<T>(settle => {
		resolve = settle;
	});
	return {promise, resolve};
};
