/**
 * The orchestrator's ends of piped streams. The helper makes anonymous pipes; Node can't receive descriptors, so it opens
 * its ends under /proc/PID/fd, while the helper holds them: from STREAMS until START.
 */

import {closeSync, constants, openSync} from 'node:fs';
import {Socket} from 'node:net';

export interface Streams {
	/** Where the payload's stdin is written, if it is a pipe. */
	stdin?: Socket;
	/** Where the payload's stdout is read, if it is a pipe. */
	stdout?: Socket;
	/** Where the payload's stderr is read, if it is a pipe. */
	stderr?: Socket;
}

/** The helper's descriptor numbers, as STREAMS tells them. */
export type StreamNumbers = Partial<Record<keyof Streams, number | undefined>>;

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
	const opened: [name: keyof Streams, descriptor: number][] = [];
	try {
		for (const name of ['stdin', 'stdout', 'stderr'] as const) {
			const number = numbers[name];
			if (number !== undefined) {
				opened.push([name, openSync(streamPath(pid, number), FLAGS[name])]);
			}
		}
	} catch (error) {
		for (const [, descriptor] of opened) {
			closeSync(descriptor);
		}

		throw error;
	}

	const streams: Streams = {};
	for (const [name, fd] of opened) {
		streams[name] = new Socket({fd, readable: name !== 'stdin', writable: name === 'stdin'});
	}

	// A payload that ends without reading its stdin is within its rights (EPIPE), and no uncaught exception; whoever
	// writes hears of it by the callback of the write.
	streams.stdin?.on('error', () => undefined);
	return streams;
};
