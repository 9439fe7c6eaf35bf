/** A running command, as a handle and as a promise of its result: like a subprocess of execa. */

import type {Readable, Writable} from 'node:stream';
import {ClocheError} from '../base/errors.js';
import {exitStatus, type Outcome} from '../container/lifecycle.js';
import {parseSignal} from '../container/options/signals.js';
import {Unacceptable} from '../container/options/unacceptable.js';
import type {Entrance} from '../container/entrance.js';
import type {Execution} from '../container/execution.js';
import type {Port} from '../helper/plan.js';
import type {Streams} from '../helper/streams.js';
import {decode, type Collected} from './collect.js';
import {type BytesExecOptions, type ExecOptions, launchExec, readExecRequest, type TextExecOptions} from './exec.js';
import type {Started} from './launched.js';
import type {StreamOptions} from './options.js';
import {CommandError, nameSignal, type Result} from './result.js';
import {Outputs} from './outputs.js';
import {InputStandIn} from './stand-in.js';

const NOTHING: Collected = {bytes: Buffer.alloc(0), overflowed: false};

export class ContainerProcess<Text extends string | Buffer = string> implements PromiseLike<Result<Text>>, AsyncDisposable {
	readonly #started: Promise<Started>;
	readonly #options: StreamOptions;
	readonly #input = new InputStandIn();
	readonly #outputs: Outputs;
	readonly #begin = performance.now();
	readonly #result: Promise<Result<Text>>;
	#canceled = false;
	/** Why we killed it, where it was nobody's wish. */
	#cause: unknown;

	constructor(started: Promise<Started>, options: StreamOptions) {
		this.#started = started;
		this.#options = options;
		this.#outputs = new Outputs(options);
		this.#result = this.#run();
		this.#result.catch(() => undefined); // Marks it as handled; whoever awaits it still gets the error.
	}

	/** With `interactive`: what is written here, the payload reads. */
	get stdin(): Writable {
		return this.#input.stream;
	}

	/** What it writes, while it runs. Whoever asks for this has to read it. */
	get stdout(): Readable {
		return this.#outputs.stdout;
	}

	/** What it writes to stderr, while it runs. Whoever asks for this has to read it. */
	get stderr(): Readable {
		return this.#outputs.stderr;
	}

	/** The pid, on this machine, of its first process; resolves once the command runs. */
	async pid(): Promise<number> {
		const {container: {launch}} = await this.#started;
		await launch.running;
		return launch.created;
	}

	/**
	 * Its published ports with their real numbers; resolves once they are reached.
	 *
	 * @example
	 * await using web = cloche.run('busybox', ['httpd', '-f'], {publish: 80});
	 * const [{outside}] = await web.ports();
	 */
	async ports(): Promise<readonly Port[]> {
		const {container: {launch}} = await this.#started;
		await launch.running;
		return launch.ports;
	}

	/**
	 * Run one more command in the same container, once that runs. It has the container's environment, directory, user, limits
	 * and rights, and ends at the latest with it.
	 *
	 * @example const {stdout} = await server.exec(['cat', '/var/run/server.pid']);
	 */
	exec(command: readonly string[], options: BytesExecOptions): ContainerProcess<Buffer>;
	exec(command: readonly string[], options?: TextExecOptions): ContainerProcess;
	exec(command: readonly string[], options: ExecOptions = {}): ContainerProcess<string | Buffer> {
		const request = readExecRequest(command, options);
		return new ContainerProcess(launchExec(this.#entrance(), request), request.streams);
	}

	/**
	 * Send a signal, SIGTERM by default, as soon as there is somebody to get it. One that process 1 has no handler for kills the
	 * container, as it would end any other process.
	 */
	kill(signal: string | number = 'SIGTERM'): void {
		const number = this.#number(signal);
		this.#tell(({lifecycle}) => {
			lifecycle.signal(number);
		});
	}

