/**
 * Records of the CRI log format, as helper-c/log.c writes them: `TIME stdout|stderr TAG BYTES LF`. TAG is F, or P where the line
 * goes on in the next record of the stream, or `F:lost=N`.
 */

import {ClocheError} from '../../base/errors.js';

export type LogStream = 'stdout' | 'stderr';

const LF = 10;
const SPACE = 32;

/** Where things stand in every record: the time is always as long. */
const STREAM = 31;
const SAYS_ERR = STREAM + 3;
const TAG = STREAM + 7;
const LEAST = TAG + 2;

/** A part of what a container wrote. Its bytes stay in the buffer that the file was read into. */
export class LogRecord {
	readonly stream: LogStream;
	/** With the newline that ended the line. */
	readonly data: Buffer;
	/** The line goes on, or wasn't ended when this was written. */
	readonly partial: boolean;
	/** Where it stands in its file. */
	readonly offset: number;
	/** It tells, in words, that so many bytes are missing here. */
	readonly lost?: number;
	readonly #chunk: Buffer;
	readonly #at: number;

	constructor(chunk: Buffer, at: number, end: number, base: number) {
		this.#chunk = chunk;
		this.#at = at;
		this.offset = base + at;
		this.stream = chunk[at + SAYS_ERR] === 0x65 /* e */ ? 'stderr' : 'stdout';
		this.partial = chunk[at + TAG] === 0x50; /* P */
		let begin = at + LEAST;
		if (chunk[begin - 1] !== SPACE) {
			begin = chunk.indexOf(SPACE, begin) + 1;
			const [, lost] = /^:lost=(\d+) $/.exec(chunk.toString('latin1', at + TAG + 1, begin)) ?? [];
			if (lost !== undefined) {
				this.lost = Number(lost);
			}
		}

		this.data = chunk.subarray(begin, this.partial ? end : end + 1);
	}

	/** RFC 3339, UTC, nanoseconds. */
	get time(): string {
		return this.#chunk.toString('latin1', this.#at, this.#at + STREAM - 1);
	}
}

/** Whether a record can stand there: nothing of ours writes anything else, but disks and people do. */
const isRecord = (chunk: Buffer, at: number, end: number): boolean =>
	end - at >= LEAST && chunk[at + STREAM - 1] === SPACE && chunk[at + TAG - 1] === SPACE && chunk[at + STREAM - 2] === 0x5A; /* Z */

export const recordAt = (chunk: Buffer, at: number, end: number, base: number, path: string): LogRecord => {
	if (!isRecord(chunk, at, end)) {
		throw new ClocheError('the container\'s log is damaged', {where: path, why: `there is no record at byte ${base + at}`});
	}

	return new LogRecord(chunk, at, end, base);
};

/**
 * The whole records at the beginning of a chunk.
 *
 * @param base where the chunk stands in its file
 * @returns how many bytes they take
 */
export const parseRecords = (chunk: Buffer, base: number, path: string, records: LogRecord[]): number => {
	let at = 0;
	for (let end = chunk.indexOf(LF); end >= 0; end = chunk.indexOf(LF, at)) {
		records.push(recordAt(chunk, at, end, base, path));
		at = end + 1;
	}

	return at;
};
