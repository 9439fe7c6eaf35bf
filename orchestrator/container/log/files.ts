/**
 * The files of a log, read from any place to the end of what there is, and further when there is more.
 *
 * The supervisor only ever appends whole records and begins a file of the next number; the oldest may be removed. Where the
 * disk is full it cuts off what it wrote of a record: so only whole ones are taken, and what follows the last is read anew.
 */

import {closeSync, constants, openSync, readdirSync, readSync} from 'node:fs';
import {ClocheError, isErrno} from '../../base/errors.js';
import {type LogRecord, parseRecords} from './record.js';

/** Larger than any record: a line of more than 16 KiB has several. */
export const CHUNK = 262_144;

/** Files that are opened before they are read, so that their removal loses nothing. */
const AHEAD = 64;

export interface Position {
	/** Of the file. */
	number: number;
	offset: number;
}

export const isBefore = (one: Position, other: Position): boolean => one.number < other.number || (one.number === other.number && one.offset < other.offset);

export const logFile = (directory: string, number: number): string => `${directory}/${number}.log`;

/** The numbers of the files that there are, the oldest first; none where there is no log yet, or no more. */
export const logNumbers = (directory: string): number[] => {
	try {
		return readdirSync(directory).flatMap(name => /^(?:0|[1-9]\d*)\.log$/.test(name) ? [Number.parseInt(name, 10)] : []).sort((one, other) => one - other);
	} catch (error) {
		if (isErrno(error, 'ENOENT') || isErrno(error, 'ENOTDIR')) {
			return [];
		}

		throw new ClocheError('cannot read the container\'s log', {where: directory, cause: error});
	}
};

/** `undefined` where it was removed just now. */
export const openLog = (path: string): number | undefined => {
	try {
		return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
	} catch (error) {
		if (isErrno(error, 'ENOENT')) {
			return undefined;
		}

		throw new ClocheError('cannot read the container\'s log', {where: path, cause: error});
	}
};

interface OpenFile extends Position {
	fd: number;
	path: string;
	/** There is a later one, so nothing more comes: seen before the last read of it. */
	closed: boolean;
}

export class LogFiles {
	readonly #directory: string;
	readonly #open: OpenFile[] = [];
	#next: Position;

	/** @param from where to begin; a file that is gone by then is passed over */
	constructor(directory: string, from: Position = {number: 0, offset: 0}) {
		this.#directory = directory;
		this.#next = from;
	}

	/** Of the records that {@link next} gave last. */
	number = 0;

	/** The next whole records; none where there are no more for now. Their bytes stay as they are. */
	next(): LogRecord[] {
		for (let file = this.#current(); file !== undefined; file = this.#current()) {
			const records: LogRecord[] = [];
			const chunk = Buffer.allocUnsafeSlow(CHUNK);
			const got = readSync(file.fd, chunk, 0, CHUNK, file.offset);
			const taken = parseRecords(chunk.subarray(0, got), file.offset, file.path, records);
			if (taken > 0) {
				this.number = file.number;
				file.offset += taken;
				return records;
			}

			if (got === CHUNK) {
				throw new ClocheError('the container\'s log is damaged', {where: file.path, why: `a record at byte ${file.offset} has no end`});
			}

			if (file.closed) {
				this.#open.shift();
				closeSync(file.fd);
				continue;
			}

			this.#look();
			if (this.#open.length === 1) {
				return [];
			}

			// What was written between the read and the look.
			file.closed = true;
		}

		return [];
	}

	close(): void {
		for (const {fd} of this.#open.splice(0)) {
			closeSync(fd);
		}
	}

	#current(): OpenFile | undefined {
		if (this.#open.length === 0) {
			this.#look();
		}

		return this.#open[0];
	}

	#look(): void {
		for (const number of logNumbers(this.#directory)) {
			if (number < this.#next.number || this.#open.length >= AHEAD) {
				continue;
			}

			const path = logFile(this.#directory, number);
			const fd = openLog(path);
			if (fd !== undefined) {
				this.#open.push({fd, path, number, offset: number === this.#next.number ? this.#next.offset : 0, closed: false});
				this.#next = {number: number + 1, offset: 0};
			}
		}
	}
}
