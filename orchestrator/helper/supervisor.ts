/**
 * The nsinit process outside of the containers, and the connection to it. One process, many channels: the command line
 * starts one for one container, the library keeps one for all.
 */

import {type ChildProcess, spawn} from 'node:child_process';
import {constants} from 'node:os';
import {ClocheError} from '../base/errors.js';
import {Connection, type HelperSocket} from './connection.js';
import type {Launch} from './launch.js';
import type {LaunchOptions} from './launch-options.js';
import {Milestone} from './milestone.js';
import type {Plan} from './plan.js';

/** What becomes of a standard stream of the helper: ours, /dev/null, or a descriptor of ours by its number. */
export type HelperStream = 'inherit' | 'ignore' | number;

export interface SupervisorOptions {
	/** The helper's binary. */
	path: string;
	/** What to do where that binary is missing: the last clause of the error. */
	remedy?: string | undefined;
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

/** The socket's number in the helper. */
const CONTROL = 3;

/** The number in the helper of the first descriptor that was lent. */
export const FIRST_LENT = 4;

const signalName = (signal: NodeJS.Signals): string => `${signal} (${constants.signals[signal]})`;

const isHelperSocket = (stream: unknown): stream is HelperSocket =>
	typeof stream === 'object' && stream !== null && 'ref' in stream && 'unref' in stream && 'write' in stream && 'on' in stream;

export class Supervisor implements AsyncDisposable {
	/** The helper's pid; 0 where it couldn't be started. */
	readonly pid: number;
	readonly #child: ChildProcess;
	readonly #socket: HelperSocket;
	readonly #connection: Connection;
	readonly #ended = new Milestone<void>();
	#closing = false;
	/** Why we ended it, where we did. */
	#broken: ClocheError | undefined;

	constructor({path, remedy, stdin = 'inherit', stdout = 'inherit', stderr = 'inherit', lend = [], env = {}, session = false}: SupervisorOptions) {
		// child_process itself: through execa the installed command took 22 ms more to start, of 29 (bundled, measured),
		// and a spawn 5 ms instead of 2. A static binary needs nothing of what execa adds.
		this.#child = spawn(path, [], {stdio: [stdin, stdout, stderr, 'pipe', ...lend], env, detached: session, argv0: 'nsinit'});
		this.pid = this.#child.pid ?? 0;
		const socket = this.#child.stdio[CONTROL];
		if (!isHelperSocket(socket)) {
			throw new ClocheError('cannot start nsinit', {where: path, why: 'no control socket was made'});
		}

		this.#socket = socket;
		this.#connection = new Connection(socket, {
			pid: this.pid,
			onBroken: error => {
				this.#break(error);
			},
		});
		this.#watch(path, remedy);
	}

	/** Whether it can launch. */
	get alive(): boolean {
		return !this.#closing && this.#connection.failure === undefined;
	}

	/** How many channels are open. */
	get size(): number {
		return this.#connection.size;
	}

	/** Resolves when the process is gone, whyever. */
	get ended(): Promise<void> {
		return this.#ended.promise;
	}

	/**
	 * Make what `plan` says, and start it unless `autoStart` is false. Nothing is awaited: frames go out before the helper
	 * has greeted. Throws a ClocheError where the plan can't be sent or the helper is gone; all that comes later is
	 * reported by the launch.
	 */
	launch(plan: Plan, options: LaunchOptions = {}): Launch {
		if (this.#closing) {
			throw new ClocheError('the supervisor is closed');
		}

		return this.#connection.launch(plan, options);
	}

	/** End it: the helper kills its containers, removes what they left, and goes. Resolves when it is gone. */
	async close(): Promise<void> {
		if (!this.#closing) {
			this.#closing = true;
			this.#child.ref();
			this.#socket.ref();
			this.#socket.end();
		}

		await this.ended;
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.close();
	}

	#watch(path: string, remedy: string | undefined): void {
		// Neither keeps the event loop: open channels do, through the socket. If Node ends, the helper reads EOF and ends, too.
		this.#child.unref();
		let socketError: Error | undefined;
		this.#socket.on('error', error => {
			socketError = error; // EPIPE, say: 'close' follows and tells it all.
		});
		this.#socket.on('end', () => {
			this.#child.ref(); // So that its exit status is heard.
		});
		this.#child.on('error', cause => {
			this.#end(new ClocheError('cannot start nsinit', {where: path, remedy, cause}));
		});
		this.#child.on('close', (code, signal) => {
			const why = this.#closing ? 'the supervisor was closed'
				: signal === null ? `it ended with status ${code}` : `it was killed by ${signalName(signal)}`;
			this.#end(this.#broken ?? new ClocheError('nsinit is gone', {why, cause: this.#closing ? undefined : socketError}));
		});
	}

	#break(error: ClocheError): void {
		this.#broken = error;
		this.#child.ref();
		// It made sense no more, so it is not asked. Its containers die with it (PDEATHSIG).
		this.#child.kill('SIGKILL');
	}

	#end(error: ClocheError): void {
		this.#connection.fail(error);
		this.#socket.destroy();
		this.#child.unref();
		this.#ended.resolve();
	}
}

/** Start a helper. Returns at once; that it couldn't be started is told by its launches. */
export const startSupervisor = (options: SupervisorOptions): Supervisor => new Supervisor(options);
