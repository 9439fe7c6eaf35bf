/** A frame writer that refuses what the helper would refuse, and says which item of the plan it was. Pure: no I/O. */

import {ClocheError} from '../base/errors.js';
import {FrameWriter} from './frame-writer.js';
import {Limit, Tag, tagTable, type Kind} from './protocol.js';

const U32_MAX = 0xFFFF_FFFF;

/** Tags whose value is a path: PATH_MAX bounds it. */
const PATHS: ReadonlySet<Tag> = new Set([
	Tag.TARGET, Tag.SOURCE, Tag.LOWER, Tag.UPPER, Tag.WORK, Tag.JOIN_NAMESPACE, Tag.UID_MAPPER, Tag.GID_MAPPER, Tag.REMOVE, Tag.CGROUP,
	Tag.PROGRAM, Tag.SOCKET, Tag.LOG, Tag.EXIT_FILE, Tag.INIT_LINK, Tag.EVENTS, Tag.HEALTH_FILE, Tag.NAMES, Tag.PRESENCE,
]);

/** What a user calls the fields that grow: for the error that names the largest. */
const GROUPS: Readonly<Partial<Record<Tag, string>>> = {
	[Tag.ENV]: 'environment',
	[Tag.ARG]: 'command',
	[Tag.DATA]: 'files and filters',
	[Tag.LOWER]: 'branches',
	[Tag.CHECK]: 'health check',
};

export class CheckedWriter {
	readonly #writer = new FrameWriter();
	/** Where in the plan we are: `mount`, `operation 4 (mount)`. */
	where = '';

	begin(kind: Kind, channel: number): void {
		this.#writer.begin(kind, channel);
	}

	end(): void {
		if (this.#writer.payload > Limit.PAYLOAD_IN || this.#writer.fields > Limit.FIELDS) {
			this.#refuseSize();
		}

		this.#writer.end();
	}

	take(): Buffer {
		return this.#writer.take();
	}

	/** Forget the frames that an error left half written. */
	reset(): void {
		this.#writer.reset();
	}

	/** A FLAG field where `on`. */
	flag(tag: Tag, on: boolean | undefined): void {
		if (on === true) {
			this.#writer.flag(tag);
		}
	}

	/** A U32 field; `undefined` writes nothing. */
	u32(tag: Tag, value: number | undefined): void {
		if (value === undefined) {
			return;
		}

		if (!Number.isInteger(value) || value < 0 || value > U32_MAX) {
			throw this.#refuse(tag, `${value} is not a whole number from 0 to ${U32_MAX}`);
		}

		this.#writer.u32(tag, value);
	}

	/** A U64 field; `undefined` writes nothing. */
	u64(tag: Tag, value: bigint | undefined): void {
		if (value === undefined) {
			return;
		}

		if (value < 0n || value >= 1n << 64n) {
			throw this.#refuse(tag, `${value} does not fit 64 bits`);
		}

		this.#writer.u64(tag, value);
	}

	/** A S64 field; `undefined` writes nothing. */
	s64(tag: Tag, value: bigint | undefined): void {
		if (value === undefined) {
			return;
		}

		if (BigInt.asIntN(64, value) !== value) {
			throw this.#refuse(tag, `${value} does not fit 64 bits`);
		}

		this.#writer.u64(tag, value);
	}

	/** A STR field; `undefined` writes nothing. */
	string(tag: Tag, value: string | undefined): void {
		if (value === undefined) {
			return;
		}

		if (value.includes('\0')) {
			throw this.#refuse(tag, `${JSON.stringify(value.slice(0, 64))} holds a NUL, which ends a string for the kernel`);
		}

		if (value.length * 3 >= Limit.PATH && PATHS.has(tag) && Buffer.byteLength(value) >= Limit.PATH) {
			throw this.#refuse(tag, `a path of ${Buffer.byteLength(value)} bytes; the kernel takes ${Limit.PATH - 1}`);
		}

		this.#writer.string(tag, value);
	}

	/** A STR field for each value. */
	strings(tag: Tag, values: readonly string[] | undefined): void {
		for (const value of values ?? []) {
			this.string(tag, value);
		}
	}

	/** A BYTES field. */
	bytes(tag: Tag, value: Uint8Array): void {
		this.#writer.bytes(tag, value);
	}

	/** A mistake in the item that is being written. */
	refuse(why: string): ClocheError {
		return new ClocheError(this.where, {why});
	}

	#refuse(tag: Tag, why: string): ClocheError {
		return new ClocheError(this.where, {where: tagTable[tag].name.toLowerCase(), why});
	}

	#refuseSize(): never {
		const {payload} = this.#writer;
		const sizes = new Map<string, {bytes: number; fields: number}>();
		for (const [tag, bytes] of this.#writer.written()) {
			const group = GROUPS[tag] ?? 'operations';
			const size = sizes.get(group) ?? {bytes: 0, fields: 0};
			sizes.set(group, {bytes: size.bytes + bytes, fields: size.fields + 1});
		}

		const by = payload > Limit.PAYLOAD_IN ? 'bytes' : 'fields';
		const [group, size] = [...sizes].reduce((most, entry) => entry[1][by] > most[1][by] ? entry : most);
		throw by === 'bytes'
			? new ClocheError(group, {why: `${size.bytes} bytes, which exceeds the ${Limit.PAYLOAD_IN} the helper takes`, remedy: 'pass less, or pass it in a file'})
			: new ClocheError(group, {why: `${size.fields} entries, which exceeds the ${Limit.FIELDS} the helper takes`, remedy: 'pass fewer'});
	}
}
