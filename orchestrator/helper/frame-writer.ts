/**
 * Frames as bytes, on their way to the helper. Pure: no I/O.
 *
 * The layout is that of helper-c/protocol.def: a frame is u32 payload size, u16 kind, u16 flags, u32 channel, then its
 * fields; a field is u16 tag, u16 zero, u32 length, bytes. Everything is little-endian.
 */

import type {Kind, Tag} from './protocol.js';

export const FRAME_HEADER = 12;
export const FIELD_HEADER = 8;

/** The buffer of a writer that is reused: past what a plan takes (3 to 6 KB), and little to keep. */
const USUAL_SIZE = 16_384;

/** Writes frames one behind the other; `take` gives them all as one buffer, for one write to the socket. */
export class FrameWriter {
	#bytes = Buffer.allocUnsafe(USUAL_SIZE);
	#at = 0;
	#begin = 0;
	#fields = 0;

	/** The fields of the frame so far. */
	get fields(): number {
		return this.#fields;
	}

	/** The payload of the frame so far, in bytes. */
	get payload(): number {
		return this.#at - this.#begin - FRAME_HEADER;
	}

	begin(kind: Kind, channel: number): void {
		this.#reserve(FRAME_HEADER);
		this.#begin = this.#at;
		this.#fields = 0;
		this.#bytes.writeUInt32LE(0, this.#at);
		this.#bytes.writeUInt32LE(kind, this.#at + 4);
		this.#bytes.writeUInt32LE(channel, this.#at + 8);
		this.#at += FRAME_HEADER;
	}

	/** Ends the frame: its size is known now. */
	end(): void {
		this.#bytes.writeUInt32LE(this.payload, this.#begin);
	}

	flag(tag: Tag): void {
		this.#head(tag, 0);
	}

	u32(tag: Tag, value: number): void {
		this.#head(tag, 4);
		this.#at = this.#bytes.writeUInt32LE(value, this.#at);
	}

	/** Two's complement: a negative value is a S64. */
	u64(tag: Tag, value: bigint): void {
		this.#head(tag, 8);
		this.#at = this.#bytes.writeBigUInt64LE(BigInt.asUintN(64, value), this.#at);
	}

	bytes(tag: Tag, value: Uint8Array): void {
		this.#head(tag, value.length);
		this.#bytes.set(value, this.#at);
		this.#at += value.length;
	}

	/** UTF-8 and its NUL, which the length counts. That `value` holds none is the caller's check. */
	string(tag: Tag, value: string): void {
		const head = this.#at;
		this.#head(tag, value.length * 3 + 1); // Room for the worst; the length is corrected below.
		const length = this.#bytes.write(value, this.#at, 'utf8');
		this.#at += length;
		this.#bytes[this.#at++] = 0;
		this.#bytes.writeUInt32LE(length + 1, head + 4);
	}

	/** The fields of the frame so far: tag and length of each. For errors. */
	* written(): Generator<[Tag, number]> {
		for (let at = this.#begin + FRAME_HEADER; at < this.#at;) {
			const length = this.#bytes.readUInt32LE(at + 4);
			yield [this.#bytes.readUInt16LE(at) as Tag, length];
			at += FIELD_HEADER + length;
		}
	}

	/** All that was written, in a buffer of its own; the writer is empty again. */
	take(): Buffer {
		const taken = Buffer.from(this.#bytes.subarray(0, this.#at));
		this.reset();
		return taken;
	}

	/** Forget what was written. */
	reset(): void {
		this.#at = 0;
		if (this.#bytes.length > USUAL_SIZE) {
			this.#bytes = Buffer.allocUnsafe(USUAL_SIZE);
		}
	}

	#head(tag: Tag, length: number): void {
		this.#reserve(FIELD_HEADER + length);
		this.#fields++;
		this.#bytes.writeUInt32LE(tag, this.#at); // The upper half is the zero.
		this.#bytes.writeUInt32LE(length, this.#at + 4);
		this.#at += FIELD_HEADER;
	}

	#reserve(size: number): void {
		if (this.#at + size > this.#bytes.length) {
			const bytes = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#at + size));
			this.#bytes.copy(bytes, 0, 0, this.#at);
			this.#bytes = bytes;
		}
	}
}
