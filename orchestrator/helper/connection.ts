/**
 * Many channels over one socket: frames in, events to the launches they belong to. It knows nothing of processes; the
 * supervisor tells it when the other side is gone, and then everything pending fails at once, with the reason.
 */

import {ClocheError} from '../base/errors.js';
import {checkHash} from './check-hash.js';
import {type Failure, readEvent} from './events.js';
import {type Frame, FrameDecoder, protocolError} from './frame-decoder.js';
import type {HelperProcess, HelperSocket} from './helper-process.js';
import {Launch} from './launch.js';
import type {LaunchOptions} from './launch-options.js';
import type {Plan} from './plan.js';
import {Kind, Limit} from './protocol.js';

export interface ConnectionOptions {
	/** The helper's pid. */
	pid: number;
	/** Take the ends of piped streams from the helper. */
	openStreams: HelperProcess['openStreams'];
	/** The helper can't be trusted any more, or said goodbye: end it. */
	onBroken: (error: ClocheError) => void;
}

/** What the helper says on channel 0: a frame of ours was refused. */
const refusal = ({detail}: Failure): ClocheError => new ClocheError('nsinit refused a frame', {
	why: detail ?? 'it gave no reason', step: 'frame', remedy: 'this is a defect: please report it',
});

export class Connection {
	readonly #socket: HelperSocket;
	readonly #options: ConnectionOptions;
	readonly #decoder = new FrameDecoder();
	readonly #launches = new Map<number, Launch>();
	/** Numbers that were used and are free again; the highest one ever used is #highest. */
	readonly #free: number[] = [];
	#highest = 0;
	#greeted = false;
	#failure: ClocheError | undefined;
	readonly #receive = (frame: Frame): void => {
		this.#dispatch(frame);
	};

	constructor(socket: HelperSocket, options: ConnectionOptions) {
		this.#socket = socket;
		this.#options = options;
		socket.unref();
		socket.on('data', (chunk: Buffer) => {
			this.#take(chunk);
		});
	}

	/** How many channels are open. */
	get size(): number {
		return this.#launches.size;
	}

	/** Why nothing can be launched any more, if so. */
	get failure(): ClocheError | undefined {
		return this.#failure;
	}

	/** Open a channel. Throws a ClocheError where the helper is gone or the plan can't be sent. */
	launch(plan: Plan, options: LaunchOptions): Launch {
		if (this.#failure !== undefined) {
			throw this.#failure;
		}

		const {target} = options;
		if (target instanceof Launch && (this.#launches.get(target.channel) !== target || target.state !== 'running')) {
			throw new ClocheError('cannot join the container', {why: `it is ${target.state}, not running`});
		}

		const reused = this.#free.length > 0;
		const channel = this.#free.at(-1) ?? this.#highest + 1;
		if (channel > Limit.CHANNELS) {
			throw new ClocheError('too many containers', {why: `one supervisor holds ${Limit.CHANNELS}`, remedy: 'wait for some to end'});
		}

		const launch = new Launch({
			channel,
			helperPid: this.#options.pid,
			openStreams: this.#options.openStreams,
			send: bytes => {
				this.#socket.write(bytes);
			},
			onReleased: () => {
				this.#release(channel);
			},
		}, plan, options);

		// Only now: a plan that can't be sent takes no channel.
		if (reused) {
			this.#free.pop();
		} else {
			this.#highest = channel;
		}

		if (this.#launches.size === 0) {
			this.#socket.ref();
		}

		this.#launches.set(channel, launch);
		return launch;
	}

	/** The other side is gone: everything pending fails with `error`, and so does every launch from now on. */
	fail(error: ClocheError): void {
		if (this.#failure !== undefined) {
			return;
		}

		this.#failure = error;
		const launches = [...this.#launches.values()];
		this.#launches.clear();
		this.#socket.unref();
		for (const launch of launches) {
			launch.fail(error);
		}
	}

	#take(chunk: Buffer): void {
		if (this.#failure !== undefined) {
			return; // What it still says can't change anything.
		}

		try {
			this.#decoder.push(chunk, this.#receive);
		} catch (error) {
			const broken = error instanceof ClocheError ? error : new ClocheError('cannot handle what the helper sent', {cause: error});
			this.fail(broken);
			this.#options.onBroken(broken);
		}
	}

	#dispatch(frame: Frame): void {
		const event = readEvent(frame);
		if (!this.#greeted || frame.kind === Kind.HELLO) {
			if (event.type !== 'hello' || this.#greeted || frame.channel !== 0) {
				throw protocolError('its first frame, and only that, is HELLO');
			}

			this.#greeted = true;
			return checkHash(event.hash, event.version);
		}

		if (frame.channel === 0) {
			throw event.type === 'error' ? refusal(event.failure) : protocolError(`the event ${event.type} on channel 0`);
		}

		const launch = this.#launches.get(frame.channel);
		if (launch === undefined) {
			throw protocolError(`the event ${event.type} on channel ${frame.channel}, which is not open`);
		}

		launch.receive(event);
	}

	#release(channel: number): void {
		this.#launches.delete(channel);
		this.#free.push(channel);
		if (this.#launches.size === 0) {
			this.#socket.unref();
		}
	}
}
