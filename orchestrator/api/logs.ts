/** What a detached container wrote, line by line. */

import {ClocheError} from '../base/errors.js';
import {readLog} from '../container/log/read.js';
import type {LogRecord, LogStream} from '../container/log/record.js';
import {refuseUnknown} from '../container/options/option-names.js';
import type {StateRoots} from '../container/store/roots.js';

export interface LogOptions {
	/** Go on until the container has ended. */
	follow?: boolean | undefined;
	/** Only so many lines from the end, and what comes then. */
	tail?: number | undefined;
	/** Only what was written from then on. */
	since?: Date | undefined;
	/** Only what was written until then. */
	until?: Date | undefined;
	/** Ends it. */
	signal?: AbortSignal | undefined;
}

export interface LogLine {
	stream: LogStream;
	/** When its first part was written: RFC 3339, UTC, nanoseconds. */
	time: string;
	/** Without the newline. */
	text: string;
}

const NAMES = {follow: true, tail: true, since: true, until: true, signal: true} satisfies Record<keyof LogOptions, true>;

const toNanoseconds = (date: Date): bigint => BigInt(date.getTime()) * 1_000_000n;

/** Parts of a line, until it is whole. */
interface Open {
	time: string;
	parts: Buffer[];
}

const lineOf = (stream: LogStream, {time, parts}: Open): LogLine => ({stream, time, text: Buffer.concat(parts).toString('utf8').replace(/\n$/, '')});

async function* joinLines(records: AsyncIterable<LogRecord>): AsyncGenerator<LogLine> {
	const open: Partial<Record<LogStream, Open>> = {};
	for await (const {stream, time, data, partial} of records) {
		const line = open[stream] ?? {time, parts: []};
		line.parts.push(data);
		open[stream] = partial ? line : undefined;
		if (!partial) {
			yield lineOf(stream, line);
		}
	}

	// What the payload never ended.
	for (const stream of ['stdout', 'stderr'] as const) {
		const line = open[stream];
		if (line !== undefined) {
			yield lineOf(stream, line);
		}
	}
}

/** @throws ClocheError where an option is refused; reading throws where there is no log, or it is damaged */
export const readLines = (roots: StateRoots, id: string, options: LogOptions): AsyncGenerator<LogLine> => {
	refuseUnknown(options, Object.keys(NAMES));
	const {follow = false, tail, since, until, signal} = options;
	if (tail !== undefined && !(Number.isSafeInteger(tail) && tail >= 0)) {
		throw new ClocheError(`tail: ${tail}`, {why: 'not a number of lines', remedy: 'give a whole number from 0 on'});
	}

	return joinLines(readLog(roots, id, {
		follow,
		...(tail === undefined ? {} : {tail}),
		...(since === undefined ? {} : {since: toNanoseconds(since)}),
		...(until === undefined ? {} : {until: toNanoseconds(until)}),
		...(signal === undefined ? {} : {signal}),
	}));
};
