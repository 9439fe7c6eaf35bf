import test from 'ava';
import {ClocheError} from '../../../orchestrator/base/errors.js';
import {FrameDecoder, type Frame, type FieldValue} from '../../../orchestrator/helper/frame-decoder.js';
import {Kind, Limit, Tag, tagTable} from '../../../orchestrator/helper/protocol.js';
import {decode, frame, hello, type FakeField} from './fake.js';

const collect = (decoder: FrameDecoder, ...chunks: Buffer[]): Frame[] => {
	const frames: Frame[] = [];
	for (const chunk of chunks) {
		decoder.push(chunk, one => frames.push(one));
	}

	return frames;
};

const reason = (bytes: Buffer, direction: 'in' | 'out' = 'out'): string => {
	try {
		decode(bytes, direction);
	} catch (error) {
		if (error instanceof ClocheError) {
			return error.why ?? '';
		}

		throw error;
	}

	return 'it was taken';
};

const events = [
	hello(),
	frame(Kind.STREAMS, 3, [Tag.STDIN, 5], [Tag.STDOUT, 7], [Tag.STDERR, 9]),
	frame(Kind.CREATED, 3, [Tag.PID, 4711]),
	frame(Kind.RUNNING, 3),
	frame(Kind.WARNING, 3, [Tag.STEP, 11], [Tag.ERRNO, 16], [Tag.PATH, '/var/lib/ü'], [Tag.DETAIL, 'rmdir']),
	frame(Kind.EXITED, 3, [Tag.CODE, 0], [Tag.USER_TIME, 1n], [Tag.SYSTEM_TIME, 2n], [Tag.MAX_RSS, 3n]),
	frame(Kind.RELEASED, 3),
];
const stream = Buffer.concat(events);

test('a stream of events split in two at every byte gives the same frames', t => {
	const expected = decode(stream, 'out');
	t.is(expected.length, events.length);
	for (let cut = 0; cut <= stream.length; cut++) {
		t.deepEqual(collect(new FrameDecoder(), stream.subarray(0, cut), stream.subarray(cut)), expected);
	}
});

test('a stream of events that comes byte by byte gives the same frames', t => {
	t.deepEqual(collect(new FrameDecoder(), ...Array.from(stream, byte => Buffer.of(byte))), decode(stream, 'out'));
});

test('a stream that ends inside a frame, at any byte, is refused', t => {
	const [bytes = stream] = events;
	for (let cut = 1; cut < bytes.length; cut++) {
		t.is(reason(bytes.subarray(0, cut)), 'the stream ended inside a frame');
	}
});

test('a frame is refused by its header, before its payload is kept or awaited', t => {
	const header = (size: number, kind: number, flags: number): Buffer => {
		const bytes = Buffer.alloc(12);
		bytes.writeUInt32LE(size, 0);
		bytes.writeUInt16LE(kind, 4);
		bytes.writeUInt16LE(flags, 6);
		return bytes;
	};

	t.is(reason(header(Limit.PAYLOAD_OUT + 1, Kind.RUNNING, 0)), 'a frame of 65537 bytes is larger than 65536');
	t.is(reason(header(0xFFFF_FFFF, Kind.RUNNING, 0)), 'a frame of 4294967295 bytes is larger than 65536');
	t.is(reason(header(0, 4711, 0)), 'the frame kind 4711 is unknown or goes the other way');
	t.is(reason(header(0, Kind.CREATE, 0)), 'the frame kind 1 is unknown or goes the other way');
	t.is(reason(header(0, Kind.RUNNING, 0), 'in'), 'the frame kind 67 is unknown or goes the other way');
	t.is(reason(header(0, Kind.RUNNING, 1)), 'a frame\'s flags are not zero');
	t.is(reason(Buffer.from(header(Limit.PAYLOAD_OUT + 1, Kind.RUNNING, 0).subarray(0, 11))), 'the stream ended inside a frame');
});

