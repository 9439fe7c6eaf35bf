/** A client of the supervisor that keeps a detached container: asks it over its socket, and hears what becomes of the container. */

import type {Socket} from 'node:net';
import {constants} from 'node:os';
import {ClocheError} from '../base/errors.js';
import {callBack} from './call-back.js';
import {checkHash} from './check-hash.js';
import {encodeResize, encodeSignal} from './encode.js';
import {encodeAttach, encodeInput, encodeStatus, encodeStop} from './encode-service.js';
import {type Exit, type Failure, type HelperEvent, readEvent, type Report} from './events.js';
import {failureError} from './failure.js';
import {type Frame, FrameDecoder, protocolError} from './frame-decoder.js';
import {Milestone} from './milestone.js';
import type {Plan} from './plan.js';

/** A supervisor that listens keeps one container, on this channel. */
export const SERVED_CHANNEL = 1;

/** Of an INPUT: under what a frame takes, and as much as a pipe holds. */
const PIECE = 65_536;

/** Nothing of the plan is known to a client. */
const UNKNOWN: Plan = {namespaces: [], join: [], streams: {stdin: 'null', stdout: 'null', stderr: 'null'}, terminal: false, init: false, cgroups: [], remove: [], create: [], start: []};

const failureOf = (failure: Failure): ClocheError => failureError(failure, UNKNOWN);

/** Output of the container; 1: standard output, or a terminal's; 2: standard error. */
export type OnOutput = (stream: 1 | 2, data: Buffer) => void;

/** So many bytes were left out here, since we read too slowly. */
export type OnLost = (bytes: number) => void;

