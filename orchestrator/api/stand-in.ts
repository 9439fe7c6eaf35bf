/** Streams that can be had before the container is there: made only when they are asked for, and connected later. */

import {PassThrough, type Readable, type Writable} from 'node:stream';

/** An output. Whoever asks for it has to read it, or the payload waits. */
export class OutputStandIn {
	#standIn: PassThrough | undefined;
	#real: Readable | undefined;
	/** What came before the real stream, or instead of it. */
	#before: Buffer | undefined;
	#finished = false;

	get stream(): Readable {
		if (this.#standIn === undefined) {
			this.#standIn = new PassThrough();
			this.#fill();
		}

		return this.#standIn;
	}

	/** It was asked for. */
	get isUsed(): boolean {
		return this.#standIn !== undefined;
	}

	/** Nothing comes after `before` where there is no real stream. */
	connect(real: Readable | undefined, before?: Buffer): void {
		this.#real = real;
		this.#before = before;
		this.#finished = real === undefined;
		this.#fill();
	}

	/** No more than a pipe holds can come now: it waits here for who reads late, and nobody waits for him. */
	flush(): void {
		const standIn = this.#standIn;
		const real = this.#real;
		if (standIn === undefined || real === undefined || real.readableEnded) {
			return;
		}

		real.unpipe(standIn);
		real.on('data', chunk => {
			if (!standIn.destroyed) {
				standIn.write(chunk);
			}
		});
		real.once('close', () => standIn.end());
		real.resume();
	}

	#fill(): void {
		if (this.#before !== undefined && this.#before.length > 0) {
			this.#standIn?.write(this.#before);
		}

		if (this.#finished) {
			this.#standIn?.end();
		} else if (this.#standIn !== undefined) {
			const real = this.#real;
			real?.pipe(this.#standIn);
			// Whoever stops reading must not stop the payload: unpiping has paused the real stream, which others still read.
			this.#standIn.once('close', () => real?.unpipe().resume());
		}
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