	/** Ask it to end with its stop signal; after its `stopTimeout` it is killed. Resolves when nothing is left of it. */
	async stop(): Promise<void> {
		this.#tell(({lifecycle}) => {
			lifecycle.stop();
		});
		await this.#released();
	}

	/** The terminal's size, with `tty`. */
	resize(rows: number, columns: number): void {
		this.#tell(({launch}) => {
			launch.resize(rows, columns);
		});
	}

	then<A = Result<Text>, B = never>(onResult?: ((result: Result<Text>) => A | PromiseLike<A>) | null, onError?: ((error: unknown) => B | PromiseLike<B>) | null): Promise<A | B> {
		return this.#result.then(onResult, onError);
	}

	catch<B = never>(onError: (error: unknown) => B | PromiseLike<B>): Promise<Result<Text> | B> {
		return this.#result.catch(onError);
	}

	finally(act: () => void): Promise<Result<Text>> {
		return this.#result.finally(act);
	}

	/** Kills it, and resolves when nothing is left of it. */
	async [Symbol.asyncDispose](): Promise<void> {
		this.#tell(({lifecycle}) => {
			lifecycle.kill();
		});
		await this.#released();
	}

	async #entrance(): Promise<Entrance> {
		const {container, entrance} = await this.#started;
		if (entrance.target === container.launch) {
			await container.launch.running;
		}

		return entrance;
	}

	#number(signal: string | number): number {
		try {
			return parseSignal(String(signal));
		} catch (error) {
			throw error instanceof Unacceptable ? new ClocheError(`kill ${signal}`, {why: error.why, remedy: `give ${error.accepted}`}) : error;
		}
	}

	#tell(act: (container: Execution) => void): void {
		this.#started.then(({container}) => {
			act(container);
		}, () => undefined); // It never started; the result tells.
	}

	async #released(): Promise<void> {
		const started = await this.#started.catch(() => undefined);
		await started?.container.released;
	}

	async #run(): Promise<Result<Text>> {
		const started = await this.#started;
		const {container} = started;
		const stopListening = this.#listen(container);
		try {
			const streams = await container.launch.streams.catch(() => undefined); // The outcome tells why.
			if (streams === undefined) {
				return this.#conclude(started, await container.outcome, NOTHING, NOTHING);
			}

			this.#feed(streams, container);
			const {stdout, stderr} = await this.#outputs.take(container, streams);
			const outcome = await container.outcome;
			this.#outputs.flush();
			return this.#conclude(started, outcome, await stdout, await stderr);
		} finally {
			stopListening();
		}
	}

	#feed({stdin}: Streams, {lifecycle}: Execution): void {
		const {input} = this.#options;
		if (stdin !== undefined) {
			this.#input.connect(stdin);
			if (typeof input === 'string' || input instanceof Uint8Array) {
				stdin.end(input);
			} else if (input !== undefined) {
				input.once('error', cause => {
					this.#cause = cause;
					lifecycle.kill();
					stdin.destroy();
				});
				input.pipe(stdin);
			}
		}
	}

	#listen({lifecycle}: Execution): () => void {
		const {signal} = this.#options;
		const cancel = (): void => {
			this.#canceled = true;
			lifecycle.kill();
		};

		if (signal?.aborted === true) {
			cancel();
		}

		signal?.addEventListener('abort', cancel, {once: true});
		return () => signal?.removeEventListener('abort', cancel);
	}

	#conclude({container, image, command}: Started, outcome: Outcome, out: Collected, err: Collected): Result<Text> {
		const {encoding = 'utf8', stripFinalNewline = true, reject = true, signal} = this.#options;
		const {exit, timedOut} = outcome;
		// The type parameter stands for the encoding: `run` has an overload for each.
		const text = ({bytes}: Collected): Text => decode(bytes, encoding, stripFinalNewline) as Text;
		const isMaxBuffer = out.overflowed || err.overflowed;
		const result: Result<Text> = {
			command, image,
			id: container.id,
			exitCode: exit.code,
			signal: nameSignal(exit.signal),
			stdout: text(out),
			stderr: text(err),
			failed: exit.code !== 0 || timedOut || isMaxBuffer || this.#cause !== undefined,
			timedOut,
			isCanceled: this.#canceled,
			isMaxBuffer,
			durationMs: performance.now() - this.#begin,
			usage: {userTime: exit.userTime / 1000, systemTime: exit.systemTime / 1000, maxRss: exit.maxRss * 1024},
		};
		if (result.failed && reject) {
			throw new CommandError(result, exitStatus(outcome), this.#canceled ? signal?.reason : this.#cause);
		}

		return result;
	}
}
