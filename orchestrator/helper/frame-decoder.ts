/**
 * Bytes as frames, on their way out of the helper. Pure: no I/O. Everything is checked before it is used: sizes before
 * anything is kept, then kinds, tags, types, widths, NULs.
 */

import {ClocheError} from '../base/errors.js';
import {FIELD_HEADER, FRAME_HEADER} from './frame-writer.js';
import {type Kind, Limit, type Tag, kindTable, tagTable} from './protocol.js';

/** U32 a number, U64 and S64 a bigint, STR a string, BYTES bytes, FLAG true. */
export type FieldValue = number | bigint | string | Uint8Array | true;

export interface Field {
	tag: Tag;
	value: FieldValue;
}

export interface Frame {
	kind: Kind;
	channel: number;
	fields: Field[];
}

/** The peer sent something that the protocol doesn't allow. */
export const protocolError = (why: string): ClocheError =>
	new ClocheError('the helper broke the protocol', {why, step: 'frame', remedy: 'this is a defect: please report it'});

const isKind = (kind: number): kind is Kind => kind in kindTable;
const isTag = (tag: number): tag is Tag => tag in tagTable;

const readString = (bytes: Buffer, from: number, to: number, name: string): string => {
	if (to === from || bytes.indexOf(0, from) !== to - 1) {
		throw protocolError(`the string ${name} doesn't end in its only NUL`);
	}

	return bytes.toString('utf8', from, to - 1);
};

const readValue = (tag: Tag, bytes: Buffer, from: number, to: number): FieldValue => {
	const {name, type} = tagTable[tag];
	const expect = (width: number): void => {
		if (to - from !== width) {
			throw protocolError(`the field ${name} has ${to - from} bytes, not ${width}`);
		}
	};

	switch (type) {
		case 'STR': return readString(bytes, from, to, name);
		case 'BYTES': return new Uint8Array(bytes.subarray(from, to)); // A copy: the chunk is the socket's.
		case 'U32': expect(4); return bytes.readUInt32LE(from);
		case 'U64': expect(8); return bytes.readBigUInt64LE(from);
		case 'S64': expect(8); return bytes.readBigInt64LE(from);
		case 'FLAG': expect(0); return true;
	}
};

const readFields = (bytes: Buffer, from: number, to: number): Field[] => {
	const fields: Field[] = [];
	for (let at = from; at < to;) {
		if (to - at < FIELD_HEADER) {
			throw protocolError('a field\'s header is cut short');
		}

		const tag = bytes.readUInt32LE(at); // With the upper half, which must be zero.
		const length = bytes.readUInt32LE(at + 4);
		at += FIELD_HEADER;
		if (!isTag(tag)) {
			throw protocolError(`the field tag ${tag} is unknown`);
		}

		if (length > to - at) {
			throw protocolError(`the field ${tagTable[tag].name} is longer than its frame`);
		}

		if (fields.length === Limit.FIELDS) {
			throw protocolError(`a frame has more than ${Limit.FIELDS} fields`);
		}

		fields.push({tag, value: readValue(tag, bytes, at, at + length)});
		at += length;
	}

	return fields;
};

/** Decodes a stream of frames, however it is cut into chunks. */
export class FrameDecoder {
	readonly #direction: 'in' | 'out';
	readonly #limit: number;
	/** The frame that came only in part: #header first, then a buffer of the frame's whole size. */
	readonly #header = Buffer.alloc(FRAME_HEADER);
	#partial: Buffer = this.#header;
	#filled = 0;

	/** `direction` as the helper sees it: `out` (the default) are its events, `in` what it is asked. */
	constructor(direction: 'in' | 'out' = 'out') {
		this.#direction = direction;
		this.#limit = direction === 'out' ? Limit.PAYLOAD_OUT : Limit.PAYLOAD_IN;
	}

	/** Take `chunk`, call `receive` for each frame that is whole with it. Throws what {@link protocolError} makes. */
	push(chunk: Buffer, receive: (frame: Frame) => void): void {
		let at = 0;
		while (at < chunk.length) {
			const left = chunk.length - at;
			const size = this.#filled === 0 && left >= FRAME_HEADER ? this.#frameSize(chunk, at) : Infinity;
			if (size <= left) {
				receive(this.#decode(chunk, at, at + size));
				at += size;
			} else {
				at += this.#fill(chunk, at, receive);
			}
		}
	}

	/** The stream ended: a frame that came in part never will be whole. */
	end(): void {
		if (this.#filled > 0) {
			throw protocolError('the stream ended inside a frame');
		}
	}

	#fill(chunk: Buffer, at: number, receive: (frame: Frame) => void): number {
		const copied = chunk.copy(this.#partial, this.#filled, at);
		this.#filled += copied;
		if (this.#filled === FRAME_HEADER && this.#partial === this.#header) {
			this.#partial = Buffer.allocUnsafe(this.#frameSize(this.#header, 0));
			this.#header.copy(this.#partial);
		}

		if (this.#filled === this.#partial.length) {
			const whole = this.#partial;
			this.#partial = this.#header;
			this.#filled = 0;
			receive(this.#decode(whole, 0, whole.length));
		}

		return copied;
	}

	#frameSize(bytes: Buffer, at: number): number {
		const payload = bytes.readUInt32LE(at);
		if (payload > this.#limit) {
			throw protocolError(`a frame of ${payload} bytes is larger than ${this.#limit}`);
		}

		const kind = bytes.readUInt16LE(at + 4);
		if (!isKind(kind) || kindTable[kind].direction !== this.#direction) {
			throw protocolError(`the frame kind ${kind} is unknown or goes the other way`);
		}

		if (bytes.readUInt16LE(at + 6) !== 0) {
			throw protocolError('a frame\'s flags are not zero');
		}

		return FRAME_HEADER + payload;
	}

	#decode(bytes: Buffer, from: number, to: number): Frame {
		const kind = bytes.readUInt16LE(from + 4);
		if (!isKind(kind)) {
			throw protocolError(`the frame kind ${kind} is unknown`);
		}

		return {kind, channel: bytes.readUInt32LE(from + 8), fields: readFields(bytes, from + FRAME_HEADER, to)};
	}
}
