/** Signals that a command gets and that mean what runs in a container. */

import {constants} from 'node:os';

/** Who is to get them. */
interface Receiver {
	signal: (number: number) => void;
}

/** Those that a process gets from its user or its shell, and that mean the payload. */
const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;

/** Take them for the payload: kept until it is known to whom they go. */
export class SignalForwarder {
	#early: number[] = [];
	#receiver: Receiver | undefined;

	begin(): void {
		for (const name of FORWARDED) {
			process.on(name, () => {
				this.#take(constants.signals[name]);
			});
		}
	}

	sendTo(receiver: Receiver): void {
		this.#receiver = receiver;
		for (const signal of this.#early) {
			receiver.signal(signal);
		}
	}

	#take(signal: number): void {
		if (this.#receiver === undefined) {
			this.#early.push(signal);
		} else {
			this.#receiver.signal(signal);
		}
	}
}
