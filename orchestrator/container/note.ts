/**
 * When a container is written down, with its init.
 *
 * Most are gone before anyone could look them up. So one that leaves nothing behind whatever is killed (`leavesNothing`) gets
 * its claim and its record only when it stays; one that the anchor holds, only the note of its init; and where that note is
 * the leash, or the container is kept, it is written at once.
 */

import {ClocheError} from '../base/errors.js';
import type {Launch} from '../helper/launch.js';
import {type Design, isLeashed} from './prepare.js';
import type {StoredContainer} from './store/create.js';
import {recordInit} from './store/exit.js';

/** How long a container runs before it is worth a note. */
const SETTLED_MS = 20;

export interface NoteOptions {
	design: Design;
	/** What was written before the launch. */
	stored: StoredContainer | undefined;
	launch: Launch;
	/** Writes it otherwise; `undefined` where its supervisor is gone. */
	write: () => StoredContainer | undefined;
	/** It has its note: others may come to know of it. */
	onNoted?: (stored: StoredContainer) => void;
	/** It couldn't be written: the container must not go on without. */
	onProblem: (problem: ClocheError) => void;
}

export class Note {
	readonly #options: NoteOptions;
	#stored: StoredContainer | undefined;
	#timer: NodeJS.Timeout | undefined;
	#closed = false;

	constructor(options: NoteOptions) {
		this.#options = options;
		this.#stored = options.stored;
		const {design, launch} = options;
		launch.created.then(pid => {
			if (this.#closed) {
				return;
			}

			if (design.keep || !isLeashed(design.plan)) {
				this.#write(pid);
			} else {
				this.#timer = setTimeout(() => {
					this.#write(pid);
				}, SETTLED_MS).unref();
			}
		}, () => undefined); // The outcome tells.
	}

	/** What is on disk. */
	get stored(): StoredContainer | undefined {
		return this.#stored;
	}

	/** Nothing is written from here on. */
	close(): void {
		this.#closed = true;
		clearTimeout(this.#timer);
	}

	#write(pid: number): void {
		const {write, onNoted, onProblem} = this.#options;
		try {
			this.#stored ??= write();
			if (this.#stored !== undefined) {
				recordInit(this.#stored.directory, pid);
				onNoted?.(this.#stored);
			}
		} catch (cause) {
			onProblem(cause instanceof ClocheError ? cause
				: new ClocheError('cannot write down the container\'s first process', {where: this.#stored?.directory, cause, remedy: 'put the state elsewhere with --root DIR or CLOCHE_ROOT'}));
		}
	}
}
