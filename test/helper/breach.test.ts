/**
 * The helper treats its peer as hostile: whatever breaks the protocol gets ERROR on channel 0 with the reason, and the helper
 * ends with every container it has. What may merely have crossed the end of a container is no breach.
 */

import {existsSync} from 'node:fs';
import test, {type ExecutionContext} from 'ava';
import {encodeCreateAndStart, encodeResize, encodeResume, encodeSignal, encodeStart} from '../../orchestrator/helper/encode.js';
import {Flag, Kind, Limit, Op, Step, Stream, Tag} from '../../orchestrator/helper/protocol.js';
import {fullPlan, marked} from './full-plan.js';
import {Raw, valueOf} from './raw.js';
import {privileges} from './support.js';

const [privilege = 'rootless'] = privileges;

const field = (tag: number, bytes: Uint8Array, {zero = 0, length = bytes.length} = {}): Buffer => {
	const head = Buffer.alloc(8);
	head.writeUInt16LE(tag, 0);
	head.writeUInt16LE(zero, 2);
	head.writeUInt32LE(length, 4);
	return Buffer.concat([head, bytes]);
};

const u32 = (tag: Tag, value: number): Buffer => {
	const bytes = Buffer.alloc(4);
	bytes.writeUInt32LE(value);
	return field(tag, bytes);
};

const string = (tag: Tag, text: string): Buffer => field(tag, Buffer.from(`${text}\0`));

interface Head {
	channel?: number;
	flags?: number;
	size?: number;
}

const frame = (kind: number, fields: Buffer[] = [], {channel = 1, flags = 0, size}: Head = {}): Buffer => {
	const payload = Buffer.concat(fields);
	const head = Buffer.alloc(12);
	head.writeUInt32LE(size ?? payload.length, 0);
	head.writeUInt16LE(kind, 4);
	head.writeUInt16LE(flags, 6);
	head.writeUInt32LE(channel, 8);
	return Buffer.concat([head, payload]);
};

const streams = [Tag.STDIN, Tag.STDOUT, Tag.STDERR].map(tag => u32(tag, Stream.NULL));
const create = (fields: Buffer[] = [], head: Head = {}): Buffer => frame(Kind.CREATE, [...streams, ...fields], head);
const op = (kind: number, ...fields: Buffer[]): Buffer[] => [u32(Tag.OP, kind), ...fields];
const exec = op(Op.EXEC, string(Tag.ARG, '/bin/true'));
const start = (fields: Buffer[], head: Head = {}): Buffer => frame(Kind.START, fields, head);

/** A running container on channel 1, which ends with the helper. */
const run = async (t: ExecutionContext, raw: Raw): Promise<string> => {
	const plan = marked(fullPlan(t, privilege, ['/probe', 'sleep-forever'], {streams: {stdin: 'null', stdout: 'null', stderr: 'null'}}), raw.helper.mark);
	raw.helper.socket.write(encodeCreateAndStart(1, plan));
	await raw.until(({kind}) => kind === Kind.RUNNING);
	return plan.state;
};

const LONG = 'x'.repeat(Limit.PATH);

