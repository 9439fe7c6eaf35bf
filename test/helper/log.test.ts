/** The log: CRI records, whole ones, whatever is written and whatever becomes of the disk. */

import {randomBytes, randomInt} from 'node:crypto';
import {appendFileSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {keep} from './keeper.js';

const directoryFor = (t: ExecutionContext): string => {
	const directory = mkdtempSync(join(tmpdir(), 'cloche-log-'));
	t.teardown(() => rmSync(directory, {recursive: true, force: true}));
	return directory;
};

interface LogRecord {
	stream: string;
	tag: string;
	content: Buffer;
}

const PREFIX = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z (stdout|stderr) ([FP](?::lost=\d+)?) /;

const recordsIn = (t: ExecutionContext, log: Buffer): LogRecord[] => {
	const records: LogRecord[] = [];
	for (let at = 0; at < log.length;) {
		const end = log.indexOf(10, at);
		t.not(end, -1, 'the last record is whole');
		const record = log.subarray(at, end);
		const [prefix, stream = '', tag = ''] = PREFIX.exec(record.subarray(0, 80).toString('latin1')) ?? [];
		t.truthy(prefix, record.subarray(0, 80).toString('latin1'));
		records.push({stream, tag, content: record.subarray(prefix?.length ?? 0)});
		at = end + 1;
	}

	return records;
};

/** What a stream's records say, joined. */
const said = (records: readonly LogRecord[], stream: string): Buffer =>
	Buffer.concat(records.filter(one => one.stream === stream && !one.tag.includes(':')).flatMap(({tag, content}) => tag === 'F' ? [content, Buffer.from('\n')] : [content]));

const filesIn = (directory: string): number[] => readdirSync(join(directory, 'log')).map(name => Number(/^(\d+)\.log$/.exec(name)?.[1])).sort((a, b) => a - b);

const logIn = (directory: string): Buffer => Buffer.concat(filesIn(directory).map(number => readFileSync(join(directory, 'log', `${number}.log`))));

test('lines are F, what is unfinished is P at once, the streams apart; a new run ends an open line only before it says something', t => {
	const directory = directoryFor(t);
	keep(directory, 'open 0 0', [1, 'one\ntw'], [2, 'oops\n'], [1, 'o\n\nthr'], 'end', 'close');
	const short = ({stream, tag, content}: LogRecord): string => `${stream} ${tag} ${content.toString()}`;
	const first = ['stdout F one', 'stdout P tw', 'stderr F oops', 'stdout F o', 'stdout F ', 'stdout P thr'];
	t.deepEqual(recordsIn(t, logIn(directory)).map(one => short(one)), first);
	keep(directory, 'open 0 0', [2, 'again'], 'close');
	t.deepEqual(recordsIn(t, logIn(directory)).map(one => short(one)), [...first, 'stdout F ', 'stderr P again']);
	t.is(statSync(join(directory, 'log')).mode & 0o777, 0o700);
	t.is(statSync(join(directory, 'log/0.log')).mode & 0o777, 0o600);
});

test('bytes come out as they went in: binary ones, lines of every length around 16 KiB, in pieces of any size', t => {
	const directory = directoryFor(t);
	const lines = [0, 1, 16_383, 16_384, 16_385, 32_767, 32_768, 32_769, 70_000].flatMap(length => [Buffer.alloc(length, 'x'), Buffer.from('\n')]);
	const out = Buffer.concat([...lines, randomBytes(3_000_000), ...lines]);
	const error = randomBytes(500_000);
	const pieces: Array<[1 | 2, Uint8Array]> = [];
	for (const [stream, data] of [[1, out], [2, error]] as const) {
		for (let at = 0; at < data.length;) {
			const size = randomInt(1, 100_000);
			pieces.push([stream, data.subarray(at, at + size)]);
			at += size;
		}
	}

	keep(directory, 'open 0 0', ...pieces, 'close');
	const records = recordsIn(t, logIn(directory));
	t.true(said(records, 'stdout').equals(out));
	t.true(said(records, 'stderr').equals(error));
	t.true(records.every(({content}) => content.length <= 16_384));
	const whole = directoryFor(t);
	keep(whole, 'open 0 0', [1, Buffer.concat([Buffer.alloc(16_384, 'x'), Buffer.from('\n'), Buffer.alloc(16_385, 'y'), Buffer.from('\n')])], 'close');
	t.deepEqual(recordsIn(t, logIn(whole)).map(({tag, content}) => [tag, content.length]), [['F', 16_384], ['P', 16_384], ['F', 1]]);
});

test('rotation loses nothing, no file is larger than asked but by one record, and the next supervisor goes on', t => {
	const directory = directoryFor(t);
	const data = Buffer.from(Array.from({length: 100_000}, (_, at) => `line ${at} ${'z'.repeat(at % 200)}\n`).join(''));
	const half = data.length / 2 | 0;
	keep(directory, 'open 1000000 0', [1, data.subarray(0, half)], 'close');
	keep(directory, 'open 1000000 0', [1, data.subarray(half)], 'close');
	const files = filesIn(directory);
	t.true(files.length > 10);
	t.deepEqual(files, files.map((_, at) => at));
	t.true(files.every(number => statSync(join(directory, 'log', `${number}.log`)).size <= 1_000_000));
	// The second supervisor ended the line that the first had left open.
	t.is(said(recordsIn(t, logIn(directory)), 'stdout').length, data.length + 1);
	const large = directoryFor(t);
	keep(large, 'open 100 0', [1, `${'x'.repeat(500)}\ny\nz\n`], 'close');
	t.deepEqual(filesIn(large).map(number => readFileSync(join(large, 'log', `${number}.log`)).length), [541, 84]);
});

test('of so many files the newest are kept', t => {
	const directory = directoryFor(t);
	const data = Buffer.from(Array.from({length: 10_000}, (_, at) => `line ${at}\n`).join(''));
	keep(directory, 'open 10000 3', [1, data], 'close');
	const files = filesIn(directory);
	t.is(files.length, 3);
	t.true((files[0] ?? 0) > 10);
	const kept = said(recordsIn(t, logIn(directory)), 'stdout');
	t.true(kept.equals(data.subarray(-kept.length)));
	keep(directory, 'open 10000 1', [1, data], 'close');
	t.is(filesIn(directory).length, 1);
});

test('part of a record that a killed supervisor left is cut off', t => {
	const directory = directoryFor(t);
	keep(directory, 'open 0 0', [1, 'whole\n'], 'close');
	appendFileSync(join(directory, 'log/0.log'), '2026-11-23T20:00:00.000');
	keep(directory, 'open 0 0', [1, 'next\n'], 'close');
	t.is(said(recordsIn(t, logIn(directory)), 'stdout').toString(), 'whole\nnext\n');
});

test('a directory that vanished: what is written is counted as lost, and told where there is one again', t => {
	const directory = directoryFor(t);
	const stdout = keep(directory, 'open 0 0', [1, 'one\n'], 'lost', 'vanish', [1, 'gone\n'], 'lost', 'appear', [1, 'two\n'], 'lost', 'close').toString();
	t.is(stdout, '0\n5\n5\n');
	const [lost, two] = recordsIn(t, logIn(directory));
	t.like(lost, {stream: 'stderr', tag: 'F:lost=5'});
	t.is(lost?.content.toString(), 'cloche: 5 bytes of output were lost: No such file or directory');
	t.is(two?.content.toString(), 'two');
});

(process.getuid?.() === 0 ? test : test.skip)('a full disk (root): whole records, the rest counted to the byte, and told when there is room again', t => {
	const directory = directoryFor(t);
	const data = Buffer.from(Array.from({length: 20_000}, (_, at) => `line ${at} of many\n`).join(''));
	const lost = Number(keep(directory, 'tmpfs 256k', 'open 0 0', [1, data], 'lost'));
	t.true(lost > 0 && lost < data.length);
	const log = keep(directory, 'tmpfs 4m', 'open 0 0', [2, 'open'], [1, data], 'fill', [1, data], [1, 'and this\n'], 'free', [1, 'after\n'], 'cat log/0.log');
	const records = recordsIn(t, log);
	const kept = said(records, 'stdout').toString();
	t.true(kept.startsWith(data.toString()));
	t.true(kept.endsWith('after\n'));
	t.true(kept.split('\n').every(line => /^(?:line \d+ of many|and this|after|)$/.test(line)));
	const told = records.filter(({tag}) => tag.includes(':'));
	t.is(told.reduce((sum, {tag}) => sum + Number(tag.split('=')[1]), 0) + kept.length, 2 * data.length + 15);
	t.true(told.every(({stream, content}) => stream === 'stderr' && /^cloche: \d+ bytes of output were lost: No space left on device$/.test(content.toString())));
	t.is(said(records, 'stderr').toString(), 'open\n', 'its line ends before the loss is told');
});
