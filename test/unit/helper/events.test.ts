import test from 'ava';
import {readEvent, type HelperEvent} from '../../../orchestrator/helper/events.js';
import {Kind, Tag} from '../../../orchestrator/helper/protocol.js';
import {decode, frame} from './fake.js';

const read = (bytes: Buffer): HelperEvent | undefined => decode(bytes, 'out').map(readEvent)[0];

test('each event carries what its frame does', t => {
	t.deepEqual(read(frame(Kind.HELLO, 0, [Tag.HASH, 0xFEDC_BA98_7654_3210n], [Tag.VERSION, '1.2'], [Tag.PID, 7])), {
		type: 'hello', hash: 0xFEDC_BA98_7654_3210n, version: '1.2', pid: 7,
	});
	t.deepEqual(read(frame(Kind.STREAMS, 1, [Tag.STDOUT, 0])), {type: 'streams', stdin: undefined, stdout: 0, stderr: undefined});
	t.deepEqual(read(frame(Kind.CREATED, 1, [Tag.PID, 9])), {type: 'created', pid: 9});
	t.deepEqual(read(frame(Kind.ERROR, 1, [Tag.STEP, 7], [Tag.INDEX, 2], [Tag.ERRNO, 1], [Tag.PATH, '/p'], [Tag.DETAIL, 'open'])), {
		type: 'error', failure: {step: 7, index: 2, errno: 1, path: '/p', detail: 'open'},
	});
	t.deepEqual(read(frame(Kind.EXITED, 1, [Tag.SIGNAL, 9], [Tag.USER_TIME, 10], [Tag.SYSTEM_TIME, 20], [Tag.MAX_RSS, 30])), {
		type: 'exited', exit: {signal: 9, userTime: 10, systemTime: 20, maxRss: 30},
	});
	t.deepEqual(read(frame(Kind.EXITED, 1, [Tag.CODE, 0], [Tag.MEMORY_PEAK, 5_000_000_000], [Tag.OOM_KILLED, true], [Tag.AGAIN, true])), {
		type: 'exited', exit: {code: 0, userTime: 0, systemTime: 0, maxRss: 0, memoryPeak: 5_000_000_000, oomKilled: true, again: true},
	});
	t.deepEqual(read(frame(Kind.OUTPUT, 1, [Tag.STREAM, 2], [Tag.DATA, Buffer.from('a\0')])), {type: 'output', stream: 2, data: Buffer.from('a\0'), lost: 0});
	t.deepEqual(read(frame(Kind.OUTPUT, 1, [Tag.STREAM, 0], [Tag.LOST, 7])), {type: 'output', stream: 0, lost: 7});
	t.deepEqual(read(frame(Kind.REPORT, 1, [Tag.PID, 5], [Tag.RESTARTS, 2], [Tag.LOST, 7])), {type: 'report', report: {pid: 5, restarts: 2, lost: 7}});
	t.deepEqual(read(frame(Kind.TRACED, 1, [Tag.STEP, 7], [Tag.INDEX, 4], [Tag.NANOSECONDS, 5n])), {type: 'traced', step: 7, index: 4, nanoseconds: 5});
	t.deepEqual(read(frame(Kind.HELD, 1, [Tag.INDEX, 4])), {type: 'held', index: 4});
});

test('a field too many, twice, or missing is refused by name', t => {
	const why = (bytes: Buffer): string => t.throws(() => read(bytes)).message;
	t.regex(why(frame(Kind.RUNNING, 1, [Tag.PID, 1])), /RUNNING has a field PID that means nothing there/);
	t.regex(why(frame(Kind.CREATED, 1, [Tag.PID, 1], [Tag.PID, 2])), /CREATED has a field PID twice/);
	t.regex(why(frame(Kind.CREATED, 1)), /CREATED lacks the field PID/);
	t.regex(why(frame(Kind.EXITED, 1)), /EXITED needs a code or a signal/);
	t.regex(why(frame(Kind.EXITED, 1, [Tag.CODE, 1], [Tag.SIGNAL, 1])), /EXITED needs a code or a signal/);
});
