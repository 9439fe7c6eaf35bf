/** Streams that can be had before the container is there: made only when they are asked for, and connected later. */

import {PassThrough, type Readable, type Writable} from 'node:stream';

/** An output. Whoever asks for it has to read it, or the payload waits. */
export class OutputStandIn {
	#standIn: PassThrough | undefined;
	#real: Readable | undefined;

	get stream(): Readable {
		if (this.#standIn === undefined) {
			this.#standIn = new PassThrough();
			if (this.#real !== undefined) {
				this.#join(this.#real, this.#standIn);
			}
		}

		return this.#standIn;
	}

	/** It was asked for. */
	get isUsed(): boolean {
		return this.#standIn !== undefined;
	}

	/** Nothing comes where the output goes elsewhere. */
	connect(real: Readable | undefined): void {
		this.#real = real;
		if (real === undefined) {
			this.#standIn?.end();
		} else if (this.#standIn !== undefined) {
			this.#join(real, this.#standIn);
		}
	}

	/** Who leaves a `for await` early has destroyed the stand-in; the payload must not wait for him. (pipe pauses its source then.) */
	#join(real: Readable, standIn: PassThrough): void {
		real.pipe(standIn);
		standIn.once('close', () => real.resume());
	}
}

/** The standard input. */
export class InputStandIn {
	#standIn: PassThrough | undefined;
	#real: Writable | undefined;

	get stream(): Writable {
		if (this.#standIn === undefined) {
			this.#standIn = new PassThrough();
			if (this.#real !== undefined) {
				this.#standIn.pipe(this.#real);
			}
		}

		return this.#standIn;
	}

	connect(real: Writable): void {
		this.#real = real;
		// EPIPE: the payload doesn't read on, which is its right.
		real.on('error', () => this.#standIn?.unpipe(real).resume());
		this.#standIn?.pipe(real);
	}
}
