/** All that a stream brings, up to a limit. */

import type {Readable} from 'node:stream';

export interface Collected {
	bytes: Buffer;
	/** There was more than the limit. */
	overflowed: boolean;
}

/**
 * Resolves at the end of the stream, with what came until then; never rejects: a stream that breaks has ended, and why is
 * told by the container's end.
 *
 * @param onOverflow called once, when more comes than `limit` bytes
 * @param before what came of it already
 */
export const collect = (stream: Readable | undefined, limit: number, onOverflow: () => void, before?: Buffer): Promise<Collected> => new Promise(resolve => {
	const chunks: Buffer[] = [];
	let size = 0;
	let overflowed = false;
	const take = (chunk: Buffer): void => {
		const room = limit - size;
		size += chunk.length;
		if (room > 0) {
			chunks.push(chunk.length > room ? chunk.subarray(0, room) : chunk);
		}

		if (size > limit && !overflowed) {
			overflowed = true;
			onOverflow();
		}
	};

	const finish = (): void => {
		resolve({bytes: Buffer.concat(chunks), overflowed});
	};

	if (before !== undefined) {
		take(before);
	}

	if (stream === undefined) {
		finish();
		return;
	}

	stream.on('data', take);
	stream.on('error', finish);
	stream.on('close', finish);
});

/** Bytes as the result has them. */
export const decode = (bytes: Buffer, encoding: 'utf8' | 'buffer', stripFinalNewline: boolean): string | Buffer => {
	if (encoding === 'buffer') {
		return bytes;
	}

	const text = bytes.toString('utf8');
	return stripFinalNewline ? text.replace(/\r?\n$/, '') : text;
};