test('a field is refused by tag, width, length, NUL', t => {
	const patched = (bytes: Buffer, at: number, value: number): Buffer => {
		bytes.writeUInt32LE(value, at);
		return bytes;
	};

	const created = (): Buffer => frame(Kind.CREATED, 1, [Tag.PID, 1]);
	t.is(reason(patched(created(), 12, 0)), 'the field tag 0 is unknown');
	t.is(reason(patched(created(), 12, 127)), 'the field tag 127 is unknown');
	t.is(reason(patched(created(), 12, Tag.PID | 1 << 16)), `the field tag ${Tag.PID | 1 << 16} is unknown`);
	t.is(reason(patched(created(), 16, 5)), 'the field PID is longer than its frame');
	t.is(reason(patched(created(), 16, 0xFFFF_FFFF)), 'the field PID is longer than its frame');
	t.is(reason(patched(created(), 16, 3)), 'the field PID has 3 bytes, not 4');
	t.is(reason(patched(frame(Kind.EXITED, 1, [Tag.MAX_RSS, 1n]), 16, 7)), 'the field MAX_RSS has 7 bytes, not 8');
	t.is(reason(patched(created(), 0, 7)), 'a field\'s header is cut short');
	t.is(reason(frame(Kind.CREATE, 1, [Tag.INIT, true]).fill(0)), 'the frame kind 0 is unknown or goes the other way');

	const path = (text: string): Buffer => frame(Kind.ERROR, 1, [Tag.PATH, text]);
	t.is(reason(path('a\0b')), 'the string PATH doesn\'t end in its only NUL');
	const unterminated = path('ab');
	unterminated[unterminated.length - 1] = 0x63;
	t.is(reason(unterminated), 'the string PATH doesn\'t end in its only NUL');
	const empty = path('');
	t.is(reason(patched(patched(empty.subarray(0, -1), 0, 8), 16, 0)), 'the string PATH doesn\'t end in its only NUL');
});

test('more fields than the protocol allows are refused', t => {
	const fields = Array.from({length: Limit.FIELDS + 1}, (): FakeField => [Tag.ARG, 'a']);
	t.is(reason(frame(Kind.START, 1, ...fields), 'in'), `a frame has more than ${Limit.FIELDS} fields`);
	t.is(reason(frame(Kind.START, 1, ...fields.slice(1)), 'in'), 'it was taken');
});

/** A generator of its own, so that a failure can be run again (mulberry32). */
const random = (seed: number) => (): number => {
	seed = seed + 0x6D2B_79F5 | 0;
	let mixed = Math.imul(seed ^ seed >>> 15, 1 | seed);
	mixed = mixed + Math.imul(mixed ^ mixed >>> 7, 61 | mixed) ^ mixed;
	return ((mixed ^ mixed >>> 14) >>> 0) / 2 ** 32;
};

const TAGS = Object.keys(tagTable).map(Number) as Tag[];
const TEXTS = ['', 'a', '/proc/self', 'ünïcödé', '\uD83C\uDF31 seedling', 'new\nline', 'x'.repeat(5000)];

const randomField = (next: () => number): FakeField => {
	const pick = <V>(list: readonly V[]): V => list[Math.floor(next() * list.length)] as V;
	const tag = pick(TAGS);
	switch (tagTable[tag].type) {
		case 'U32': return [tag, Math.floor(next() * 2 ** 32)];
		case 'U64': return [tag, BigInt.asUintN(64, BigInt(Math.floor(next() * 2 ** 53)) * 4099n)];
		case 'S64': return [tag, -BigInt(Math.floor(next() * 2 ** 53))];
		case 'STR': return [tag, pick(TEXTS)];
		case 'BYTES': return [tag, Uint8Array.from({length: Math.floor(next() * 40)}, () => Math.floor(next() * 256))];
		case 'FLAG': return [tag, true];
	}
};

test('whatever fields are written are read again, in any cutting', t => {
	for (let seed = 1; seed <= 200; seed++) {
		const next = random(seed);
		const fields = Array.from({length: Math.floor(next() * 12)}, () => randomField(next));
		const bytes = Buffer.concat([frame(Kind.CREATE, seed, ...fields), frame(Kind.START, seed)]);
		const cuts = [next(), next()].map(part => Math.floor(part * bytes.length)).sort((a, b) => a - b);
		const chunks = [bytes.subarray(0, cuts[0]), bytes.subarray(cuts[0], cuts[1]), bytes.subarray(cuts[1])];
		const [first, second] = collect(new FrameDecoder('in'), ...chunks);
		t.deepEqual(first?.fields.map(({tag, value}): [Tag, FieldValue] => [tag, value]), fields, `seed ${seed}`);
		t.is(second?.channel, seed);
	}
});

test('random bytes are refused or awaited, and never anything else', t => {
	for (let seed = 1; seed <= 2000; seed++) {
		const next = random(seed);
		const bytes = Buffer.from(Uint8Array.from({length: 40}, () => Math.floor(next() * 256)));
		bytes.writeUInt16LE(Kind.ERROR, 4); // Past the header, now and then.
		bytes.writeUInt16LE(0, 6);
		bytes.writeUInt32LE(28, 0);
		bytes.writeUInt32LE(Math.floor(next() * 70), 12);
		bytes.writeUInt32LE(Math.floor(next() * 25), 16);
		t.notThrows(() => reason(bytes), `seed ${seed}`);
	}
});
