/**
 * One channel of the protocol: a container on its way from CREATE to RELEASED, or a process that joined one.
 * It does no I/O on the socket; it is given a function that writes.
 */

import {ClocheError, isErrno} from '../base/errors.js';
import {callBack} from './call-back.js';
import {encodeResize, encodeResume, encodeSignal, encodeStart} from './encode.js';
import {encodeLaunch} from './encode-launch.js';
import type {Exit, HelperEvent} from './events.js';
import {failureError} from './failure.js';
import type {LaunchContext, LaunchOptions, Trace} from './launch-options.js';
import {type LaunchState, nextState} from './launch-state.js';
import {Milestone} from './milestone.js';
import {NO_STREAMS} from './no-streams.js';
import type {Plan, Port, StartOp} from './plan.js';
import type {Streams} from './streams.js';
import {traceOf} from './trace-of.js';

const SIGKILL = 9;

export class Launch {
	/** The channel's number. */
	readonly channel: number;
	readonly #plan: Plan;
	readonly #options: LaunchOptions;
	readonly #context: LaunchContext;
	readonly #streams = new Milestone<Streams>();
	readonly #created = new Milestone<number>();
	readonly #running = new Milestone<void>();
	readonly #exited = new Milestone<Exit>();
	readonly #released = new Milestone<void>();
	#state: LaunchState;
	#startOps: readonly StartOp[];
	/** START, encoded beforehand (its mistakes show at once), until it is sent. */
	#start: Buffer | undefined;
	#started: boolean;
	#ends: Streams | undefined;
	#pid: number | undefined;
	readonly #ports: Port[] = [];
	/** Why it failed, unless the helper says it better. */
	#suspected: ClocheError | undefined;

	/** Encodes and sends. Throws a ClocheError where the plan can't be sent; nothing was, then. */
	constructor(context: LaunchContext, plan: Plan, options: LaunchOptions) {
		const {bytes, started, start, piped} = encodeLaunch(context.channel, plan, options);
		this.#state = options.links === true ? 'linking' : 'creating';
		this.#started = started;
		this.#start = start;
		this.channel = context.channel;
		this.#context = context;
		this.#plan = plan;
		this.#options = options;
		this.#startOps = plan.start;
		if (!piped) {
			this.#streams.resolve(NO_STREAMS);
		}

		context.send(bytes);
	}

	/** The init's pid, once it is created. */
	get pid(): number | undefined {
		return this.#pid;
	}

	get state(): LaunchState {
		return this.#state;
	}

	/** The published ports with their real numbers, in the plan's order: all of them once it is created. */
	get ports(): readonly Port[] {
		return this.#ports;
	}

	/** The ends of piped streams; empty where there is no pipe. */
	get streams(): Promise<Streams> {
		return this.#streams.promise;
	}

	/** The root is built and the init waits for START; the init's pid. */
	get created(): Promise<number> {
		return this.#created.promise;
	}

	/** The payload's exec happened. */
	get running(): Promise<void> {
		return this.#running.promise;
	}

	/** The payload ended. */
	get exited(): Promise<Exit> {
		return this.#exited.promise;
	}

	/** Nothing of the container is left. Resolves after a failure, too; rejects only where the helper died. */
	get released(): Promise<void> {
		return this.#released.promise;
	}

