/**
 * The parts of Node that child_process and net stand on: spawning, and a pipe.
 *
 * Loading child_process, net and stream and setting a child up with them takes 8 ms of the 25 that Node needs to start
 * (measured, Node 20); with these it is 1. They are what `process.binding` gives: documented as deprecated (DEP0111), so
 * only a Node that they were tried on is taken for one that has them, and everywhere else child_process takes their place.
 */

/** A libuv process handle (src/process_wrap.cc). */
export interface ProcessHandle {
	readonly pid: number;
	onexit: (status: number, signal: string) => void;
	/** @returns 0, or a negative errno */
	spawn: (options: {
		file: string;
		args: string[];
		envPairs: string[];
		detached: boolean;
		stdio: Array<{type: 'fd'; fd: number} | {type: 'ignore'} | {type: 'pipe'; handle: PipeHandle}>;
	}) => number;
	kill: (signal: number) => number;
	ref: () => void;
	unref: () => void;
	close: () => void;
}

/** A libuv stream handle (src/pipe_wrap.cc, src/stream_base.cc). */
export interface PipeHandle {
	onread: (bytes: ArrayBuffer | undefined) => void;
	readStart: () => number;
	/** @returns 0, or a negative errno; `request.oncomplete` is called unless it was done at once */
	writeBuffer: (request: WriteRequest, bytes: Uint8Array) => number;
	shutdown: (request: object) => number;
	ref: () => void;
	unref: () => void;
	close: () => void;
}

export interface WriteRequest {
	oncomplete?: (status: number) => void;
	/** Kept until it is written. */
	bytes?: Uint8Array;
}

export interface Bindings {
	Process: new () => ProcessHandle;
	Pipe: new (kind: number) => PipeHandle;
	/** The kind of a Pipe that is a socket. */
	SOCKET: number;
	WriteWrap: new () => WriteRequest;
	ShutdownWrap: new () => object;
	/** Where the last read left its outcome: at `kReadBytesOrError` the number of bytes, or a negative errno. */
	streamBaseState: Int32Array;
	kReadBytesOrError: number;
	kArrayBufferOffset: number;
}

/**
 * The last minor of each major whose bindings were tried and are as above. Not the major alone: a call that is other than the
 * binding expects isn't an exception but an abort of Node, and process_wrap's spawn is another in 24.
 */
const TRIED = new Map([[20, 20], [22, 23]]);

/** @param version as process.version */
export const isKnown = (version: string): boolean => {
	const [, major, minor] = /^v(\d+)\.(\d+)\.\d+$/.exec(version) ?? [];
	return Number(minor) <= (TRIED.get(Number(major)) ?? -1);
};

const isClass = (value: unknown): boolean => typeof value === 'function';

const isNumber = (value: unknown): boolean => typeof value === 'number';

const isBindings = (value: Readonly<Record<keyof Bindings, unknown>>): value is Bindings =>
	isClass(value.Process) && isClass(value.Pipe) && isClass(value.WriteWrap) && isClass(value.ShutdownWrap)
	&& isNumber(value.SOCKET) && isNumber(value.kReadBytesOrError) && isNumber(value.kArrayBufferOffset)
	&& value.streamBaseState instanceof Int32Array;

const property = (object: unknown, name: string): unknown => typeof object === 'object' && object !== null ? Reflect.get(object, name) : undefined;

/**
 * Whether using them would be told on stderr, or thrown (--pending-deprecation, in its many spellings): util.deprecate makes
 * what it wraps the prototype of its wrapper.
 */
const isWrapped = (binding: object): boolean => Object.getPrototypeOf(binding) !== Function.prototype;

/** `undefined` where this Node hasn't got them, or not as they are known; CLOCHE_FORGO_BINDINGS is the fallback's test switch. */
export const findBindings = (): Bindings | undefined => {
	const binding: unknown = Reflect.get(process, 'binding');
	if (typeof binding !== 'function' || isWrapped(binding) || !isKnown(process.version) || process.env['CLOCHE_FORGO_BINDINGS'] !== undefined) {
		return undefined;
	}

	const load = (name: string): unknown => Reflect.apply(binding, process, [name]);
	try {
		const pipes = load('pipe_wrap');
		const streams = load('stream_wrap');
		const found = {
			Process: property(load('process_wrap'), 'Process'),
			Pipe: property(pipes, 'Pipe'),
			SOCKET: property(property(pipes, 'constants'), 'SOCKET'),
			WriteWrap: property(streams, 'WriteWrap'),
			ShutdownWrap: property(streams, 'ShutdownWrap'),
			streamBaseState: property(streams, 'streamBaseState'),
			kReadBytesOrError: property(streams, 'kReadBytesOrError'),
			kArrayBufferOffset: property(streams, 'kArrayBufferOffset'),
		};
		return isBindings(found) ? found : undefined;
	} catch {
		// "No such module", or forbidden by --permission: then child_process says whether it may.
		return undefined;
	}
};
