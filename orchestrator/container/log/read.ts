/** A container's log, as it is and as it grows: nothing of it is lost through rotation, and following it ends with the container. */

import {existsSync, lstatSync, statSync} from 'node:fs';
import {setImmediate as turn} from 'node:timers/promises';
import {ClocheError} from '../../base/errors.js';
import {Watcher} from '../../base/watch.js';
import {formatMoment} from '../options/moment.js';
import {claimPath, isAbandoned} from '../store/claim.js';
import {findContainer, type FoundContainer} from '../store/find.js';
import {liveDirectory, logDirectory, type StateRoots} from '../store/roots.js';
import {isBefore, logFile, LogFiles, logNumbers, type Position} from './files.js';
import type {LogRecord} from './record.js';
import {findTail, type Starts} from './tail.js';

export interface LogOptions {
	/** Go on until the container has ended. */
	follow?: boolean;
	/** Only so many lines from the end, and what comes then. */
	tail?: number;
	/** Nanoseconds since 1970: only what was written from then on. */
	since?: bigint;
	/** Only what was written until then. */
	until?: bigint;
	/** Ends it. */
	signal?: AbortSignal;
}

/** Whether nobody answers for it any more who did when we began: after that, nothing is written. */
const endOf = ({record: {id}, owner}: FoundContainer, roots: StateRoots): (() => boolean) => {
	if (owner === undefined) {
		return () => true;
	}

	const path = claimPath(roots, owner, id);
	return () => lstatSync(path, {throwIfNoEntry: false}) === undefined || isAbandoned({path, owner, id});
};

const NANOSECONDS = 1_000_000n;

/** A file that was written for the last time before `since` holds nothing of interest. */
const firstSince = (directory: string, since: bigint): Position => {
	const number = logNumbers(directory).find(candidate => {
		const status = statSync(logFile(directory, candidate), {throwIfNoEntry: false});
		return status !== undefined && BigInt(Math.ceil(status.mtimeMs) + 1) * NANOSECONDS >= since;
	});
	return {number: number ?? 0, offset: 0};
};

const earliest = ({stdout, stderr}: Starts): Position => isBefore(stdout, stderr) ? stdout : stderr;

const isWanted = (starts: Starts | undefined, number: number, record: LogRecord): boolean =>
	starts === undefined || !isBefore({number, offset: record.offset}, starts[record.stream]);

const requireLog = ({record}: FoundContainer, directory: string): void => {
	if (record.detached !== true && !existsSync(directory)) {
		throw new ClocheError('the container has no log', {where: record.name ?? record.id, why: 'it ran in the foreground, and what it wrote went to whoever started it', remedy: 'run it with --detach'});
	}
};

const untilThen = (until: bigint | undefined): number => until === undefined ? Number.POSITIVE_INFINITY : Number(until / NANOSECONDS) + 1 - Date.now();

/** The same as {@link readLog} for who wants many: records in the batches in which they were read. */
export async function* readLogInBatches(roots: StateRoots, found: FoundContainer, {follow = false, tail, since, until, signal}: LogOptions = {}): AsyncGenerator<LogRecord[], void> {
	const directory = logDirectory(roots, found.record.id);
	requireLog(found, directory);
	const watcher = follow ? new Watcher([directory, liveDirectory(roots)], signal) : undefined;
	const starts = tail === undefined ? undefined : findTail(directory, tail);
	const files = new LogFiles(directory, starts === undefined ? since === undefined ? undefined : firstSince(directory, since) : earliest(starts));
	const [first, last] = [since, until].map(moment => moment === undefined ? undefined : formatMoment(moment));
	const hasEnded = follow ? endOf(found, roots) : () => true;
	try {
		for (;;) {
			// Asked before the last read: what it wrote until then is there to be read.
			const over = hasEnded() || untilThen(until) <= 0;
			for (let records = files.next(); records.length > 0; records = files.next()) {
				signal?.throwIfAborted();
				const wanted = records.filter(record => isWanted(starts, files.number, record) && (first === undefined || record.time >= first) && (last === undefined || record.time <= last));
				if (wanted.length > 0) {
					yield wanted;
				}

				// Times may go back where the clock was set, so only a log that is followed ends by them.
				await turn();
			}

			signal?.throwIfAborted();
			if (over) {
				return;
			}

			await watcher?.changed(untilThen(until));
		}
	} finally {
		watcher?.close();
		files.close();
	}
}

/**
 * What a container wrote, record by record: a line, or a part of one.
 *
 * @param word name, id or its beginning
 * @throws ClocheError where there is no such container, it has no log, or the log is damaged
 */
export async function* readLog(roots: StateRoots, word: string, options: LogOptions = {}): AsyncGenerator<LogRecord, void> {
	for await (const records of readLogInBatches(roots, findContainer(roots, word), options)) {
		yield* records;
	}
}
