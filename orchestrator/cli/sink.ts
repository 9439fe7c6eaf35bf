/** Our standard output and error, written as quickly as they are read and no quicker. */

import {constants, fstatSync, openSync} from 'node:fs';
import type {Socket} from 'node:net';
import {writeAll} from './output.js';

/** A description of its own for a pipe: to make it non-blocking changes nobody else's. */
const reopenPipe = (descriptor: number): Socket | undefined => {
	try {
		return fstatSync(descriptor).isFIFO()
			? new (process.getBuiltinModule('node:net').Socket)({fd: openSync(`/proc/self/fd/${descriptor}`, constants.O_WRONLY | constants.O_NONBLOCK), readable: false, writable: true})
			: undefined;
	} catch {
		return undefined; // Somebody else's: then a slow reader holds us up.
	}
};

export class Sink {
	readonly #descriptor: number;
	readonly #pipe: Socket | undefined;

	/** @param onBroken nobody reads any more */
	constructor(descriptor: number, onBroken: () => void) {
		this.#descriptor = descriptor;
		this.#pipe = reopenPipe(descriptor);
		this.#pipe?.on('error', onBroken);
	}

	/** `false`: no more until {@link drained}. */
	write(bytes: Uint8Array): boolean {
		if (this.#pipe !== undefined) {
			return this.#pipe.write(bytes);
		}

		writeAll(this.#descriptor, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
		return true;
	}

	/** All is written, or will never be. */
	async drained(): Promise<void> {
		const pipe = this.#pipe;
		if (pipe !== undefined && pipe.writableLength > 0 && !pipe.destroyed) {
			await new Promise<void>(resolve => {
				pipe.once('drain', resolve).once('close', resolve);
				if (!pipe.writableNeedDrain) {
					pipe.write('', () => {
						resolve();
					});
				}
			});
		}
	}
}

/** Both; one for both where they are the same file, so that what is written to them keeps its order. */
export const openSinks = (onBroken: () => void): readonly [out: Sink, error: Sink] => {
	const [one, two] = [fstatSync(1), fstatSync(2)];
	const out = new Sink(1, onBroken);
	return [out, one.dev === two.dev && one.ino === two.ino ? out : new Sink(2, onBroken)];
};
