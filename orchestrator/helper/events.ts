/** What the helper reports, frame by frame, as typed data. Pure: no I/O. */

import {type Field, type FieldValue, type Frame, protocolError} from './frame-decoder.js';
import type {Port} from './plan.js';
import {readPort} from './port-text.js';
import {Kind, Tag, kindTable, tagTable} from './protocol.js';

/** What the kernel accounted for a container's processes. */
export interface Usage {
	/** Microseconds. */
	userTime: number;
	/** Microseconds. */
	systemTime: number;
	/** KiB, of the largest process. */
	maxRss: number;
	/** Bytes, the most that its cgroup held, where one counted. */
	memoryPeak?: number;
	/** The kernel's OOM killer ended a process of it. */
	oomKilled?: true;
	/** By its restart policy it is started again. */
	again?: true;
}

/** How the payload ended: by itself or by a signal. */
export type Exit = Usage & ({code: number; signal?: undefined} | {code?: undefined; signal: number});

/** What ERROR and WARNING say; `index` counts operations through CREATE and START, `errno` is 0 where none applies. */
export interface Failure {
	step: number;
	index?: number | undefined;
	errno: number;
	path?: string | undefined;
	detail?: string | undefined;
}

/** What a supervisor says of the container that it keeps. */
export interface Report {
	/** The init, in the supervisor's pid namespace; none between two runs. */
	pid?: number;
	/** How often it was started again. */
	restarts: number;
	/** Bytes that its log lost. */
	lost: number;
}

export type HelperEvent =
	| {type: 'hello'; hash: bigint; version: string; pid: number}
	| {type: 'streams'; stdin?: number | undefined; stdout?: number | undefined; stderr?: number | undefined}
	| {type: 'published'; port: Port}
	| {type: 'created'; pid: number}
	| {type: 'running'}
	| {type: 'warning'; failure: Failure}
	| {type: 'error'; failure: Failure}
	| {type: 'exited'; exit: Exit}
	| {type: 'released'}
	| {type: 'traced'; step: number; index: number; nanoseconds: number}
	| {type: 'held'; index: number}
	| {type: 'output'; stream: number; data?: Buffer; lost: number}
	| {type: 'report'; report: Report};

type Shape = readonly [required: readonly Tag[], optional: readonly Tag[]];

const FAILURE: Shape = [[Tag.STEP], [Tag.INDEX, Tag.ERRNO, Tag.PATH, Tag.DETAIL]];

/** The fields of each kind that comes out of the helper. */
const shapes: Readonly<Partial<Record<Kind, Shape>>> = {
	[Kind.HELLO]: [[Tag.HASH, Tag.VERSION, Tag.PID], []],
	[Kind.STREAMS]: [[], [Tag.STDIN, Tag.STDOUT, Tag.STDERR]],
	[Kind.PUBLISHED]: [[Tag.PORT], []],
	[Kind.CREATED]: [[Tag.PID], []],
	[Kind.RUNNING]: [[], []],
	[Kind.WARNING]: FAILURE,
	[Kind.ERROR]: FAILURE,
	[Kind.EXITED]: [[], [Tag.CODE, Tag.SIGNAL, Tag.USER_TIME, Tag.SYSTEM_TIME, Tag.MAX_RSS, Tag.MEMORY_PEAK, Tag.OOM_KILLED, Tag.AGAIN]],
	[Kind.RELEASED]: [[], []],
	[Kind.TRACED]: [[Tag.INDEX, Tag.NANOSECONDS], [Tag.STEP]],
	[Kind.HELD]: [[Tag.INDEX], [Tag.STEP]],
	[Kind.OUTPUT]: [[Tag.STREAM], [Tag.DATA, Tag.LOST]],
	[Kind.REPORT]: [[], [Tag.PID, Tag.RESTARTS, Tag.LOST]],
};

type Fields = ReadonlyMap<Tag, FieldValue>;

const collect = (kind: Kind, list: readonly Field[]): Fields => {
	const [required, optional] = shapes[kind] ?? [[], []];
	const fields = new Map<Tag, FieldValue>();
	for (const {tag, value} of list) {
		if (fields.has(tag) || !(required.includes(tag) || optional.includes(tag))) {
			throw protocolError(`${kindTable[kind].name} has a field ${tagTable[tag].name} ${fields.has(tag) ? 'twice' : 'that means nothing there'}`);
		}

		fields.set(tag, value);
	}

	const missing = required.find(tag => !fields.has(tag));
	if (missing !== undefined) {
		throw protocolError(`${kindTable[kind].name} lacks the field ${tagTable[missing].name}`);
	}

	return fields;
};

