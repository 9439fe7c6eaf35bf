/**
 * What Cloche itself says. It goes to descriptors 1 and 2 by write(2) and never through Node's process.stdout and stderr:
 * Node makes a pipe or a socket non-blocking as soon as one of these is asked for, and so it would be for the payload, which
 * has the same one and may be ready for anything but EAGAIN.
 */

import {writeSync} from 'node:fs';
import type {Readable, Writable} from 'node:stream';
import {isErrno} from '../base/errors.js';
import {pauseSync} from '../base/pause.js';

const PAUSE_MS = 2;

/**
 * Write all of it, however long that takes.
 *
 * @returns `false` where nobody reads it any more, which is no error: as it is the payload's right, so is it of whoever listens to us
 */
export const writeAll = (fd: number, bytes: Buffer): boolean => {
	for (let rest = bytes; rest.length > 0;) {
		try {
			rest = rest.subarray(writeSync(fd, rest));
		} catch (error) {
			if (isErrno(error, 'EPIPE') || (fd === 2 && !isErrno(error, 'EAGAIN'))) {
				return false; // What can't be said on standard error can't be said at all.
			}

			// Whoever gave it to us made it non-blocking, and it is full.
			if (!isErrno(error, 'EAGAIN')) {
				throw error;
			}

			pauseSync(PAUSE_MS);
		}
	}

	return true;
};

// Loaded only for who asks: it takes more than a millisecond of every command's start.
const stream = () => process.getBuiltinModule('node:stream');

const standIns = {
	stdin: () => stream().Readable.from([]),
	stdout: () => makeWritable(1),
	stderr: () => makeWritable(2),
};

const makeWritable = (fd: number): Writable => new (stream().Writable)({
	decodeStrings: true,
	write(chunk: Buffer, _encoding, done) {
		writeAll(fd, chunk);
		done();
	},
});

/**
 * Put streams that leave the descriptors as they are in the place of Node's own. Not asking for those is not enough: Node
 * itself does when it closes a socket (Socket._destroy in lib/net.js), and execa does as it is loaded. For a process that is ours.
 */
export const keepStreamsBlocking = (): void => {
	for (const [name, make] of Object.entries(standIns)) {
		let made: Readable | Writable | undefined;
		Object.defineProperty(process, name, {configurable: true, enumerable: true, get: () => made ??= make()});
	}
};

/** What was asked for: on standard output. */
export const print = (text: string): void => {
	writeAll(1, Buffer.from(text));
};

/** On standard error, as it is. */
export const printAside = (text: string): void => {
	writeAll(2, Buffer.from(text));
};

/** On standard error, a line with our name before it, so that it isn't taken for the payload's. */
export const warn = (message: string): void => {
	printAside(`cloche: ${message}\n`);
};
