/** A helper's side of the protocol, played by a test: events as bytes, and a socket that keeps what was written. */

import {Duplex} from 'node:stream';
import type {HelperSocket} from '../../../orchestrator/helper/helper-process.js';
import {FrameDecoder, type Frame} from '../../../orchestrator/helper/frame-decoder.js';
import {FrameWriter} from '../../../orchestrator/helper/frame-writer.js';
import type {Plan} from '../../../orchestrator/helper/plan.js';
import {type Kind, Kind as K, PROTOCOL_HASH, type Tag, Tag as T, tagTable} from '../../../orchestrator/helper/protocol.js';

export type FakeField = [tag: Tag, value: number | bigint | string | Uint8Array | true];

/** A frame, each field written as its tag's type. */
export const frame = (kind: Kind, channel: number, ...fields: FakeField[]): Buffer => {
	const writer = new FrameWriter();
	writer.begin(kind, channel);
	for (const [tag, value] of fields) {
		const {type} = tagTable[tag];
		if (typeof value === 'number' && type === 'U32') {
			writer.u32(tag, value);
		} else if (typeof value === 'number' || typeof value === 'bigint') {
			writer.u64(tag, BigInt(value));
		} else if (typeof value === 'string') {
			writer.string(tag, value);
		} else if (value === true) {
			writer.flag(tag);
		} else {
			writer.bytes(tag, value);
		}
	}

	writer.end();
	return writer.take();
};

export const hello = (hash = PROTOCOL_HASH): Buffer => frame(K.HELLO, 0, [T.HASH, hash], [T.VERSION, '0.1.0'], [T.PID, 77]);

/** The frames that `bytes` hold. */
export const decode = (bytes: Buffer, direction: 'in' | 'out'): Frame[] => {
	const frames: Frame[] = [];
	const decoder = new FrameDecoder(direction);
	decoder.push(bytes, one => frames.push(one));
	decoder.end();
	return frames;
};

/** A socket whose other side is the test. */
export class FakeSocket extends Duplex implements HelperSocket {
	readonly writes: Buffer[] = [];
	referenced = true;

	override _read(): void {}

	override _write(chunk: Buffer, _encoding: string, done: () => void): void {
		this.writes.push(chunk);
		done();
	}

	ref(): void {
		this.referenced = true;
	}

	unref(): void {
		this.referenced = false;
	}

	/** Hand `bytes` to the connection at once, as a chunk. */
	say(...bytes: Buffer[]): void {
		this.emit('data', Buffer.concat(bytes));
	}

	/** What was asked of the helper. */
	requests(): Frame[] {
		return decode(Buffer.concat(this.writes), 'in');
	}
}

/** The least plan there is; `changes` override it. */
export const planOf = (changes: Partial<Plan> = {}): Plan => ({
	namespaces: [], join: [], streams: {stdin: 0, stdout: 1, stderr: 2}, terminal: false, init: false, cgroups: [], remove: [],
	create: [], start: [{op: 'exec', argv: ['/bin/true'], env: []}], ...changes,
});
