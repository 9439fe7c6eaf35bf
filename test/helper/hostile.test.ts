/** The helper may run with privilege, so it treats whoever speaks to it as hostile. */

import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {Duplex} from 'node:stream';
import test, {type ExecutionContext} from 'ava';
import {readEvent, type HelperEvent} from '../../orchestrator/helper/events.js';
import {FrameDecoder} from '../../orchestrator/helper/frame-decoder.js';
import {Kind, Limit, Op, Stream, Tag} from '../../orchestrator/helper/protocol.js';
import {frame, type FakeField} from '../unit/helper/fake.js';
import {goldenBytes} from '../unit/helper/golden.js';
import {nsinit} from './support.js';

interface Outcome {
	/** What it said on channel 0, if it said so. */
	refusal: string | undefined;
	events: HelperEvent['type'][];
	code: number | null;
	signal: NodeJS.Signals | null;
}

const socketOf = (t: ExecutionContext, child: ChildProcess): Duplex => {
	const socket = child.stdio[3];
	return socket instanceof Duplex ? socket : t.fail('no socket');
};

/** Say `bytes` to a fresh helper, close the socket if `end`, and wait for its end. */
const say = async (t: ExecutionContext, bytes: Buffer, {end = true, nobody = false} = {}): Promise<Outcome> => {
	const child = spawn(nsinit, [], {stdio: ['ignore', 'ignore', 'inherit', 'pipe'], env: {}, ...(nobody ? {uid: 65_534, gid: 65_534} : {})});
	const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
	const socket = socketOf(t, child);
	const decoder = new FrameDecoder();
	const events: HelperEvent['type'][] = [];
	let refusal: string | undefined;
	socket.on('error', () => undefined); // It may close while we still write.
	socket.on('data', (chunk: Buffer) => {
		decoder.push(chunk, one => {
			const event = readEvent(one);
			events.push(event.type);
			if (one.channel === 0 && event.type === 'error') {
				refusal = event.failure.detail;
			}
		});
	});
	socket.write(bytes);
	if (end) {
		socket.end();
	}

	const [code, signal] = await closed;
	return {refusal, events, code, signal};
};

const header = (size: number, kind: number, flags = 0, channel = 1): Buffer => {
	const bytes = Buffer.alloc(12);
	bytes.writeUInt32LE(size, 0);
	bytes.writeUInt16LE(kind, 4);
	bytes.writeUInt16LE(flags, 6);
	bytes.writeUInt32LE(channel, 8);
	return bytes;
};

const patched = (bytes: Buffer, at: number, value: number): Buffer => {
	bytes.writeUInt32LE(value, at);
	return bytes;
};

const STREAMS: FakeField[] = [[Tag.STDIN, Stream.NULL], [Tag.STDOUT, Stream.NULL], [Tag.STDERR, Stream.NULL]];
const CREATE = frame(Kind.CREATE, 1, ...STREAMS);
const signal = (): Buffer => frame(Kind.SIGNAL, 1, [Tag.SIGNAL, 15]);

