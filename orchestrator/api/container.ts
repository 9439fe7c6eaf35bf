/** A container that outlives its handle, and this process: kept by its own supervisor, and found again by anyone. */

import {ClocheError} from '../base/errors.js';
import {type Entrance, findEntrance} from '../container/entrance.js';
import {parseMilliseconds} from '../container/options/duration.js';
import {durationText} from '../container/normalize-life.js';
import {refuseUnknown} from '../container/options/option-names.js';
import {OptionReader} from '../container/options/reader.js';
import type {Duration} from '../container/options/run-options.js';
import {parseSignal} from '../container/options/signals.js';
import {pauseContainer, unpauseContainer} from '../container/pause.js';
import {removeByForce, removeEnded} from '../container/remove.js';
import {startKept} from '../container/start-kept.js';
import {killContainer, stopContainer} from '../container/stop.js';
import {findContainer, type FoundContainer, isUp, resolveId} from '../container/store/find.js';
import {renameContainer} from '../container/store/rename.js';
import type {StateRoots} from '../container/store/roots.js';
import type {ContainerView} from '../container/view.js';
import {inspectContainer} from '../container/view/inspect.js';
import {waitForEnd} from '../container/wait.js';
import {readPorts} from '../container/network/published.js';
import type {Port} from '../helper/plan.js';
import {type ConnectOptions, connectHere, disconnectHere} from './connect.js';
import {ContainerProcess} from './container-process.js';
import {type BytesExecOptions, type ExecOptions, launchExec, readExecRequest, type TextExecOptions} from './exec.js';
import {withLastingSupervisor} from './lasting.js';
import {type LogLine, type LogOptions, readLines} from './logs.js';

export interface StopOptions {
	/** What asks it to end; by default its own `stopSignal`. */
	signal?: string | number | undefined;
	/** Until it is killed; by default its own `stopTimeout`. */
	timeout?: Duration | undefined;
}

const STOP_NAMES = {signal: true, timeout: true} satisfies Record<keyof StopOptions, true>;

const readSignal = (signal: string | number | undefined): number | undefined => new OptionReader(String).one('stopSignal', signal, parseSignal);

const readStop = (options: StopOptions): {signal: number | undefined; timeout: number | undefined} => {
	refuseUnknown(options, Object.keys(STOP_NAMES));
	return {signal: readSignal(options.signal), timeout: new OptionReader(String).one('timeout', durationText(options.timeout), parseMilliseconds)};
};

export class Container implements AsyncDisposable {
	/** Its id, whatever it is called. */
	readonly id: string;
	readonly #roots: StateRoots;

	/** Use {@link Cloche.start} or {@link Cloche.container}. */
	constructor(roots: StateRoots, id: string) {
		this.#roots = roots;
		this.id = id;
	}

	/** What it is called at present, if anything. */
	get name(): string | undefined {
		return this.#find().record.name;
	}

	/** All that is known of it: docs/inspect.md. */
	inspect(): Promise<ContainerView> {
		return inspectContainer(this.#find(), this.#roots);
	}

	/**
	 * Run one more command in it, as {@link ContainerProcess.exec}.
	 *
	 * @example const {stdout} = await container.exec(['redis-cli', 'ping']);
	 */
	exec(command: readonly string[], options: BytesExecOptions): ContainerProcess<Buffer>;
	exec(command: readonly string[], options?: TextExecOptions): ContainerProcess;
	exec(command: readonly string[], options: ExecOptions = {}): ContainerProcess<string | Buffer> {
		const request = readExecRequest(command, options);
		return new ContainerProcess(launchExec(this.#entrance(), request), request.streams);
	}

	/**
	 * What it wrote, line by line.
	 *
	 * @example
	 * for await (const {text} of container.logs({follow: true})) {
	 * 	if (text.includes('ready')) break;
	 * }
	 */
	logs(options: LogOptions = {}): AsyncGenerator<LogLine> {
		return readLines(this.#roots, this.id, options);
	}

	/** Start it again where it has ended; one that runs stays as it is. Resolves when its command runs. */
	async start(): Promise<void> {
		const found = this.#find();
		if (!isUp(found.state)) {
			await withLastingSupervisor(supervisor => startKept(found, {roots: this.#roots, supervisor}));
		}
	}

	/** Ask it to end, wait, then kill: for good, whatever its restart policy. Resolves when it has ended. */
	async stop(options: StopOptions = {}): Promise<void> {
		await stopContainer(this.#find(), this.#roots, readStop(options));
	}

	/** Stop, and start again. */
	async restart(options: StopOptions = {}): Promise<void> {
		await this.stop(options);
		await this.start();
	}

	/** Send a signal, SIGKILL by default, which ends it for good and is waited for. */
	async kill(signal: string | number = 'SIGKILL'): Promise<void> {
		await killContainer(this.#find(), this.#roots, readSignal(signal));
	}

	/** Its exit status, 128 and the signal's number where one ended it; once it has ended for good. */
	wait(): Promise<number> {
		return waitForEnd(this.#find(), this.#roots);
	}

	/** Stop all its processes where they are. */
	async pause(): Promise<void> {
		await pauseContainer(this.#find(), this.#roots);
	}

	/** Let them go on. */
	async unpause(): Promise<void> {
		unpauseContainer(this.#find(), this.#roots);
		return Promise.resolve();
	}

	/** Put it on a network, while it runs or before it is started again; it resolves when others find it there. */
	async connect(network: string, options: ConnectOptions = {}): Promise<void> {
		await connectHere(this.#find(), this.#roots, network, options);
	}

	/** Take it off a network. */
	async disconnect(network: string): Promise<void> {
		await disconnectHere(this.#find(), this.#roots, network);
	}

	/** Its published ports with their real numbers; none while it doesn't run. */
	ports(): Port[] {
		return readPorts(this.#roots, this.id);
	}

	/** Call it otherwise. */
	rename(name: string): void {
		renameContainer(this.#roots, this.id, name);
	}

	/** Remove it; `force` kills one that runs. */
	async remove({force = false}: {force?: boolean} = {}): Promise<void> {
		if (force) {
			await removeByForce(this.#roots, this.id);
		} else {
			removeEnded(this.#roots, this.id);
		}
	}

	/** Kills and removes it; one that is gone is fine. */
	async [Symbol.asyncDispose](): Promise<void> {
		if (this.#exists()) {
			await this.remove({force: true});
		}
	}

	#exists(): boolean {
		try {
			return resolveId(this.#roots, this.id) === this.id;
		} catch (error) {
			if (error instanceof ClocheError) {
				return false;
			}

			throw error;
		}
	}

	#find(): FoundContainer {
		return findContainer(this.#roots, this.id);
	}

	async #entrance(): Promise<Entrance> {
		return Promise.resolve(findEntrance(this.#find()));
	}
}