// The decoder has checked each value's type by its tag; these only tell the compiler.
const number = (fields: Fields, tag: Tag): number => Number(fields.get(tag) ?? 0);
const bigint = (fields: Fields, tag: Tag): bigint => {
	const value = fields.get(tag);
	return typeof value === 'bigint' ? value : 0n;
};

const optionalNumber = (fields: Fields, tag: Tag): number | undefined => fields.has(tag) ? number(fields, tag) : undefined;
const optionalString = (fields: Fields, tag: Tag): string | undefined => fields.has(tag) ? String(fields.get(tag)) : undefined;

const readFailure = (fields: Fields): Failure => ({
	step: number(fields, Tag.STEP),
	index: optionalNumber(fields, Tag.INDEX),
	errno: number(fields, Tag.ERRNO),
	path: optionalString(fields, Tag.PATH),
	detail: optionalString(fields, Tag.DETAIL),
});

const readExit = (fields: Fields): Exit => {
	const code = optionalNumber(fields, Tag.CODE);
	const signal = optionalNumber(fields, Tag.SIGNAL);
	const usage: Usage = {
		userTime: number(fields, Tag.USER_TIME),
		systemTime: number(fields, Tag.SYSTEM_TIME),
		maxRss: number(fields, Tag.MAX_RSS),
		...(fields.has(Tag.MEMORY_PEAK) ? {memoryPeak: number(fields, Tag.MEMORY_PEAK)} : {}),
		...(fields.has(Tag.OOM_KILLED) ? {oomKilled: true} : {}),
		...(fields.has(Tag.AGAIN) ? {again: true} : {}),
	};
	if (code !== undefined && signal === undefined) {
		return {code, ...usage};
	}

	if (signal !== undefined && code === undefined) {
		return {signal, ...usage};
	}

	throw protocolError('EXITED needs a code or a signal');
};

const readPublished = (text: string): Port => {
	const port = readPort(text);
	if (port === undefined) {
		throw protocolError(`PUBLISHED tells of no port: ${text}`);
	}

	return port;
};

const readOutput = (fields: Fields): HelperEvent => {
	const data = fields.get(Tag.DATA);
	return {
		type: 'output',
		stream: number(fields, Tag.STREAM),
		...(data instanceof Uint8Array ? {data: Buffer.from(data.buffer, data.byteOffset, data.byteLength)} : {}),
		lost: number(fields, Tag.LOST),
	};
};

const readReport = (fields: Fields): Report => ({
	...(fields.has(Tag.PID) ? {pid: number(fields, Tag.PID)} : {}),
	restarts: number(fields, Tag.RESTARTS),
	lost: number(fields, Tag.LOST),
});

/** The event that a frame out of the helper is. Throws what protocolError makes. */
export const readEvent = ({kind, fields: list}: Frame): HelperEvent => {
	const fields = collect(kind, list);
	switch (kind) {
		case Kind.HELLO: return {type: 'hello', hash: bigint(fields, Tag.HASH), version: String(fields.get(Tag.VERSION)), pid: number(fields, Tag.PID)};
		case Kind.STREAMS: return {type: 'streams', stdin: optionalNumber(fields, Tag.STDIN), stdout: optionalNumber(fields, Tag.STDOUT), stderr: optionalNumber(fields, Tag.STDERR)};
		case Kind.PUBLISHED: return {type: 'published', port: readPublished(String(fields.get(Tag.PORT)))};
		case Kind.CREATED: return {type: 'created', pid: number(fields, Tag.PID)};
		case Kind.RUNNING: return {type: 'running'};
		case Kind.WARNING: return {type: 'warning', failure: readFailure(fields)};
		case Kind.ERROR: return {type: 'error', failure: readFailure(fields)};
		case Kind.EXITED: return {type: 'exited', exit: readExit(fields)};
		case Kind.RELEASED: return {type: 'released'};
		case Kind.TRACED: return {type: 'traced', step: number(fields, Tag.STEP), index: number(fields, Tag.INDEX), nanoseconds: number(fields, Tag.NANOSECONDS)};
		case Kind.HELD: return {type: 'held', index: number(fields, Tag.INDEX)};
		case Kind.OUTPUT: return readOutput(fields);
		case Kind.REPORT: return {type: 'report', report: readReport(fields)};
		default: throw protocolError(`the frame kind ${kindTable[kind].name} goes the other way`);
	}
};
