/**
 * The orchestrator's ends of piped streams. The helper makes anonymous pipes; Node can't receive descriptors, so it opens
 * its ends under /proc/PID/fd, while the helper holds them: from STREAMS until START.
 */

import {closeSync, constants, openSync, readSync} from 'node:fs';
import {Socket} from 'node:net';
import {isErrno} from '../base/errors.js';

export type StreamName = 'stdin' | 'stdout' | 'stderr';

/** The helper's descriptor numbers, as STREAMS tells them. */
export type StreamNumbers = Partial<Record<StreamName, number | undefined>>;

/** What was read of an output without a socket. */
export interface Rest {
	bytes: Buffer;
	/** It has ended; if not, its socket brings what comes. */
	ended: boolean;
}

/** A pipe's whole capacity (pipe(7)); read into by one call at a time, so one serves all. */
const scratch = Buffer.allocUnsafeSlow(65_536);

/** The orchestrator's ends. */
export interface Streams {
	/** Where the payload's stdin is written, if it is a pipe. */
	readonly stdin: Socket | undefined;
	/** Where the payload's stdout is read, if it is a pipe. */
	readonly stdout: Socket | undefined;
	/** Where the payload's stderr is read, if it is a pipe. */
	readonly stderr: Socket | undefined;
	/** Read what there is of an output, at once; `undefined` where it has a socket, or isn't a pipe. */
	readRest: (name: 'stdout' | 'stderr') => Rest | undefined;
	/** Close the ends that nobody asked for. */
	close: () => void;
	/** Close all of them. */
	destroy: () => void;
}

/**
 * The ends that were opened. A socket is made when it is first asked for: it costs 50 µs of Node, and a payload that has
 * ended before anyone read can be read out without.
 */
class OpenStreams implements Streams {
	readonly #descriptors: Partial<Record<StreamName, number>>;
	readonly #sockets: Partial<Record<StreamName, Socket>> = {};

	constructor(descriptors: Partial<Record<StreamName, number>>) {
		this.#descriptors = descriptors;
	}

	get stdin(): Socket | undefined {
		return this.#socket('stdin');
	}

	get stdout(): Socket | undefined {
		return this.#socket('stdout');
	}

	get stderr(): Socket | undefined {
		return this.#socket('stderr');
	}

	readRest(name: 'stdout' | 'stderr'): Rest | undefined {
		const descriptor = this.#descriptors[name];
		if (descriptor === undefined) {
			return undefined;
		}

		const chunks: Buffer[] = [];
		for (;;) {
			const size = readNow(descriptor, scratch);
			if (size === undefined) {
				return {bytes: Buffer.concat(chunks), ended: false};
			}

			if (size === 0) {
				this.#close(name);
				return {bytes: Buffer.concat(chunks), ended: true};
			}

			chunks.push(Buffer.from(scratch.subarray(0, size)));
		}
	}

	close(): void {
		for (const name of ['stdin', 'stdout', 'stderr'] as const) {
			this.#close(name);
		}
	}

	destroy(): void {
		this.close();
		for (const socket of Object.values(this.#sockets)) {
			socket.destroy();
		}
	}

	#close(name: StreamName): void {
		const descriptor = this.#descriptors[name];
		if (descriptor !== undefined) {
			this.#descriptors[name] = undefined;
			closeSync(descriptor);
		}
	}

	#socket(name: StreamName): Socket | undefined {
		const descriptor = this.#descriptors[name];
		if (descriptor !== undefined) {
			this.#descriptors[name] = undefined;
			const socket = new Socket({fd: descriptor, readable: name !== 'stdin', writable: name === 'stdin'});
			this.#sockets[name] = socket;
			if (name === 'stdin') {
				// A payload that ends without reading its stdin is within its rights (EPIPE), and no uncaught exception; whoever
				// writes hears of it by the callback of the write.
				socket.on('error', () => undefined);
			}
		}

		return this.#sockets[name];
	}
}

/** Bytes read, 0 at the end, `undefined` where there is nothing yet. */
const readNow = (descriptor: number, into: Buffer): number | undefined => {
	try {
		return readSync(descriptor, into);
	} catch (error) {
		if (isErrno(error, 'EAGAIN')) {
			return undefined;
		}

		throw error;
	}
};

/** The path under which an end of a pipe in process `pid` is opened. */
export const streamPath = (pid: number, descriptor: number): string => `/proc/${pid}/fd/${descriptor}`;

// Not blocking: libuv would set it anyway, and an open that waits for the other side would never come back.
const FLAGS = {
	stdin: constants.O_WRONLY | constants.O_NONBLOCK,
	stdout: constants.O_RDONLY | constants.O_NONBLOCK,
	stderr: constants.O_RDONLY | constants.O_NONBLOCK,
} as const;

/** Open the ends of the pipes `numbers` in process `pid`. Throws Node's error with none of them left open. */
export const openStreams = (pid: number, numbers: StreamNumbers): Streams => {
	const opened: Partial<Record<StreamName, number>> = {};
	try {
		for (const name of ['stdin', 'stdout', 'stderr'] as const) {
			const number = numbers[name];
			if (number !== undefined) {
				opened[name] = openSync(streamPath(pid, number), FLAGS[name]);
			}
		}
	} catch (error) {
		new OpenStreams(opened).close();
		throw error;
	}

	return new OpenStreams(opened);
};
