/**
 * Tar streams of others as busybox's tar takes them: it passes over pax headers, and with them the names and sizes that
 * didn't fit (pax in POSIX.1-2017 pax(1), "pax Extended Header"; GNU's own form in tar/src/tar.h). Here they become GNU's.
 */

import {Transform, type TransformCallback} from 'node:stream';
import {ClocheError} from '../../base/errors.js';

const BLOCK = 512;
const NO_TAR = {why: 'it isn\'t one, or it is damaged', remedy: 'it takes tar, or tar through gzip'};
/** A path has at most 4096 bytes; attributes that nobody reads here may stand beside it. */
const MOST_PAX = 4_194_304;

/** Fields of a header: offset, length. */
const NAME = [0, 100] as const;
const UID = [108, 8] as const;
const GID = [116, 8] as const;
const SIZE = [124, 12] as const;
const MTIME = [136, 12] as const;
const CHECKSUM = [148, 8] as const;
const TYPE = 156;
const LINK = [157, 100] as const;
const PREFIX = [345, 155] as const;

type Field = readonly [offset: number, length: number];

const readNumber = (header: Buffer, [offset, length]: Field): number => {
	const bytes = header.subarray(offset, offset + length);
	if (((bytes[0] ?? 0) & 0x80) !== 0) {
		return Number(bytes.subarray(1).reduce((sum, byte) => sum << 8n | BigInt(byte), BigInt((bytes[0] ?? 0) & 0x7F)));
	}

	const text = bytes.toString('latin1').replace(/\0.*$/s, '').trim();
	if (!/^[0-7]*$/.test(text)) {
		throw new ClocheError('cannot read the tar stream', NO_TAR);
	}

	return Number.parseInt(text === '' ? '0' : text, 8);
};

/** In octal, or where that is too short in base 256, as GNU tar does. */
const writeNumber = (header: Buffer, [offset, length]: Field, value: number): void => {
	const octal = value.toString(8);
	if (value >= 0 && octal.length < length) {
		header.write(`${octal.padStart(length - 1, '0')}\0`, offset, 'latin1');
		return;
	}

	let rest = BigInt.asUintN(8 * (length - 1), BigInt(value));
	for (let at = offset + length - 1; at > offset; at--, rest >>= 8n) {
		header[at] = Number(rest & 0xFFn);
	}

	header[offset] = value < 0 ? 0xFF : 0x80;
};

const sum = (header: Buffer): number => header.reduce((total, byte, at) => total + (at >= CHECKSUM[0] && at < CHECKSUM[0] + CHECKSUM[1] ? 32 : byte), 0);

const seal = (header: Buffer): Buffer => {
	header.write(`${sum(header).toString(8).padStart(6, '0')}\0 `, CHECKSUM[0], 'latin1');
	return header;
};

const padded = (size: number): number => Math.ceil(size / BLOCK) * BLOCK;

/** Records of the form `LENGTH KEY=VALUE\n`. */
export const parsePax = (bytes: Buffer): Map<string, Buffer> => {
	const records = new Map<string, Buffer>();
	for (let at = 0; at < bytes.length && bytes[at] !== 0;) {
		const space = bytes.indexOf(0x20, at);
		const length = Number(bytes.toString('latin1', at, space));
		const equals = bytes.indexOf(0x3D, space);
		if (space < 0 || !Number.isSafeInteger(length) || length <= 0 || at + length > bytes.length || equals < 0 || equals >= at + length) {
			throw new ClocheError('cannot read the tar stream', {why: 'an extended header is damaged'});
		}

		records.set(bytes.toString('latin1', space + 1, equals), bytes.subarray(equals + 1, at + length - 1));
		at += length;
	}

	return records;
};

/** GNU's extra member for a name that is too long: type L for names, K for link targets. */
const longMember = (type: 'K' | 'L', text: Buffer): Buffer => {
	const header = Buffer.alloc(BLOCK);
	header.write('././@LongLink', 'latin1');
	header.write('0000644\0', 100, 'latin1');
	writeNumber(header, UID, 0);
	writeNumber(header, GID, 0);
	writeNumber(header, SIZE, text.length + 1);
	writeNumber(header, MTIME, 0);
	header.write(type, TYPE, 'latin1');
	header.write('ustar  \0', 257, 'latin1');
	const data = Buffer.alloc(padded(text.length + 1));
	text.copy(data);
	return Buffer.concat([seal(header), data]);
};

