/** Our terminal or streams, joined to those of a detached container. */

import type {Readable} from 'node:stream';
import type {ClocheError} from '../base/errors.js';
import {exitStatus, type Launched, Lifecycle} from '../container/lifecycle.js';
import type {ContainerSpec} from '../container/spec.js';
import {connectToContainer} from '../helper/client.js';
import type {ContainerClient} from '../helper/container-client.js';
import {DetachKeys} from './detach-keys.js';
import {printAside} from './output.js';
import {openInput} from './own-input.js';
import {RawTerminal} from './raw-terminal.js';
import {SignalForwarder} from './signals.js';
import {openSinks, type Sink} from './sink.js';

export interface AttachOptions {
	/** Our standard input becomes its own, where it has one. */
	stdin: boolean;
	/** Its standard input ends with ours. */
	endInput?: boolean;
	/** The bytes of --detach-keys. */
	detachKeys: Buffer;
	/** Signals to us are passed on, unless it has a terminal: there keys are. */
	sigProxy: boolean;
	/** Its first process, if there is one by now. */
	pid?: number | undefined;
	/** It may show something already: it is made to draw that again. */
	redraw?: boolean;
}

/** What a shell shows of a writer whom nobody reads. */
const BROKEN = 128 + 13;

export class Attachment {
	/** The exit status: the container's, or 0 where it was left by its keys. */
	readonly status: Promise<number>;
	readonly #client: ContainerClient;
	readonly #terminal: RawTerminal | undefined;
	readonly #sinks: readonly [Sink, Sink];
	readonly #keys: DetachKeys;
	#input: Readable | undefined;
	/** Its first process is another one after each restart. */
	readonly #launched: Launched & {pid: number | undefined};
	#end: (status: number) => void = () => undefined;

	/** Use {@link attachTo}. */
	constructor(client: ContainerClient, spec: ContainerSpec, options: AttachOptions) {
		this.#client = client;
		this.#keys = new DetachKeys(options.detachKeys);
		this.#launched = {
			pid: options.pid,
			running: Promise.resolve(),
			exited: client.exited,
			signal: number => {
				client.signal(number);
				return true;
			},
		};
		const stdin = options.stdin && spec.interactive;
		const {terminal} = spec.process;
		const left = new Promise<number>(resolve => {
			this.#end = resolve;
		});
		this.#sinks = openSinks(() => {
			this.#end(BROKEN);
		});
		this.#hear();
		this.#terminal = terminal ? this.#takeTerminal(stdin) : undefined;
		this.#terminal?.tellSize((rows, columns) => {
			// Whoever draws does so again only for another size, as docker attach knows.
			if (options.redraw === true) {
				client.resize(rows + 1, columns);
			}

			client.resize(rows, columns);
		});
		this.status = Promise.race([left, this.#follow(spec, options.sigProxy && !terminal)]).finally(() => {
			this.close();
		});
		this.status.catch(() => undefined); // Marks it as handled; whoever awaits it still gets the error.
		if (stdin) {
			this.#feed(options.endInput === true);
		}
	}

	/** Hang up, and give the terminal back. */
	close(): void {
		this.#input?.destroy();
		this.#terminal?.[Symbol.dispose]();
		this.#client.close();
	}

	#takeTerminal(stdin: boolean): RawTerminal {
		return new RawTerminal(stdin, {
			onSize: (rows, columns) => {
				this.#client.resize(rows, columns);
			},
			onSignal: signal => {
				this.#end(128 + signal);
			},
		});
	}

	#hear(): void {
		const client = this.#client;
		client.onWarning = ({message}: ClocheError) => {
			this.#say(message);
		};
		client.onRunning = () => {
			client.status().then(({pid}) => {
				this.#launched.pid = pid;
			}, () => undefined);
		};
		client.attach((stream, data) => {
			const sink = this.#sinks[stream === 1 ? 0 : 1];
			if (!sink.write(data)) {
				void this.#wait(sink);
			}
		}, bytes => {
			this.#say(`${bytes} bytes of output were left out here: they came faster than they were read`);
		});
	}

	/** What it writes meanwhile its supervisor keeps for us, up to a limit, and counts. */
	async #wait(sink: Sink): Promise<void> {
		this.#client.pause();
		await sink.drained();
		this.#client.resume();
	}

	async #follow(spec: ContainerSpec, sigProxy: boolean): Promise<number> {
		const lifecycle = new Lifecycle(this.#launched, {spec: {...spec, timeout: undefined}, alone: spec.linux.namespaces.pid === 'private'});
		if (sigProxy) {
			const signals = new SignalForwarder();
			signals.begin();
			signals.sendTo(lifecycle);
		}

		const outcome = await lifecycle.outcome;
		await Promise.all(this.#sinks.map(sink => sink.drained()));
		return exitStatus(outcome);
	}

	#feed(endInput: boolean): void {
		const input = openInput();
		this.#input = input;
		input.on('data', (typed: Buffer) => {
			const {passed, detached} = this.#terminal?.isRaw === true ? this.#keys.take(typed) : {passed: typed, detached: false};
			if (!this.#client.input(passed)) {
				input.pause();
				void this.#client.drained().then(() => input.resume());
			}

			if (detached) {
				this.#end(0);
			}
		});
		input.on('error', () => undefined); // The terminal is gone (EIO): SIGHUP tells.
		input.on('end', () => {
			if (endInput) {
				this.#client.endInput();
			}
		});
	}

	/** Lines of ours on a terminal that shows every byte as it is. */
	#say(message: string): void {
		const [before, end] = this.#terminal?.isRaw === true ? ['\r\n', '\r\n'] : ['', '\n'];
		printAside(`${before}cloche: ${message}${end}`);
	}
}

/**
 * Join them. Resolves when nothing that is written from here on is missed.
 *
 * @param socket its supervisor's
 * @throws ClocheError; isGone tells where nobody listens
 */
export const attachTo = async (socket: string, spec: ContainerSpec, options: AttachOptions): Promise<Attachment> => {
	const client = await connectToContainer(socket);
	const attachment = new Attachment(client, spec, options);
	try {
		await client.status();
	} catch {
		// It has ended meanwhile, and its status tells.
	}

	return attachment;
};