export class ContainerClient implements Disposable {
	/** Hears of a run that ended and, by the restart policy, isn't the last one. */
	onAgain: ((exit: Exit) => void) | undefined;
	/** Hears that a run has begun. */
	onRunning: (() => void) | undefined;
	/** Hears what went wrong without ending the container. */
	onWarning: ((warning: ClocheError) => void) | undefined;
	readonly #socket: Socket;
	readonly #decoder = new FrameDecoder();
	readonly #greeted = new Milestone<void>();
	readonly #exited = new Milestone<Exit>();
	readonly #closed = new Milestone<void>();
	readonly #reports: Array<Milestone<Report>> = [];
	#onOutput: OnOutput | undefined;
	#onLost: OnLost | undefined;
	#failure: ClocheError | undefined;
	readonly #receive = (frame: Frame): void => {
		this.#dispatch(frame);
	};

	/** @param socket connected; use connectToContainer */
	constructor(socket: Socket) {
		this.#socket = socket;
		socket.on('data', chunk => {
			this.#take(chunk);
		});
		socket.on('error', cause => {
			this.#failure ??= new ClocheError('the container\'s supervisor is gone', {cause});
		});
		socket.on('close', () => {
			this.#end();
		});
	}

	/** The supervisor has said who it is, and speaks our protocol. */
	get greeted(): Promise<void> {
		return this.#greeted.promise;
	}

	/** How the last run ended; rejects where the supervisor hung up without telling. */
	get exited(): Promise<Exit> {
		return this.#exited.promise;
	}

	/** Nothing of the container is left but what is kept, or the supervisor is gone. */
	get closed(): Promise<void> {
		return this.#closed.promise;
	}

	/** Send signal `number` to the init. */
	signal(number: number): void {
		this.#socket.write(encodeSignal(SERVED_CHANNEL, number));
	}

	/** End it for good: by `signal`, after `timeout` milliseconds by SIGKILL; without a signal at once. */
	stop({signal, timeout = 0}: {signal?: number | undefined; timeout?: number | undefined} = {}): void {
		this.#socket.write(encodeStop(SERVED_CHANNEL, signal === undefined ? undefined : {signal, timeout}));
	}

	/** Give its terminal this size. */
	resize(rows: number, columns: number): void {
		this.#socket.write(encodeResize(SERVED_CHANNEL, rows, columns));
	}

	/** Hear its output from here on. Once {@link status} has answered, this has been heeded. */
	attach(onOutput: OnOutput, onLost?: OnLost): void {
		this.#onOutput = onOutput;
		this.#onLost = onLost;
		this.#socket.write(encodeAttach(SERVED_CHANNEL));
	}

	/** Bytes for its stdin. `false`: no more until {@link drained}. */
	input(data: Uint8Array): boolean {
		let room = true;
		for (let at = 0; at < data.length; at += PIECE) {
			room = this.#socket.write(encodeInput(SERVED_CHANNEL, data.subarray(at, at + PIECE)));
		}

		return room;
	}

	/** All input has been taken over, or will never be. */
	async drained(): Promise<void> {
		if (this.#socket.writableNeedDrain && !this.#closed.settled) {
			await new Promise<void>(resolve => {
				this.#socket.once('drain', resolve).once('close', resolve);
			});
		}
	}

	/** Its stdin ends here. */
	endInput(): void {
		this.#socket.write(encodeInput(SERVED_CHANNEL));
	}

	/** What the supervisor says of it. */
	status(): Promise<Report> {
		const report = new Milestone<Report>();
		if (this.#closed.settled) {
			report.reject(this.#hungUp());
		} else {
			this.#reports.push(report);
			this.#socket.write(encodeStatus(SERVED_CHANNEL));
		}

		return report.promise;
	}

	/** Read nothing until {@link resume}: past a limit its supervisor leaves out output, and counts. */
	pause(): void {
		this.#socket.pause();
	}

	resume(): void {
		this.#socket.resume();
	}

	/** Hang up; the container goes on. */
	close(): void {
		this.#socket.destroy();
	}

	[Symbol.dispose](): void {
		this.close();
	}

	#take(chunk: Buffer): void {
		try {
			this.#decoder.push(chunk, this.#receive);
		} catch (error) {
			this.#failure ??= error instanceof ClocheError ? error : new ClocheError('cannot handle what the supervisor sent', {cause: error});
			this.#socket.destroy();
		}
	}

	#dispatch(frame: Frame): void {
		const event = readEvent(frame);
		if (event.type === 'hello' || !this.#greeted.settled) {
			if (event.type !== 'hello' || this.#greeted.settled) {
				throw protocolError('its first frame, and only that, is HELLO');
			}

			checkHash(event.hash, event.version, 'it was started by another Cloche: use that one, or end it with cloche rm --force');
			this.#greeted.resolve();
		} else if (frame.channel === 0 && event.type === 'error') {
			throw failureOf(event.failure);
		} else {
			this.#hear(event);
		}
	}

	#hear(event: HelperEvent): void {
		switch (event.type) {
			case 'output': return this.#output(event);
			case 'report': return this.#reports.shift()?.resolve(event.report);
			case 'running': return callBack(() => this.onRunning?.());
			case 'warning': return callBack(() => this.onWarning?.(failureOf(event.failure)));
			case 'error': {
				this.#failure ??= failureOf(event.failure);
				return;
			}

			case 'exited': {
				if (event.exit.again === true) {
					return callBack(() => this.onAgain?.(event.exit));
				}

				return this.#exited.resolve(event.exit);
			}

			// The next run's, or what the end of the connection tells.
			case 'released':
			case 'hello':
			case 'streams':
			case 'published':
			case 'created':
			case 'traced':
			case 'held':
		}
	}

	#output({stream, data, lost}: Extract<HelperEvent, {type: 'output'}>): void {
		if (lost > 0) {
			callBack(() => this.#onLost?.(lost));
		}

		if (data !== undefined && (stream === 1 || stream === 2)) {
			callBack(() => this.#onOutput?.(stream, data));
		}
	}

	#hungUp(): ClocheError {
		return this.#failure ?? new ClocheError('the container has ended', {why: 'its supervisor hung up', errno: constants.errno.ECONNRESET});
	}

	#end(): void {
		const why = this.#hungUp();
		this.#greeted.reject(why);
		this.#exited.reject(why);
		for (const report of this.#reports.splice(0)) {
			report.reject(why);
		}

		this.#closed.resolve();
	}
}