	/**
	 * Send START, with `ops` in place of the plan's. Only once, only where `autoStart` is false, and only after `streams`.
	 * Throws a ClocheError where `ops` can't be sent; returns `false` where the init has ended.
	 */
	start(ops: readonly StartOp[] = this.#plan.start): boolean {
		if (this.#started || this.#start !== undefined) {
			throw new ClocheError('the container is started already');
		}

		if (!this.#streams.settled) {
			throw new ClocheError('the container can\'t be started yet', {why: 'its pipes are not open', remedy: 'await streams first'});
		}

		const bytes = encodeStart(this.channel, ops, this.#plan.create.length);
		this.#startOps = ops;
		this.#started = true;
		return this.#sendIfLive(bytes);
	}

	/** Send signal `number` to the init; `false` where it has ended. */
	signal(number: number): boolean {
		return this.#sendIfLive(encodeSignal(this.channel, number));
	}

	/** Give the terminal this size; `false` where the init has ended. */
	resize(rows: number, columns: number): boolean {
		return this.#sendIfLive(encodeResize(this.channel, rows, columns));
	}

	/** Go on after a hold; `false` where the init has ended. */
	resume(): boolean {
		return this.#sendIfLive(encodeResume(this.channel));
	}

	/** Take an event of this channel. Throws what protocolError makes where it may not come now. */
	receive(event: HelperEvent): void {
		this.#state = nextState(this.#state, event, this.channel);
		switch (event.type) {
			case 'streams': return this.#openStreams(event);
			case 'published': return this.#note(event.port);
			case 'created': {
				this.#pid = event.pid;
				return this.#created.resolve(event.pid);
			}

			case 'running': return this.#running.resolve();
			case 'exited': return this.#exited.resolve(event.exit);
			case 'error': return this.#settle(failureError(event.failure, this.#plan, this.#startOps));
			case 'warning': return this.#warn(failureError(event.failure, this.#plan, this.#startOps));
			case 'traced': return this.#trace(traceOf(event, this.#plan, this.#startOps));
			case 'held': return callBack(() => this.#options.onHeld?.(event.index));
			case 'released': {
				if (this.#suspected !== undefined) {
					this.#settle(this.#suspected);
				}

				this.#letGo();
				this.#released.resolve();
				return this.#context.onReleased();
			}

			// Those of clients; the state has refused them.
			case 'output':
			case 'report':
			case 'hello':
		}
	}

	/** The helper is gone: whatever is pending fails. */
	fail(error: ClocheError): void {
		this.#settle(error);
		this.#state = 'released';
		this.#released.reject(error);
	}

	#note(port: Port): void {
		this.#ports.push(port);
	}

	/** Ends that nobody has asked for by now, nor will in the turns that this event causes. */
	#letGo(): void {
		const ends = this.#ends;
		if (ends !== undefined) {
			setImmediate(() => {
				ends.close();
			});
		}
	}

	#sendIfLive(bytes: Buffer): boolean {
		const live = this.#state === 'creating' || this.#state === 'created' || this.#state === 'running';
		if (live) {
			this.#context.send(bytes);
		}

		return live;
	}

	#settle(error: ClocheError): void {
		if (!this.#running.settled) {
			// What was opened: the container will never use it.
			this.#ends?.destroy();
		}

		this.#streams.reject(error);
		this.#created.reject(error);
		this.#running.reject(error);
		this.#exited.reject(error);
	}

	#openStreams(numbers: {stdin?: number | undefined; stdout?: number | undefined; stderr?: number | undefined}): void {
		if (this.#state === 'failed') {
			return;
		}

		try {
			this.#ends = this.#context.openStreams(this.#context.helperPid, numbers);
		} catch (cause) {
			// The init would wait for its START for ever.
			this.signal(SIGKILL);
			this.#state = 'failed';
			const error = new ClocheError('cannot open the piped streams', {step: 'streams', cause});
			// Gone already: the launch has failed in the helper, and ERROR, which says why, is right behind.
			if (isErrno(cause, 'ENOENT')) {
				this.#suspected = error;
				return;
			}

			return this.#settle(error);
		}

		// In the same turn: at START the helper closes its copies.
		if (this.#start !== undefined) {
			this.#context.send(this.#start);
			this.#start = undefined;
			this.#started = true;
		}

		this.#streams.resolve(this.#ends);
	}

	#warn(warning: ClocheError): void {
		const {onWarning = ({message}: ClocheError) => process.emitWarning(message, 'ClocheWarning')} = this.#options;
		callBack(() => onWarning(warning));
	}

	#trace(trace: Trace): void {
		callBack(() => this.#options.onTrace?.(trace));
	}
}
