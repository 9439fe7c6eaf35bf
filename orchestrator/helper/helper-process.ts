/** What a supervisor needs of the process that it talks to, however that was spawned. */

import type {StreamNumbers, Streams} from './streams.js';

/** The control socket: `ref` and `unref` tell the event loop whether to wait for it. */
export interface HelperSocket {
	on: ((event: 'data', listener: (chunk: Buffer) => void) => unknown) & ((event: 'end', listener: () => void) => unknown) & ((event: 'error', listener: (error: Error) => void) => unknown);
	write: (bytes: Buffer) => unknown;
	/** No more is written; what the helper still says is heard. */
	end: () => unknown;
	destroy: () => unknown;
	ref: () => unknown;
	unref: () => unknown;
}

/** How the process ended. */
export interface HelperEnd {
	/** It was never started. */
	error?: Error;
	code?: number | null;
	/** Its name. */
	signal?: string | null;
}

export interface HelperProcess {
	/** 0 where it couldn't be started. */
	readonly pid: number;
	readonly socket: HelperSocket;
	/** Once, when it has ended and all that it said was heard. */
	onEnd: (listener: (end: HelperEnd) => void) => void;
	/** SIGKILL. */
	kill: () => void;
	ref: () => void;
	unref: () => void;
	/** Take the ends of piped streams from the helper. */
	openStreams: (pid: number, numbers: StreamNumbers) => Streams;
}

/** What becomes of a standard stream of the helper: ours, /dev/null, or a descriptor of ours by its number. */
export type HelperStream = 'inherit' | 'ignore' | number;

export interface SpawnOptions {
	/** The helper's binary. */
	path: string;
	/** `inherit` by default, as are the others: a plan's streams 0, 1, 2 are then the terminal's. */
	stdin?: HelperStream;
	stdout?: HelperStream;
	stderr?: HelperStream;
	/** More descriptors of ours for the helper; there the first one is {@link FIRST_LENT}, and so on. */
	lend?: readonly number[];
	/** The helper's environment, empty by default: it needs none, and payloads have their own. */
	env?: Record<string, string>;
	/** A session of its own, which a terminal's signals don't reach. */
	session?: boolean;
}

/** One that is to outlive us: nothing of our terminal is its own. */
export const LASTING = {stdin: 'ignore', stdout: 'ignore', stderr: 'ignore', session: true} as const satisfies Omit<SpawnOptions, 'path'>;

/** The socket's number in the helper. */
export const CONTROL = 3;

/** The number in the helper of the first descriptor that was lent. */
export const FIRST_LENT = 4;

/** What a process list shows. */
export const HELPER_NAME = 'nsinit';