const refused: [name: string, bytes: Buffer, why: RegExp][] = [
	['a frame past the limit', header(Limit.PAYLOAD_IN + 1, Kind.CREATE), /larger than the protocol allows/],
	['a frame of 4 GiB', header(0xFFFF_FFFF, Kind.CREATE), /larger than the protocol allows/],
	['an unknown kind', header(0, 4711), /kind is unknown or goes the other way/],
	['an event', header(0, Kind.RUNNING), /kind is unknown or goes the other way/],
	['flags', header(0, Kind.RESUME, 1), /flags are not zero/],
	['an unknown tag', patched(signal(), 12, 0), /tag is unknown/],
	['a tag past the table', patched(signal(), 12, 127), /tag is unknown/],
	['reserved bytes', patched(signal(), 12, Tag.SIGNAL | 1 << 16), /reserved bytes are not zero/],
	['a field longer than its frame', patched(signal(), 16, 5), /longer than its frame/],
	['a field of 4 GiB', patched(signal(), 16, 0xFFFF_FFFF), /longer than its frame/],
	['a number of 3 bytes', patched(signal(), 16, 3), /32-bit field is not 4 bytes/],
	['a field\'s header cut short', Buffer.concat([header(7, Kind.SIGNAL), Buffer.alloc(7)]), /header is cut short/],
	['too many fields', frame(Kind.START, 1, ...Array.from({length: Limit.FIELDS + 1}, (): FakeField => [Tag.ARG, 'a'])), /more fields than the protocol allows/],
	['CREATE without streams', frame(Kind.CREATE, 1), /a field that is needed is missing/],
	['CREATE on channel 0', frame(Kind.CREATE, 0, ...STREAMS), /channel's number is taken/],
	['CREATE twice', Buffer.concat([CREATE, CREATE]), /channel's number is taken/],
	['a field that means nothing there', frame(Kind.SIGNAL, 1, [Tag.SIGNAL, 15], [Tag.ROWS, 1]), /no meaning/],
	['a field twice', frame(Kind.SIGNAL, 1, [Tag.SIGNAL, 15], [Tag.SIGNAL, 9]), /may stand once is repeated/],
	['an unknown operation', frame(Kind.CREATE, 1, ...STREAMS, [Tag.OP, 4711]), /operation is unknown/],
	['an operation past 16 bits', frame(Kind.CREATE, 1, ...STREAMS, [Tag.OP, 0x1_0000 + Op.PIVOT]), /operation is unknown/],
	['an operation in the wrong phase', frame(Kind.CREATE, 1, ...STREAMS, [Tag.OP, Op.NO_NEW_PRIVS]), /wrong phase/],
	['an operation that lacks a field', frame(Kind.CREATE, 1, ...STREAMS, [Tag.OP, Op.HOSTNAME]), /a field that is needed is missing/],
	['a path past PATH_MAX', frame(Kind.CREATE, 1, ...STREAMS, [Tag.OP, Op.MKDIR], [Tag.TARGET, '/'.repeat(4096)]), /longer than PATH_MAX/],
	['START without exec', Buffer.concat([CREATE, frame(Kind.START, 1)]), /doesn't end in exec/],
	['START with something after exec', Buffer.concat([CREATE, frame(Kind.START, 1, [Tag.OP, Op.EXEC], [Tag.ARG, 'a'], [Tag.OP, Op.NO_NEW_PRIVS])]), /after exec/],
	['a string with a NUL inside', patched(frame(Kind.CREATE, 1, ...STREAMS, [Tag.REMOVE, 'abcdefgh']), 12 + 3 * 12 + 8, 0), /doesn't end in its only NUL/],
];

for (const [name, bytes, why] of refused) {
	test(`${name} is refused with its reason, and the helper ends by itself`, async t => {
		const {refusal, code, signal: killed} = await say(t, bytes, {end: false});
		t.regex(refusal ?? '', why);
		t.is(killed, null);
		t.is(code, 0);
	});
}

test('frames for a channel that is not there are passed over: its RELEASED may have crossed them', async t => {
	const {events, code} = await say(t, Buffer.concat([signal(), frame(Kind.RESUME, 9), frame(Kind.RESIZE, 9, [Tag.ROWS, 1], [Tag.COLUMNS, 1]), goldenBytes('start')]));
	t.deepEqual(events, ['hello']);
	t.is(code, 0);
});

test('a golden CREATE that ends anywhere makes nothing, and the helper ends', async t => {
	const bytes = goldenBytes('create');
	for (let cut = 0; cut < bytes.length; cut += 97) {
		t.like(await say(t, bytes.subarray(0, cut)), {events: ['hello'], code: 0, signal: null});
	}
});

test('whatever bytes come, the helper is not killed by them', async t => {
	let seed = 4711;
	const next = (): number => (seed = Math.imul(seed, 1_103_515_245) + 12_345 >>> 0) >>> 16;
	for (let round = 0; round < 60; round++) {
		const bytes = Buffer.from(goldenBytes(['join', 'start', 'signal', 'resize'][round % 4] ?? 'join'));
		for (let flips = 0; flips < 1 + round % 5; flips++) {
			bytes[next() % bytes.length] = next() & 0xFF;
		}

		// As nobody, since what these bytes ask for is anyone's guess.
		const {signal: killed} = await say(t, bytes, {nobody: process.getuid?.() === 0});
		t.is(killed, null, `round ${round}: ${bytes.toString('hex')}`);
	}
});
