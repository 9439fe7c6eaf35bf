/** A user at a terminal: types, reads what is shown, changes the window's size. */

import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {createInterface, type Interface} from 'node:readline';
import type {Duplex, Readable} from 'node:stream';
import type {ExecutionContext} from 'ava';
import {stateOf} from './cloche.js';
import {command, terminal} from './installed.js';
import type {Person} from './who.js';

const PATIENCE_MS = 60_000;

export class Terminal {
	readonly child: ChildProcess;
	/** All that it has shown. */
	shown = '';
	/** How the command ended: `exit 0`, `killed 15`. */
	readonly ended: Promise<string>;
	readonly #control: Duplex;
	readonly #answers: Interface;
	#read = 0;

	/** Run `cloche WORDS…` at a terminal of that many rows and columns. */
	constructor(t: ExecutionContext, as: Person, words: readonly string[], {rows = 24, columns = 80, program = [command], env = {}}: {
		rows?: number; columns?: number; program?: readonly string[]; env?: Readonly<Record<string, string>>;
	} = {}) {
		this.child = spawn(terminal, [String(rows), String(columns), ...program, ...words], {
			stdio: ['pipe', 'pipe', 'inherit', 'pipe', 'pipe'],
			env: {...as.env, TERM: 'xterm', CLOCHE_ROOT: stateOf(as), ...env},
			cwd: as.home,
			...(as.other ? {uid: as.uid, gid: as.gid} : {}),
		});
		this.child.stdout?.on('data', chunk => {
			this.shown += String(chunk);
			this.child.emit('shown');
		});
		this.#control = this.child.stdio[3] as Duplex;
		this.#answers = createInterface(this.child.stdio[4] as Readable);
		this.ended = this.#answer(/^(?:exit|killed) /);
		t.teardown(async () => this.close());
	}

	/** Press these keys. */
	type(keys: string): void {
		this.child.stdin?.write(keys);
	}

	/** Wait until this is shown, after all that was waited for before; what matched. */
	async sees(pattern: RegExp): Promise<string> {
		for (const signal = AbortSignal.timeout(PATIENCE_MS);;) {
			const match = pattern.exec(this.shown.slice(this.#read));
			if (match !== null) {
				this.#read += match.index + match[0].length;
				return match[0];
			}

			await once(this.child, 'shown', {signal}).catch(() => {
				throw new Error(`${String(pattern)} wasn't shown after ${JSON.stringify(this.shown.slice(0, this.#read))}, but ${JSON.stringify(this.shown.slice(this.#read))}`);
			});
		}
	}

	async resize(rows: number, columns: number): Promise<void> {
		await this.#ask(`size ${rows} ${columns}`, /^ok$/);
	}

	/** How the terminal is set: its termios flags. */
	async attributes(): Promise<string> {
		return this.#ask('attributes', /^attributes /);
	}

	async close(): Promise<void> {
		this.child.stdin?.end();
		this.#control.end();
		if (this.child.exitCode === null && this.child.signalCode === null) {
			await once(this.child, 'exit');
		}
	}

	async #ask(question: string, answer: RegExp): Promise<string> {
		const answered = this.#answer(answer);
		this.#control.write(`${question}\n`);
		return answered;
	}

	async #answer(pattern: RegExp): Promise<string> {
		return new Promise(resolve => {
			const hear = (line: string): void => {
				if (pattern.test(line)) {
					this.#answers.off('line', hear);
					resolve(line);
				}
			};

			this.#answers.on('line', hear);
		});
	}
}
