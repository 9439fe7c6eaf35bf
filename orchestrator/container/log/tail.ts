/** Where the last lines of a log begin: read backwards from its end, so that a long log costs no more than its tail. */

import {closeSync, fstatSync, readSync} from 'node:fs';
import {ClocheError} from '../../base/errors.js';
import {CHUNK, logFile, logNumbers, openLog, type Position} from './files.js';
import {type LogRecord, type LogStream, recordAt} from './record.js';

const LF = 10;

/** How much more is read to find the beginning of a line between whose parts the other stream wrote. */
const PATIENCE = 4_194_304;

/** For each stream, where its first record to be shown stands. */
export type Starts = Readonly<Record<LogStream, Position>>;

/** The records of a file, the last first; what isn't whole at its end is passed over. */
function* fileBackwards(path: string, fd: number): Generator<LogRecord> {
	let end = fstatSync(fd).size;
	while (end > 0) {
		const begin = Math.max(0, end - CHUNK);
		const chunk = Buffer.allocUnsafeSlow(end - begin);
		const got = readSync(fd, chunk, 0, chunk.length, begin);
		let last = got === 0 ? -1 : chunk.lastIndexOf(LF, got - 1);
		let before = last <= 0 ? -1 : chunk.lastIndexOf(LF, last - 1);
		while (last >= 0 && (before >= 0 || begin === 0)) {
			yield recordAt(chunk, before + 1, last, begin, path);
			last = before;
			before = last <= 0 ? -1 : chunk.lastIndexOf(LF, last - 1);
		}

		// The record whose beginning isn't in this chunk is the last of the next one.
		const next = last < 0 ? begin : begin + last + 1;
		if (next === end) {
			throw new ClocheError('the container\'s log is damaged', {where: path, why: `the record before byte ${end} has no beginning`});
		}

		end = next;
	}
}

function* backwards(directory: string): Generator<[number, LogRecord]> {
	for (const number of logNumbers(directory).reverse()) {
		const path = logFile(directory, number);
		const fd = openLog(path);
		if (fd === undefined) {
			return;
		}

		try {
			for (const record of fileBackwards(path, fd)) {
				yield [number, record];
			}
		} finally {
			closeSync(fd);
		}
	}
}

const endOf = (directory: string): Position => {
	const number = logNumbers(directory).at(-1) ?? 0;
	const fd = openLog(logFile(directory, number));
	if (fd === undefined) {
		return {number, offset: 0};
	}

	try {
		return {number, offset: fstatSync(fd).size};
	} finally {
		closeSync(fd);
	}
};

/** A stream as it is read backwards. */
interface Seen {
	start: Position;
	/** One of its lines is to be shown. */
	shown: boolean;
	/** Any record of it was seen. */
	seen: boolean;
	/** Nothing before is to be shown. */
	whole: boolean;
}

/** Where the last `lines` lines begin: those that ended last, or haven't ended. */
export const findTail = (directory: string, lines: number): Starts => {
	const end = endOf(directory);
	const fresh = (): Seen => ({start: end, shown: false, seen: false, whole: false});
	const streams = {stdout: fresh(), stderr: fresh()};
	let left = lines;
	let patience = PATIENCE;
	for (const [number, record] of lines === 0 ? [] : backwards(directory)) {
		const stream = streams[record.stream];
		const endsLine = !record.partial || !stream.seen;
		stream.seen = true;
		if (endsLine && left === 0) {
			stream.whole = true;
		} else if (!stream.whole) {
			left -= endsLine ? 1 : 0;
			stream.shown = true;
			stream.start = {number, offset: record.offset};
		}

		patience -= left === 0 ? record.data.length : 0;
		if (left === 0 && (patience < 0 || Object.values(streams).every(({shown, whole}) => whole || !shown))) {
			break;
		}
	}

	return {stdout: streams.stdout.start, stderr: streams.stderr.start};
};
