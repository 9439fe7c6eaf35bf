/** Streams between the two tars. */

import {PassThrough, type Readable, Transform, type Writable} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import {createGunzip} from 'node:zlib';
import {ClocheError, isErrno} from '../../base/errors.js';

/** One that was asked for as a pipe. */
export const need = <Stream>(stream: Stream | null | undefined): Stream => {
	if (stream === null || stream === undefined) {
		throw new ClocheError('a pipe is missing');
	}

	return stream;
};

/** Counts what goes through. */
export const counter = (): {stream: Transform; bytes: () => number} => {
	let bytes = 0;
	const stream = new Transform({
		transform(chunk: Buffer, _encoding, done) {
			bytes += chunk.length;
			done(null, chunk);
		},
	});
	return {stream, bytes: () => bytes};
};

/** Feed one end from the other; that a reader stopped early is told by the reader. */
export const feed = async (from: Readable, through: readonly Transform[], to: Writable): Promise<void> => {
	try {
		await pipeline([from, ...through, to]);
	} catch (error) {
		if (error instanceof Error && 'code' in error && typeof error.code === 'string' && error.code.startsWith('Z_')) {
			throw new ClocheError('cannot read the tar stream', {why: 'what gzip packed is damaged', cause: error});
		}

		if (!isErrno(error, 'EPIPE') && !isErrno(error, 'ECONNRESET') && !isErrno(error, 'ERR_STREAM_PREMATURE_CLOSE')) {
			throw error;
		}
	}
};

const GZIP = Buffer.from([0x1F, 0x8B]);
const OTHERS: ReadonlyArray<readonly [start: string, program: string]> = [['BZh', 'bzip2'], ['\u00FD7zXZ', 'xz'], ['(\u00B5/\u00FD', 'zstd']];

/** The first bytes tell how it is packed. */
export const decompressed = async (stream: Readable): Promise<Readable> => {
	const first = await new Promise<Buffer>((resolve, reject) => {
		stream.once('error', reject).once('end', () => {
			resolve(Buffer.alloc(0));
		}).once('readable', () => {
			resolve((stream.read() as Buffer | null) ?? Buffer.alloc(0));
		});
	});
	const other = OTHERS.find(([start]) => first.toString('latin1', 0, start.length) === start);
	if (other !== undefined) {
		throw new ClocheError('cannot read the tar stream', {why: `it is packed by ${other[1]}`, remedy: `unpack it on the way: ${other[1]} -dc | cloche cp - …`});
	}

	const whole = new PassThrough();
	if (first.length > 0) {
		stream.unshift(first);
	}

	stream.on('error', error => {
		whole.destroy(error);
	}).pipe(whole);
	return first.subarray(0, 2).equals(GZIP) ? whole.pipe(createGunzip()) : whole;
};
