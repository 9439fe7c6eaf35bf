/** The helper as a child process, without child_process: for the command line, whose start is counted in milliseconds. */

import {ClocheError} from '../base/errors.js';
import {type Bindings, findBindings} from './bindings.js';
import {HELPER_NAME, type HelperEnd, type HelperProcess, type HelperStream, type SpawnOptions} from './helper-process.js';
import {LightSocket} from './light-socket.js';

const SIGKILL = 9;

const streamAs = (stream: HelperStream, own: number): {type: 'fd'; fd: number} | {type: 'ignore'} =>
	stream === 'ignore' ? {type: 'ignore'} : {type: 'fd', fd: stream === 'inherit' ? own : stream};

/** Tells the one listener once both are over: the process, and what it said. */
class Ending {
	#listener: ((end: HelperEnd) => void) | undefined;
	#end: HelperEnd | undefined;
	#heard = false;
	readonly #close: () => void;

	constructor(close: () => void) {
		this.#close = close;
	}

	listen(listener: (end: HelperEnd) => void): void {
		this.#listener = listener;
		this.#tell();
	}

	exited(end: HelperEnd): void {
		this.#end = end;
		this.#tell();
	}

	heard(): void {
		this.#heard = true;
		this.#tell();
	}

	#tell(): void {
		const end = this.#end;
		const listener = this.#listener;
		if (end !== undefined && listener !== undefined && this.#heard) {
			this.#listener = undefined;
			this.#close();
			// Not in the call that asks: whoever spawns is to be told later, as by child_process.
			queueMicrotask(() => {
				listener(end);
			});
		}
	}
}

const spawnWith = (bindings: Bindings, {path, stdin = 'inherit', stdout = 'inherit', stderr = 'inherit', lend = [], env = {}, session = false}: SpawnOptions): HelperProcess => {
	const child = new bindings.Process();
	const pipe = new bindings.Pipe(bindings.SOCKET);
	const ending = new Ending(() => {
		child.close();
	});
	child.onexit = (code, signal) => {
		ending.exited(signal === '' ? {code, signal: null} : {code: null, signal});
	};
	const status = child.spawn({
		file: path,
		args: [HELPER_NAME],
		envPairs: Object.entries(env).map(([name, value]) => `${name}=${value}`),
		detached: session,
		stdio: [streamAs(stdin, 0), streamAs(stdout, 1), streamAs(stderr, 2), {type: 'pipe', handle: pipe}, ...lend.map(fd => ({type: 'fd', fd} as const))],
	});
	const socket = new LightSocket(bindings, pipe);
	if (status < 0) {
		socket.destroy();
		ending.exited({error: new ClocheError('spawn', {where: path, errno: -status})});
		ending.heard();
	} else {
		socket.on('end', () => {
			ending.heard();
		});
	}

	return {
		pid: status < 0 ? 0 : child.pid,
		socket,
		onEnd(listener) {
			ending.listen(listener);
		},
		kill() {
			child.kill(SIGKILL);
		},
		ref() {
			child.ref();
		},
		unref() {
			child.unref();
		},
		openStreams() {
			throw new ClocheError('cannot open piped streams', {why: 'the command line lends its own descriptors instead'});
		},
	};
};

/** Returns at once; `undefined` where this Node is not known well enough. */
export const spawnLight = (options: SpawnOptions): HelperProcess | undefined => {
	const bindings = findBindings();
	return bindings === undefined ? undefined : spawnWith(bindings, options);
};
