/** Runs the table of `states.ts` for one launched container: signals, stopping, the time limit, the outcome. */

import {ClocheError} from '../base/errors.js';
import type {Exit} from '../helper/events.js';
import {type Disposition, dispositionOf} from '../host/signals.js';
import type {ContainerSpec} from './spec.js';
import {type Action, type Event, type State, transitions} from './states.js';

/** What this needs of a `Launch`. */
export interface Launched {
	readonly pid: number | undefined;
	readonly running: Promise<void>;
	readonly exited: Promise<Exit>;
	signal(number: number): boolean;
}

export interface LifecycleOptions {
	spec: Pick<ContainerSpec, 'stopSignal' | 'stopTimeout' | 'timeout' | 'init'>;
	/** The payload is process 1 of its pid namespace. */
	alone: boolean;
	/** Hears that the time limit is reached. */
	onTimeout?: (() => void) | undefined;
	/** A seam for tests. */
	disposition?: (pid: number, signal: number) => Disposition | undefined;
}

/** How it ended. */
export interface Outcome {
	exit: Exit;
	/** The time limit was reached. */
	timedOut: boolean;
	/** The signal that was passed on and, since process 1 would never have got it, carried out as a kill. */
	instead?: number;
}

const SIGKILL = 9;

export class Lifecycle {
	/** Rejects with a ClocheError where the payload never ran, or where it isn't known how it ended. */
	readonly outcome: Promise<Outcome>;
	readonly #launch: Launched;
	readonly #options: LifecycleOptions;
	#state: State = 'creating';
	#held: number[] = [];
	#killed = false;
	#timers: NodeJS.Timeout[] = [];
	#timedOut = false;
	#instead: number | undefined;

	constructor(launch: Launched, options: LifecycleOptions) {
		this.#launch = launch;
		this.#options = options;
		this.outcome = this.#follow();
		this.outcome.catch(() => undefined); // Marks it as handled; whoever awaits it still gets the error.
		launch.running.then(() => {
			this.#handle('running');
			this.#startClock();
		}, () => undefined); // The outcome tells.
	}

	get state(): State {
		return this.#state;
	}

	/** Pass a signal on, now or as soon as there is a payload. One that process 1 has no handler for ends it, as it would any other process. */
	signal(number: number): void {
		this.#handle('signal', number);
	}

	/** Ask with the stop signal, wait, then kill. */
	stop(): void {
		this.#handle('stop');
	}

	kill(): void {
		this.#handle('kill');
	}

	async #follow(): Promise<Outcome> {
		try {
			const exit = await this.#exit();
			return {exit, timedOut: this.#timedOut, ...(this.#instead === undefined || exit.signal !== SIGKILL ? {} : {instead: this.#instead})};
		} finally {
			this.#handle('ended');
			for (const timer of this.#timers) {
				clearTimeout(timer);
			}
		}
	}

	/** Whoever kills what hasn't run yet gets what any other kill brings, and no defect is told. */
	async #exit(): Promise<Exit> {
		try {
			return await this.#launch.exited;
		} catch (error) {
			if (this.#killed && error instanceof ClocheError && error.step === 'init') {
				return {signal: SIGKILL, userTime: 0, systemTime: 0, maxRss: 0};
			}

			throw error;
		}
	}

	#startClock(): void {
		const {timeout} = this.#options.spec;
		if (timeout !== undefined && this.#state !== 'ended') {
			this.#after(timeout, () => {
				this.#timedOut = true;
				this.#options.onTimeout?.();
				this.stop();
			});
		}
	}

	#after(milliseconds: number, act: () => void): void {
		this.#timers.push(setTimeout(act, milliseconds));
	}

	#handle(event: Event, signal = 0): void {
		const [action, next] = transitions[this.#state][event];
		this.#state = next;
		this.#act(action, signal);
	}

	#act(action: Action, signal: number): void {
		switch (action) {
			case 'hold': {
				// Who sends the same again doesn't want to wait for a start that doesn't end.
				if (this.#held.includes(signal)) {
					this.#act('kill', SIGKILL);
				}

				this.#held.push(signal);
				break;
			}

			case 'release': {
				const held = this.#held;
				this.#held = [];
				for (const number of held) {
					this.signal(number);
				}

				break;
			}

			case 'deliver': {
				this.#deliver(signal);
				break;
			}

			case 'ask': {
				this.#ask();
				break;
			}

			case 'kill': {
				this.#killed = true;
				this.#launch.signal(SIGKILL);
				break;
			}

			case 'nothing':
		}
	}

	/**
	 * The kernel keeps from process 1 every signal that it has no handler for (pid_namespaces(7)); anywhere else most would
	 * end the process. A Ctrl-C is meant so.
	 */
	#deliver(signal: number): void {
		if (this.#isDeaf(signal)) {
			this.#instead = signal;
			this.kill();
		} else {
			this.#launch.signal(signal);
		}
	}

	#ask(): void {
		const {stopSignal, stopTimeout} = this.#options.spec;
		if (this.#isDeaf(stopSignal)) {
			this.kill();
			return;
		}

		this.#launch.signal(stopSignal);
		this.#after(stopTimeout, () => {
			this.#handle('overdue');
		});
	}

	#isDeaf(signal: number): boolean {
		const {alone, disposition = dispositionOf, spec} = this.#options;
		const {pid} = this.#launch;
		return alone && !spec.init && signal !== SIGKILL && pid !== undefined && disposition(pid, signal) === 'default';
	}
}

/** 124, as timeout(1) has it, where the payload ended well but only since it was stopped. */
const TIMED_OUT = 124;

/** The status that a shell would show: the payload's own, or 128 and the number of the signal that ended it. */
export const exitStatus = ({exit, timedOut, instead}: Outcome): number => {
	if (exit.code === undefined) {
		return 128 + (instead ?? exit.signal);
	}

	return timedOut && exit.code === 0 ? TIMED_OUT : exit.code;
};

