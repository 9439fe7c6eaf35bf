/**
 * The nsinit process outside of the containers, and the connection to it. One process, many channels: the command line
 * starts one for one container, the library keeps one for all.
 */

import {constants} from 'node:os';
import {ClocheError} from '../base/errors.js';
import {Connection} from './connection.js';
import {encodeDetach} from './encode-service.js';
import type {HelperProcess, HelperSocket} from './helper-process.js';
import type {Launch} from './launch.js';
import type {LaunchOptions} from './launch-options.js';
import {Milestone} from './milestone.js';
import type {Plan} from './plan.js';

export interface HelperOrigin {
	/** The helper's binary. */
	path: string;
	/** What to do where that binary is missing: the last clause of the error. */
	remedy?: string | undefined;
}

const numbers: Readonly<Record<string, number | undefined>> = constants.signals;

const signalName = (signal: string): string => `${signal} (${numbers[signal] ?? '?'})`;

export class Supervisor implements AsyncDisposable {
	/** The helper's pid; 0 where it couldn't be started. */
	readonly pid: number;
	readonly #child: HelperProcess;
	readonly #socket: HelperSocket;
	readonly #connection: Connection;
	readonly #ended = new Milestone<void>();
	#closing = false;
	#detached = false;
	/** Why we ended it, where we did. */
	#broken: ClocheError | undefined;

	/** @param child just spawned */
	constructor(child: HelperProcess, origin: HelperOrigin) {
		this.#child = child;
		this.pid = child.pid;
		this.#socket = child.socket;
		this.#connection = new Connection(child.socket, {
			pid: this.pid,
			openStreams: child.openStreams,
			onBroken: error => {
				this.#break(error);
			},
		});
		this.#watch(origin);
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

	/**
	 * Leave it to itself, with the one container that it serves: from here on our end is none of its business. Nothing more
	 * can be launched, and what it still says isn't heard.
	 */
	detach(): void {
		if (!this.alive) {
			return; // Its container has ended already.
		}

		this.#detached = true;
		this.#socket.write(encodeDetach());
		this.#socket.end();
		this.#connection.fail(new ClocheError('the container is kept by its own supervisor'));
		this.#child.unref();
		this.#socket.unref();
	}

	/** End it: the helper kills its containers, removes what they left, and goes. Resolves when it is gone; at once where it is detached. */
	async close(): Promise<void> {
		if (this.#detached) {
			return;
		}

		if (!this.#closing) {
			this.#closing = true;
			this.#child.ref();
			this.#socket.ref();
			this.#socket.end();
		}

		await this.ended;
	}

	/** SIGKILL, detached or not: its containers die with it. */
	kill(): void {
		if (!this.#ended.settled) {
			this.#child.kill();
		}
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.close();
	}

	#watch({path, remedy}: HelperOrigin): void {
		// Neither keeps the event loop: open channels do, through the socket. If Node ends, the helper reads EOF and ends, too.
		this.#child.unref();
		let socketError: Error | undefined;
		this.#socket.on('error', error => {
			if (this.#detached) {
				return;
			}

			socketError = error; // EPIPE, or ECONNRESET, where it died with a frame unread; then there is no 'end'.
			this.#child.ref(); // Its exit tells it all.
		});
		this.#socket.on('end', () => {
			if (this.#detached) {
				this.#socket.destroy();
			} else {
				this.#child.ref(); // So that its exit status is heard.
			}
		});
		this.#child.onEnd(({error, code, signal}) => {
			if (error !== undefined) {
				this.#end(new ClocheError('cannot start nsinit', {where: path, remedy, cause: error}));
				return;
			}

			const why = this.#closing ? 'the supervisor was closed'
				: typeof signal === 'string' ? `it was killed by ${signalName(signal)}` : `it ended with status ${code ?? '?'}`;
			this.#end(this.#broken ?? new ClocheError('nsinit is gone', {why, cause: this.#closing ? undefined : socketError}));
		});
	}

	#break(error: ClocheError): void {
		this.#broken = error;
		this.#child.ref();
		// It made sense no more, so it is not asked. Its containers die with it (PDEATHSIG).
		this.#child.kill();
	}

	#end(error: ClocheError): void {
		this.#connection.fail(error);
		this.#socket.destroy();
		this.#child.unref();
		this.#ended.resolve();
	}
}