const breaches: Record<string, [bytes: Buffer | Buffer[], why: RegExp]> = {
	'a payload larger than allowed': [frame(Kind.CREATE, [], {size: Limit.PAYLOAD_IN + 1}), /larger than the protocol allows/],
	'a payload of 4 GiB': [frame(Kind.CREATE, [], {size: 0xFFFF_FFFF}), /larger than the protocol allows/],
	'a kind that is none': [frame(32), /kind is unknown/],
	'a kind of 0': [frame(0), /kind is unknown/],
	'a kind that goes the other way': [frame(Kind.EXITED), /goes the other way/],
	'flags in a header': [create([], {flags: 1}), /flags are not zero/],
	'a tag that is none': [create([field(127, Buffer.alloc(4))]), /tag is unknown/],
	'a tag of 0': [create([field(0, Buffer.alloc(4))]), /tag is unknown/],
	'a tag of 65535': [create([field(0xFFFF, Buffer.alloc(4))]), /tag is unknown/],
	'a field\'s header that is cut': [create([Buffer.from([1, 0, 0, 0])]), /header is cut short/],
	'a field longer than its frame': [create([field(Tag.OP, Buffer.alloc(4), {length: 5})]), /longer than its frame/],
	'a field of 4 GiB': [create([field(Tag.DATA, Buffer.alloc(4), {length: 0xFFFF_FFFF})]), /longer than its frame/],
	'a field\'s reserved bytes': [create([field(Tag.HOLD, Buffer.alloc(4), {zero: 1})]), /reserved bytes/],
	'a 32-bit value of 3 bytes': [create([field(Tag.HOLD, Buffer.alloc(3))]), /not 4 bytes/],
	'a 32-bit value of 8 bytes': [create([field(Tag.HOLD, Buffer.alloc(8))]), /not 4 bytes/],
	'a 64-bit value of 4 bytes': [create([field(Tag.NAMESPACES, Buffer.alloc(4))]), /not 8 bytes/],
	'a flag with bytes': [create([field(Tag.INIT, Buffer.alloc(1))]), /flag carries bytes/],
	'a string without NUL': [create([field(Tag.REMOVE, Buffer.from('/x'))]), /only NUL/],
	'a string with a NUL inside': [create([field(Tag.REMOVE, Buffer.from('/x\0y\0'))]), /only NUL/],
	'an empty string field': [create([field(Tag.REMOVE, Buffer.alloc(0))]), /only NUL/],
	'a path past PATH_MAX': [create([string(Tag.REMOVE, LONG)]), /longer than PATH_MAX/],
	'a path of an operation past PATH_MAX': [create(op(Op.MKDIR, string(Tag.TARGET, LONG))), /longer than PATH_MAX/],
	'more fields than allowed': [create(Array.from({length: Limit.FIELDS}, () => string(Tag.REMOVE, ''))), /more fields/],
	'a full payload of empty fields': [create(Array.from({length: (Limit.PAYLOAD_IN - 64) / 8 | 0}, () => field(Tag.INIT, Buffer.alloc(0)))), /more fields/],
	'CREATE without streams': [frame(Kind.CREATE), /needed is missing/],
	'a stream twice': [create([u32(Tag.STDIN, Stream.NULL)]), /repeated/],
	'a field of another kind': [create([u32(Tag.SIGNAL, 9)]), /no meaning/],
	'an event\'s field': [create([u32(Tag.PID, 9)]), /no meaning/],
	'an operation\'s field before any operation': [create([string(Tag.TARGET, '/')]), /no meaning/],
	'an operation that is none': [create(op(99)), /operation is unknown/],
	'operation 0': [create(op(0)), /operation is unknown/],
	'an operation past 16 bits': [create(op(0x1_0001)), /operation is unknown/],
	'an operation of START in CREATE': [create(exec), /wrong phase/],
	'an operation of CREATE in START': [[create(), start([...op(Op.PIVOT), ...exec])], /wrong phase/],
	'an operation without what it needs': [create(op(Op.MKDIR)), /needed is missing/],
	'an operation with what it can\'t have': [create(op(Op.PIVOT, string(Tag.TARGET, '/'))), /no meaning/],
	'an operation\'s field twice': [create(op(Op.MKDIR, string(Tag.TARGET, '/a'), string(Tag.TARGET, '/b'))), /repeated/],
	'a console without a terminal': [create(op(Op.CONSOLE, string(Tag.TARGET, '/dev/console'))), /need each other/],
	'a terminal without a console': [create([field(Tag.TERMINAL, Buffer.alloc(0))]), /need each other/],
	'START without exec': [[create(), start(op(Op.NO_NEW_PRIVS))], /doesn't end in exec/],
	'START without anything': [[create(), start([])], /doesn't end in exec/],
	'START with a field before its operations': [[create(), start([u32(Tag.SIGNAL, 1), ...exec])], /no meaning/],
	'operations after exec': [[create(), start([...exec, ...op(Op.NO_NEW_PRIVS)])], /after exec/],
	'exec without a word': [[create(), start(op(Op.EXEC))], /needed is missing/],
	'capabilities without credentials': [[create(), start([
		...op(Op.CAPABILITIES, ...[Tag.BOUNDING, Tag.PERMITTED, Tag.INHERITABLE, Tag.AMBIENT].map(tag => field(tag, Buffer.alloc(8)))), ...exec,
	])], /CREDENTIALS, which are missing/],
	'a second START': [[create([u32(Tag.HOLD, 0), ...op(Op.MKDIR, string(Tag.TARGET, '/'))], {channel: 2}), start(exec, {channel: 2}), start(exec, {channel: 2})], /START came twice/],
	'CREATE on channel 0': [create([], {channel: 0}), /channel's number is taken/],
	'START on channel 0': [start(exec, {channel: 0}), /channel 0/],
	'SIGNAL on channel 0': [frame(Kind.SIGNAL, [u32(Tag.SIGNAL, 9)], {channel: 0}), /channel 0/],
	'CREATE on a channel in use': [create(), /channel's number is taken/],
	'SIGNAL without a signal': [frame(Kind.SIGNAL), /needed is missing/],
	'RESIZE with half a size': [frame(Kind.RESIZE, [u32(Tag.ROWS, 1)]), /needed is missing/],
	'RESUME with a field': [frame(Kind.RESUME, [u32(Tag.SIGNAL, 1)]), /no meaning/],
	'an operation in SIGNAL': [frame(Kind.SIGNAL, [u32(Tag.SIGNAL, 9), ...exec]), /wrong phase/],
	'a parent\'s pid without its start': [create([u32(Tag.PARENT_PID, 1)]), /PARENT_PID and PARENT_START need each other/],
	'a parent\'s start without its pid': [create([field(Tag.PARENT_START, Buffer.alloc(8))]), /PARENT_PID and PARENT_START need each other/],
	'a parent\'s pid without its start, in JOIN': [frame(Kind.JOIN, [...streams, u32(Tag.TARGET_CHANNEL, 1), u32(Tag.PARENT_PID, 1)], {channel: 2}), /PARENT_PID and PARENT_START need each other/],
	'two parents': [create([u32(Tag.PARENT_PID, 1), u32(Tag.PARENT_PID, 2), field(Tag.PARENT_START, Buffer.alloc(8))]), /repeated/],
	'a presence past PATH_MAX': [create([string(Tag.PRESENCE, LONG)]), /longer than PATH_MAX/],
	'a presence in START': [[create(), start([string(Tag.PRESENCE, '/x'), ...exec])], /no meaning/],
	'an operation\'s own parent': [create(op(Op.ENDPOINT, string(Tag.VALUE, 'eth0'), string(Tag.PEER, 'v0'), u32(Tag.PARENT_PID, 1))), /no meaning/],
	'LINKS without one': [frame(Kind.LINKS, [u32(Tag.TARGET_CHANNEL, 1)], {channel: 2}), /LINKS without one/],
	'LINKS without a target': [frame(Kind.LINKS, op(Op.ENDPOINT, string(Tag.VALUE, 'eth0'), string(Tag.PEER, 'v0')), {channel: 2}), /one of TARGET_CHANNEL and TARGET_PID/],
	'another operation in LINKS': [frame(Kind.LINKS, [u32(Tag.TARGET_CHANNEL, 1), ...op(Op.LINK_DELETE, string(Tag.VALUE, 'eth0'))], {channel: 2}), /wrong phase/],
	'LINKS on channel 0': [frame(Kind.LINKS, [u32(Tag.TARGET_CHANNEL, 1), ...op(Op.ENDPOINT, string(Tag.VALUE, 'eth0'), string(Tag.PEER, 'v0'))], {channel: 0}), /channel's number is taken/],
	'JOIN without a target': [frame(Kind.JOIN, streams, {channel: 2}), /one of TARGET_CHANNEL and TARGET_PID/],
};

for (const [name, [bytes, why]] of Object.entries(breaches)) {
	test(`${name}: ERROR on channel 0, and the helper ends with all it has`, async t => {
		const raw = new Raw(t, privilege);
		const state = await run(t, raw);
		// START of another channel than the running one, where the case has both.
		const sent = Array.isArray(bytes) ? bytes.map(one => onChannel(one, 2)) : [bytes];
		raw.helper.socket.write(Buffer.concat(sent));
		t.is(await raw.helper.ended, 'status 0');
		const error = raw.frames.find(({kind, channel}) => kind === Kind.ERROR && channel === 0);
		t.truthy(error, 'no ERROR on channel 0');
		if (error !== undefined) {
			t.is(valueOf(error, Tag.STEP), Step.FRAME);
			t.regex(String(valueOf(error, Tag.DETAIL)), why);
		}

		await raw.helper.gone();
		t.false(existsSync(state));
	});
}

const onChannel = (bytes: Buffer, channel: number): Buffer => {
	const copy = Buffer.from(bytes);
	copy.writeUInt32LE(channel, 8);
	return copy;
};

test('a socket that ends in the middle of a frame is an end, not a breach', async t => {
	const raw = new Raw(t, privilege);
	const state = await run(t, raw);
	const whole = create([], {channel: 2});
	raw.helper.socket.end(whole.subarray(0, whole.length - 3));
	t.is(await raw.helper.ended, 'status 0');
	t.false(raw.frames.some(({kind}) => kind === Kind.ERROR));
	await raw.helper.gone();
	t.false(existsSync(state));
});

test('frames are taken whole however they are cut', async t => {
	const raw = new Raw(t, privilege);
	const {state, ...plan} = marked(fullPlan(t, privilege, ['/probe', 'exit', '3'], {streams: {stdin: 'null', stdout: 'null', stderr: 'null'}}), raw.helper.mark);
	for (const byte of encodeCreateAndStart(1, plan)) {
		await new Promise(done => raw.helper.socket.write(Buffer.from([byte]), done));
	}

	t.is(valueOf(await raw.until(({kind}) => kind === Kind.EXITED), Tag.CODE), 3);
	await raw.until(({kind}) => kind === Kind.RELEASED);
	t.false(existsSync(state));
});

test('what may have crossed a container\'s end is ignored: frames to a channel that isn\'t there', async t => {
	const raw = new Raw(t, privilege);
	await run(t, raw);
	raw.helper.socket.write(Buffer.concat([
		encodeStart(77, [{op: 'exec', argv: ['/bin/true'], env: []}]), encodeSignal(77, 9), encodeResize(77, 1, 1), encodeResume(77),
	]));
	const plan = fullPlan(t, privilege, ['/probe', 'exit', '0'], {streams: {stdin: 'null', stdout: 'null', stderr: 'null'}});
	raw.helper.socket.write(encodeCreateAndStart(2, plan));
	await raw.until(({kind, channel}) => kind === Kind.RELEASED && channel === 2);
	t.false(raw.frames.some(({kind}) => kind === Kind.ERROR));
});

test('a START or RESUME that doesn\'t fit the init\'s state fails that channel alone', async t => {
	const raw = new Raw(t, privilege);
	await run(t, raw);
	raw.helper.socket.write(Buffer.concat([create([], {channel: 2}), frame(Kind.RESUME, [], {channel: 2})]));
	const error = await raw.until(({kind}) => kind === Kind.ERROR);
	t.is(error.channel, 2);
	t.is(valueOf(error, Tag.STEP), Step.FRAME);
	t.regex(String(valueOf(error, Tag.DETAIL)), /out of order/);
	await raw.until(({kind, channel}) => kind === Kind.RELEASED && channel === 2);
});

for (const [name, streams] of Object.entries({
	'the control socket': [3, Stream.NULL, Stream.NULL], 'one that isn\'t open': [Stream.NULL, 900, Stream.NULL], 'one of the helper\'s own': [Stream.NULL, Stream.NULL, 5],
})) {
	test(`a stream that was not lent, ${name}, is refused`, async t => {
		const raw = new Raw(t, privilege);
		raw.helper.socket.write(frame(Kind.CREATE, [Tag.STDIN, Tag.STDOUT, Tag.STDERR].map((tag, index) => u32(tag, streams[index] ?? 0))));
		const error = await raw.until(({kind}) => kind === Kind.ERROR);
		t.is(error.channel, 1);
		t.is(valueOf(error, Tag.STEP), Step.STREAMS);
		t.regex(String(valueOf(error, Tag.DETAIL)), /not a descriptor that was lent/);
		await raw.until(({kind}) => kind === Kind.RELEASED);
	});
}

test('one channel more than the protocol allows is a breach; those there are end', async t => {
	const raw = new Raw(t, privilege);
	for (let channel = 1; channel <= Limit.CHANNELS; channel++) {
		raw.helper.socket.write(create([], {channel}));
	}

	await raw.until(({kind, channel}) => kind === Kind.CREATED && channel === Limit.CHANNELS);
	raw.helper.socket.write(create([], {channel: Limit.CHANNELS + 1}));
	t.is(await raw.helper.ended, 'status 0');
	const error = raw.frames.find(({kind}) => kind === Kind.ERROR);
	t.is(error?.channel, 0);
	t.regex(String(error === undefined ? '' : valueOf(error, Tag.DETAIL)), /more channels/);
	await raw.helper.gone();
});

test('a payload of exactly the limit is taken', async t => {
	const raw = new Raw(t, privilege);
	await run(t, raw);
	const data = (size: number): Buffer => create([...op(Op.FILE, string(Tag.TARGET, '/nowhere/at/all'), u32(Tag.FLAGS, Flag.NO_SYMLINKS), field(Tag.DATA, Buffer.alloc(size)))], {channel: 2});
	const size = Limit.PAYLOAD_IN - (data(0).length - 12);
	t.is(data(size).readUInt32LE(0), Limit.PAYLOAD_IN);
	// No mount namespace here, so it must fail before it writes: the stream is refused first.
	const refused = data(size);
	refused.writeUInt32LE(900, 12 + 8);
	raw.helper.socket.write(refused);
	const error = await raw.until(({kind}) => kind === Kind.ERROR);
	t.is(error.channel, 2);
	t.is(valueOf(error, Tag.STEP), Step.STREAMS);
});
