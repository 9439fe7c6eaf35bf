/** A container that is made and waits for its command. */

import {ClocheError} from '../base/errors.js';
import {refuseUnknown} from '../container/options/option-names.js';
import {planStart, type StartChoice} from '../container/start.js';
import {ContainerProcess} from './container-process.js';
import {type BytesExecOptions, type ExecOptions, launchExec, readExecRequest, type TextExecOptions} from './exec.js';
import type {StartedContainer} from './launched.js';
import type {StreamOptions} from './options.js';

export interface StartOptions extends StartChoice, Pick<StreamOptions, 'reject' | 'signal'> {}

const START_NAMES = {env: true, workdir: true, user: true, reject: true, signal: true} satisfies Record<keyof StartOptions, true>;

export class Sandbox implements AsyncDisposable {
	readonly #created: StartedContainer;
	readonly #streams: StreamOptions;
	#started = false;

	/** Use {@link Cloche.create}. */
	constructor(created: StartedContainer, streams: StreamOptions) {
		this.#created = created;
		this.#streams = streams;
	}

	get id(): string {
		return this.#created.container.id;
	}

	/** The pid, on this machine, of its process 1. */
	get pid(): number | undefined {
		return this.#created.container.launch.pid;
	}

	/**
	 * Start the command: once. Its handle is also a promise of the result.
	 *
	 * @param command without it, the image's
	 */
	start(command: readonly string[] = [], {reject, signal, ...choice}: StartOptions = {}): ContainerProcess {
		refuseUnknown({reject, signal, ...choice}, Object.keys(START_NAMES));
		if (this.#started) {
			throw new ClocheError('the container was started already', {where: this.id, remedy: 'create another one'});
		}

		const {container, design} = this.#created;
		const {ops, args} = planStart(design, command, choice, process.env);
		this.#started = true;
		container.launch.start(ops);
		const streams = {...this.#streams, ...(reject === undefined ? {} : {reject}), ...(signal === undefined ? {} : {signal})};
		return new ContainerProcess(Promise.resolve({...this.#created, command: args}), streams);
	}

	/** Run one more command in it, beside the started one: as {@link ContainerProcess.exec}. */
	exec(command: readonly string[], options: BytesExecOptions): ContainerProcess<Buffer>;
	exec(command: readonly string[], options?: TextExecOptions): ContainerProcess;
	exec(command: readonly string[], options: ExecOptions = {}): ContainerProcess<string | Buffer> {
		const request = readExecRequest(command, options);
		if (!this.#started) {
			throw new ClocheError('the container has no command yet', {where: this.id, remedy: 'start it first'});
		}

		const {container: {launch}, entrance} = this.#created;
		return new ContainerProcess(launchExec(launch.running.then(() => entrance), request), request.streams);
	}

	/** Kills what runs in it, and resolves when nothing is left of it. */
	async close(): Promise<void> {
		this.#created.container.lifecycle.kill();
		await this.#created.container.released;
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.close();
	}
}
