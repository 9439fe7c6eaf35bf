/** The control socket on a bare pipe handle: no buffers, no back-pressure, which a few frames don't need. */

import {ClocheError} from '../base/errors.js';
import type {Bindings, PipeHandle} from './bindings.js';
import type {HelperSocket} from './helper-process.js';

/** UV_EOF of libuv's include/uv/errno.h. */
const EOF = -4095;

interface Listeners {
	data: Array<(chunk: Buffer) => void>;
	end: Array<() => void>;
	error: Array<(error: Error) => void>;
}

export class LightSocket implements HelperSocket {
	readonly #bindings: Bindings;
	readonly #handle: PipeHandle;
	readonly #listeners: Listeners = {data: [], end: [], error: []};
	#open = true;

	/** @param handle connected by a spawn */
	constructor(bindings: Bindings, handle: PipeHandle) {
		this.#bindings = bindings;
		this.#handle = handle;
		handle.onread = bytes => {
			this.#read(bytes);
		};
		handle.readStart();
	}

	on<Name extends keyof Listeners>(event: Name, listener: Listeners[Name][number]): void {
		const list: unknown[] = this.#listeners[event];
		list.push(listener);
	}

	write(bytes: Buffer): void {
		if (!this.#open) {
			return; // 'end' was heard, and tells.
		}

		const request = new this.#bindings.WriteWrap();
		request.bytes = bytes;
		request.oncomplete = status => {
			this.#check('write', status);
		};
		this.#check('write', this.#handle.writeBuffer(request, bytes));
	}

	end(): void {
		if (this.#open) {
			this.#handle.shutdown(new this.#bindings.ShutdownWrap());
		}
	}

	destroy(): void {
		if (this.#open) {
			this.#open = false;
			this.#handle.close();
		}
	}

	ref(): void {
		if (this.#open) {
			this.#handle.ref();
		}
	}

	unref(): void {
		if (this.#open) {
			this.#handle.unref();
		}
	}

	#read(bytes: ArrayBuffer | undefined): void {
		const {streamBaseState, kReadBytesOrError, kArrayBufferOffset} = this.#bindings;
		const count = streamBaseState[kReadBytesOrError] ?? EOF;
		if (count > 0 && bytes !== undefined) {
			const chunk = Buffer.from(bytes, streamBaseState[kArrayBufferOffset], count);
			for (const hear of this.#listeners.data) {
				hear(chunk);
			}
		} else if (count < 0) {
			this.#check('read', count === EOF ? 0 : count);
			this.destroy();
			for (const hear of this.#listeners.end) {
				hear();
			}
		}
	}

	#check(call: string, status: number): void {
		if (status < 0) {
			const error = new ClocheError(`cannot ${call} on the control socket`, {errno: -status});
			for (const hear of this.#listeners.error) {
				hear(error);
			}
		}
	}
}
