/** The user's own terminal while it belongs to a container's: raw, of the same size, and given back as it was. */

import {makeRaw, readSettings, readSize, restoreSettings} from '../host/stty.js';

// Loaded only for who asks.
const isTerminal = (descriptor: number): boolean => process.getBuiltinModule('node:tty').isatty(descriptor);

/** Those that end us. */
const ENDING = {SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGTERM: 15} as const;

export interface TerminalListener {
	onSize: (rows: number, columns: number) => void;
	/** A signal came that would have ended us: with the terminal given back, that is the caller's to do. */
	onSignal: (signal: number) => void;
}

export class RawTerminal implements Disposable {
	readonly #screen: number | undefined = [1, 0].find(descriptor => isTerminal(descriptor));
	readonly #settings: string | undefined;
	readonly #onWindow: () => void;
	readonly #onSignal: (name: keyof typeof ENDING) => void;

	/** @param typed keys are read from it, too: descriptor 0, if that is a terminal */
	constructor(typed: boolean, {onSize, onSignal}: TerminalListener) {
		this.#onWindow = () => {
			this.tellSize(onSize);
		};
		this.#onSignal = name => {
			onSignal(ENDING[name]);
		};
		if (this.#screen !== undefined) {
			process.on('SIGWINCH', this.#onWindow);
		}

		if (typed && isTerminal(0)) {
			for (const name of Object.keys(ENDING)) {
				process.on(name, this.#onSignal);
			}

			this.#settings = readSettings(0);
			makeRaw(0);
		}
	}

	/** Keys are read from it one by one. */
	get isRaw(): boolean {
		return this.#settings !== undefined;
	}

	tellSize(tell: (rows: number, columns: number) => void): void {
		const size = this.#screen === undefined ? undefined : readSize(this.#screen);
		if (size !== undefined) {
			tell(size.rows, size.columns);
		}
	}

	[Symbol.dispose](): void {
		process.off('SIGWINCH', this.#onWindow);
		for (const name of Object.keys(ENDING)) {
			process.off(name, this.#onSignal);
		}

		if (this.#settings !== undefined) {
			restoreSettings(0, this.#settings);
		}
	}
}
