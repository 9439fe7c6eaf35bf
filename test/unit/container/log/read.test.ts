import {spawn} from 'node:child_process';
import {appendFileSync, mkdirSync, mkdtempSync, readlinkSync, rmSync, symlinkSync, truncateSync, unlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {ClocheError} from '../../../../orchestrator/base/errors.js';
import {formatIdentity, identify} from '../../../../orchestrator/base/process.js';
import {type LogOptions, readLog} from '../../../../orchestrator/container/log/read.js';
import type {LogRecord} from '../../../../orchestrator/container/log/record.js';
import {makeRoots, type StateRoots} from '../../../../orchestrator/container/store/roots.js';

const ID = 'logged000000';

interface Place {
	roots: StateRoots;
	log: string;
}

/** A state root with one detached container that has a log, and nobody who answers for it. */
const place = (t: ExecutionContext): Place => {
	const data = mkdtempSync(join(tmpdir(), 'cloche-test-'));
	t.teardown(() => {
		rmSync(data, {recursive: true, force: true});
	});
	const roots = {data, run: join(data, 'run')};
	makeRoots(roots);
	const directory = join(data, 'containers', ID);
	mkdirSync(join(directory, 'log'), {recursive: true});
	const record = {version: 1, id: ID, name: 'logged', image: 'busybox', lowers: [], driver: 'overlay', command: ['true'], keep: true, created: '2026-11-23T00:00:00.000Z', detached: true};
	writeFileSync(join(directory, 'record.json'), JSON.stringify(record));
	return {roots, log: join(directory, 'log')};
};

let second = 0;
const stamp = (): string => `2026-11-23T12:00:${String(second++ % 60).padStart(2, '0')}.000000001Z`;

const line = (stream: 'stdout' | 'stderr', text: string | Buffer, tag = 'F', time = stamp()): Buffer =>
	Buffer.concat([Buffer.from(`${time} ${stream} ${tag} `), Buffer.from(text), Buffer.from('\n')]);

const all = async (roots: StateRoots, options: LogOptions = {}): Promise<LogRecord[]> => {
	const records: LogRecord[] = [];
	for await (const record of readLog(roots, ID, options)) {
		records.push(record);
	}

	return records;
};

const bytes = (records: readonly LogRecord[], stream?: string): Buffer => Buffer.concat(records.filter(record => stream === undefined || record.stream === stream).map(({data}) => data));

/** `undefined` at the end. */
const next = async (records: AsyncGenerator<LogRecord, void>): Promise<LogRecord | undefined> => (await records.next()).value ?? undefined;

const text = async (roots: StateRoots, options: LogOptions = {}): Promise<string> => bytes(await all(roots, options)).toString();

test('what was written is what is read: binary bytes, long lines, lines that aren\'t ended, both streams', async t => {
	const {roots, log} = place(t);
	const binary = Buffer.from([...Array(256).keys()].filter(byte => byte !== 10));
	const long = Buffer.alloc(16_384, 'x');
	writeFileSync(join(log, '0.log'), Buffer.concat([
		line('stdout', binary), line('stderr', 'wrong'), line('stdout', long, 'P'), line('stdout', long, 'P'), line('stdout', 'end'), line('stdout', ''), line('stdout', 'open', 'P'),
	]));
	const records = await all(roots);
	t.deepEqual(bytes(records, 'stdout'), Buffer.concat([binary, Buffer.from('\n'), long, long, Buffer.from('end\n\nopen')]));
	t.is(bytes(records, 'stderr').toString(), 'wrong\n');
	t.deepEqual(records.map(({partial}) => partial), [false, false, true, true, false, false, true]);
	t.regex(records[0]?.time ?? '', /^2026-11-23T12:00:\d\d\.000000001Z$/);
});

test('lost bytes are told of', async t => {
	const {roots, log} = place(t);
	writeFileSync(join(log, '0.log'), Buffer.concat([line('stdout', 'a'), line('stderr', 'cloche: 42 bytes of output were lost: No space left on device', 'F:lost=42')]));
	const [, lost] = await all(roots);
	t.is(lost?.lost, 42);
	t.is(lost?.data.toString(), 'cloche: 42 bytes of output were lost: No space left on device\n');
});

test('files are read in the order of their numbers, more than a buffer of them, and what isn\'t whole isn\'t read', async t => {
	const {roots, log} = place(t);
	const expected: string[] = [];
	for (let number = 8; number < 12; number++) {
		const lines = Array.from({length: 20_000}, (_, index) => `line ${number} ${index}`);
		expected.push(...lines);
		writeFileSync(join(log, `${number}.log`), Buffer.concat(lines.map(each => line('stdout', each, 'F', '2026-11-23T12:00:00.000000001Z'))));
	}

	appendFileSync(join(log, '11.log'), '2026-11-23T12:00:00.000000001Z stdout F torn');
	t.true(await text(roots) === `${expected.join('\n')}\n`);
	t.is(await text(roots, {tail: 3}), `${expected.slice(-3).join('\n')}\n`);
	t.true(await text(roots, {tail: 30_000}) === `${expected.slice(-30_000).join('\n')}\n`);
	t.true(await text(roots, {tail: 1_000_000}) === `${expected.join('\n')}\n`);
	t.is(await text(roots, {tail: 0}), '');
});

test('the tail counts lines, not records, and has each whole', async t => {
	const {roots, log} = place(t);
	writeFileSync(join(log, '0.log'), Buffer.concat([
		line('stdout', 'first'), line('stdout', 'one ', 'P'), line('stderr', 'between'), line('stderr', 'be', 'P'), line('stdout', 'line'), line('stderr', 'gun'), line('stdout', 'open', 'P'),
	]));
	t.is(await text(roots, {tail: 1}), 'open');
	t.is(await text(roots, {tail: 2}), 'begun\nopen');
	t.is(await text(roots, {tail: 3}), 'one beline\ngun\nopen');
	t.is(await text(roots, {tail: 4}), 'one between\nbeline\ngun\nopen');
	t.is(await text(roots, {tail: 5}), 'first\none between\nbeline\ngun\nopen');
});

test('since and until', async t => {
	const {roots, log} = place(t);
	writeFileSync(join(log, '0.log'), Buffer.concat([1, 2, 3].map(hour => line('stdout', String(hour), 'F', `2026-11-23T0${hour}:00:00.000000000Z`))));
	const at = (time: string): bigint => BigInt(Date.parse(time)) * 1_000_000n;
	t.is(await text(roots, {since: at('2026-11-23T02:00:00Z')}), '2\n3\n');
	t.is(await text(roots, {since: at('2026-11-23T02:00:00Z') + 1n}), '3\n');
	t.is(await text(roots, {until: at('2026-11-23T02:00:00Z')}), '1\n2\n');
});

test('a damaged log is named, with the place', async t => {
	const {roots, log} = place(t);
	writeFileSync(join(log, '0.log'), Buffer.concat([line('stdout', 'well'), Buffer.from('no record at all, but as long as one would be\n')]));
	const error = await t.throwsAsync(all(roots), {instanceOf: ClocheError});
	t.regex(error.message, /log is damaged: .*0\.log: there is no record at byte 45/);
	await t.throwsAsync(all(roots, {tail: 1}), {instanceOf: ClocheError});
});

/** Writes lines of a number each, rotates, keeps two files at most, and tears records as a full disk would. */
const WRITER = `
const fs = require('fs');
const [log, count] = process.argv.slice(1);
let fd = fs.openSync(log + '/0.log', 'a'), number = 0, size = 0;
for (let index = 0; index < Number(count); index++) {
	const record = Buffer.from('2026-11-23T12:00:00.000000001Z stdout F ' + index + '\\n');
	if (index % 97 === 0) {
		fs.writeSync(fd, record.subarray(0, 20));
		fs.ftruncateSync(fd, size);
	}
	fs.writeSync(fd, record);
	size += record.length;
	if (size > 20000) {
		fs.closeSync(fd);
		fd = fs.openSync(log + '/' + ++number + '.log', 'a');
		size = 0;
	}
	if (index % 500 === 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
}
`;

/** What makes the reader take `pid` for who answers for the container, and the container for one that runs. */
const claim = ({data}: StateRoots, pid: number): string => {
	const owner = identify(pid);
	if (owner === undefined) {
		throw new Error(`there is no process ${pid}`);
	}

	symlinkSync(formatIdentity(owner), join(data, 'containers', `${ID}.init`));
	const path = join(data, 'live', `${formatIdentity(owner)}-${ID}`);
	symlinkSync(readlinkSync('/proc/self/ns/pid'), path);
	return path;
};

test('a follower reads all that a writer writes, through rotation, and ends when the writer does', async t => {
	const {roots, log} = place(t);
	const count = 50_000;
	const writer = spawn(process.execPath, ['-e', WRITER, log, String(count)], {stdio: ['ignore', 'inherit', 'inherit']});
	// Not removed: it dies without a word, as one that is killed.
	claim(roots, writer.pid ?? 0);
	const records = await all(roots, {follow: true});
	t.true(bytes(records).toString() === Array.from({length: count}, (_, index) => `${index}\n`).join(''));
});

test('two followers: one that doesn\'t read on loses nothing that was there when it looked; an abort ends it', async t => {
	const {roots, log} = place(t);
	writeFileSync(join(log, '0.log'), line('stdout', 'zero'));
	writeFileSync(join(log, '1.log'), line('stdout', 'one'));
	const path = claim(roots, process.pid);
	const controller = new AbortController();
	const slow = readLog(roots, ID, {follow: true, signal: controller.signal});
	t.is((await next(slow))?.data.toString(), 'zero\n');
	const fast = readLog(roots, ID, {follow: true});
	t.is((await next(fast))?.data.toString(), 'zero\n');
	t.is((await next(fast))?.data.toString(), 'one\n');
	unlinkSync(join(log, '0.log'));
	writeFileSync(join(log, '2.log'), line('stdout', 'two'));
	t.is((await next(fast))?.data.toString(), 'two\n');
	// Opened before, and removed now.
	rmSync(log, {recursive: true});
	t.is((await next(slow))?.data.toString(), 'one\n');
	unlinkSync(path);
	t.is(await next(fast), undefined);
	controller.abort(new Error('enough'));
	await t.throwsAsync(async () => {
		while (await next(slow) !== undefined) {
			// Whatever comes before.
		}
	}, {message: 'enough'});
});

test('a file that was cut back goes on where it was cut', async t => {
	const {roots, log} = place(t);
	const whole = line('stdout', 'whole');
	const file = join(log, '0.log');
	writeFileSync(file, Buffer.concat([whole, Buffer.from('2026-11-23T12:00:00.000000001Z stdout F half')]));
	const path = claim(roots, process.pid);
	const follower = readLog(roots, ID, {follow: true});
	t.is((await next(follower))?.data.toString(), 'whole\n');
	const other = next(follower);
	truncateSync(file, whole.length);
	appendFileSync(file, line('stdout', 'other'));
	t.is((await other)?.data.toString(), 'other\n');
	unlinkSync(path);
	t.is(await next(follower), undefined);
});