export class ToGnuFormat extends Transform {
	#kept: Buffer = Buffer.alloc(0);
	/** Bytes of a member that go through as they are. */
	#through = 0;
	/** An extended header that is being gathered: its type and size. */
	#pax: {type: string; size: number} | undefined;
	readonly #always = new Map<string, Buffer>();
	#next = new Map<string, Buffer>();

	override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
		try {
			this.#kept = this.#kept.length === 0 ? chunk : Buffer.concat([this.#kept, chunk]);
			while (this.#step()) {
				// Until it takes more bytes.
			}

			done();
		} catch (error) {
			done(error instanceof Error ? error : new Error(String(error)));
		}
	}

	override _flush(done: TransformCallback): void {
		done(this.#kept.length > 0 || this.#through > 0 || this.#pax !== undefined
			? new ClocheError('cannot read the tar stream', {why: 'it is cut short'}) : null);
	}

	#take(size: number): Buffer {
		const bytes = this.#kept.subarray(0, size);
		this.#kept = this.#kept.subarray(size);
		return bytes;
	}

	/** @returns whether there may be more to do */
	#step(): boolean {
		if (this.#through > 0) {
			const bytes = this.#take(this.#through);
			this.#through -= bytes.length;
			this.push(bytes);
			return this.#kept.length > 0;
		}

		if (this.#pax !== undefined) {
			return this.#takePax(this.#pax);
		}

		if (this.#kept.length < BLOCK) {
			return false;
		}

		this.#header(Buffer.from(this.#take(BLOCK)));
		return true;
	}

	#takePax({type, size}: {type: string; size: number}): boolean {
		if (this.#kept.length < padded(size)) {
			return false;
		}

		const records = parsePax(this.#take(padded(size)).subarray(0, size));
		this.#pax = undefined;
		const into = type === 'g' ? this.#always : this.#next;
		for (const [key, value] of records) {
			into.set(key, value);
		}

		return true;
	}

	#header(header: Buffer): void {
		if (header.every(byte => byte === 0)) {
			this.push(header);
			return;
		}

		if (readNumber(header, CHECKSUM) !== sum(header)) {
			throw new ClocheError('cannot read the tar stream', NO_TAR);
		}

		const type = String.fromCharCode(header[TYPE] ?? 0);
		const size = readNumber(header, SIZE);
		if (type === 'x' || type === 'g') {
			if (size > MOST_PAX) {
				throw new ClocheError('cannot read the tar stream', {why: 'an extended header of more than 4 MiB'});
			}

			this.#pax = {type, size};
			return;
		}

		// Names of GNU's own form belong to the next header, and so do the records.
		const records = type === 'L' || type === 'K' ? new Map<string, Buffer>() : new Map([...this.#always, ...this.#next]);
		if (type !== 'L' && type !== 'K') {
			this.#next = new Map();
		}

		if ([...records.keys()].some(key => key.startsWith('GNU.sparse.'))) {
			throw new ClocheError('cannot read the tar stream', {why: 'a sparse file in it', remedy: 'pack it without --sparse'});
		}

		this.#through = padded(this.#rewrite(header, records, size));
	}

	/** @returns the member's size */
	#rewrite(header: Buffer, records: ReadonlyMap<string, Buffer>, size: number): number {
		const number = (key: string): number | undefined => {
			const value = records.get(key);
			return value === undefined ? undefined : Math.trunc(Number(value.toString('latin1')));
		};

		const changed = {size: number('size') ?? size, uid: number('uid'), gid: number('gid'), mtime: number('mtime')};
		for (const [field, value] of [[SIZE, changed.size], [UID, changed.uid], [GID, changed.gid], [MTIME, changed.mtime]] as const) {
			if (value !== undefined && Number.isSafeInteger(value)) {
				writeNumber(header, field, value);
			}
		}

		for (const [type, key, [offset, length]] of [['K', 'linkpath', LINK], ['L', 'path', NAME]] as const) {
			const text = records.get(key);
			if (text !== undefined) {
				header.fill(0, offset, offset + length);
				text.copy(header, offset, 0, length - 1);
				if (key === 'path' && header.toString('latin1', 257, 263) === 'ustar\0') {
					header.fill(0, PREFIX[0], PREFIX[0] + PREFIX[1]);
				}

				if (text.length >= length) {
					this.push(longMember(type, text));
				}
			}
		}

		this.push(seal(header));
		// Links and directories have no data, whatever their size says (pax(1), typeflag).
		return '123456'.includes(String.fromCharCode(header[TYPE] ?? 0)) ? 0 : changed.size;
	}
}
