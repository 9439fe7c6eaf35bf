/** How a container ended, and the process that was its init. */

import {existsSync, readlinkSync, symlinkSync, unlinkSync} from 'node:fs';
import {temporaryFor, writeAtomic} from '../../base/atomic.js';
import {ClocheError, ignoring, isErrno} from '../../base/errors.js';
import {type ProcessIdentity, formatIdentity, identify, parseIdentity} from '../../base/process.js';
import {parseVersioned, readIfThere} from './record.js';

export const EXIT_VERSION = 1;

/** The exit record. Times are ISO 8601. Exactly one of `code`, `signal` and `error` tells the outcome. */
export interface ExitRecord {
	version: typeof EXIT_VERSION;
	ended: string;
	started?: string;
	/** The payload's exit status. */
	code?: number;
	/** The signal that ended it. */
	signal?: number;
	/** Why it isn't known, or why it never ran: `supervisor died`. */
	error?: string;
	/** The kernel's OOM killer did it. */
	oomKilled?: boolean;
	/** Microseconds. */
	userTime?: number;
	/** Microseconds. */
	systemTime?: number;
	/** KiB, the largest process. */
	maxRss?: number;
	/** Bytes, the most that its cgroup held. */
	memoryPeak?: number;
	/** It is being started again: the restart policy's wait. */
	restarting?: boolean;
	/** How often it was started again. */
	restarts?: number;
	/** Somebody stopped it, or its time was over. */
	stopped?: boolean;
	/** Bytes of output that couldn't be written to the log. */
	lost?: number;
}

/** The exit status that a run is known by: 128 and the signal's number where one ended it; `undefined` where it isn't known. */
export const statusOf = ({code, signal}: {code?: number | undefined; signal?: number | undefined}): number | undefined =>
	code ?? (signal === undefined ? undefined : 128 + signal);

const isExitRecord = (value: object): value is ExitRecord => 'ended' in value && typeof value.ended === 'string';

/** Where the exit record stands. */
export const exitPath = (directory: string): string => `${directory}/exit.json`;
/** How the name of the link ends that tells a container's init. */
export const INIT = '.init';
/** Beside the directory, since a container in memory has none. */
export const initPath = (directory: string): string => `${directory}${INIT}`;
/** Where a supervisor makes that link before it gets its name (helper-c/record.c); it may be killed in between. */
export const initDraft = (directory: string): string => temporaryFor(initPath(directory), 'newinitslink');

/** Write it: from now on the container has ended. */
export const writeExit = (directory: string, exit: Omit<ExitRecord, 'version'>): void => {
	try {
		writeAtomic(exitPath(directory), `${JSON.stringify({version: EXIT_VERSION, ...exit})}\n`, 0o600);
	} catch (cause) {
		throw new ClocheError('cannot write down how the container ended', {where: directory, cause});
	}
};

/** The exit record in a container's directory, or `undefined` where there is none. */
export const readExit = (directory: string): ExitRecord | undefined => {
	const path = exitPath(directory);
	// Asked for first: of one that runs there is none, and an exception takes ten times as long as an answer.
	// (statSync would throw where a file is in the directory's place.)
	const text = existsSync(path) ? readIfThere(path) : undefined;
	return text === undefined ? undefined : parseVersioned(text, path, EXIT_VERSION, isExitRecord);
};

/**
 * Write down the init, so that it can be killed if its supervisor is killed and it survives (PDEATHSIG is lost where a
 * program changes its user). Not in the way of a start: call it once START is sent. It may come after the helper has
 * removed everything, so the caller sees to it once more when the container is released ({@link forgetInit}).
 *
 * @returns `false` where it has ended
 */
export const recordInit = (directory: string, pid: number): boolean => {
	const identity = identify(pid);
	if (identity === undefined) {
		return false;
	}

	try {
		unlinkIfThere(initPath(directory));
		symlinkSync(formatIdentity(identity), initPath(directory));
		return true;
	} catch (error) {
		// The state root is gone.
		if (isErrno(error, 'ENOENT')) {
			return false;
		}

		throw error;
	}
};

/** The init that was written down; `undefined` where none was. */
export const readInit = (directory: string): ProcessIdentity | undefined => {
	try {
		return parseIdentity(readlinkSync(initPath(directory)));
	} catch (error) {
		if (isErrno(error, 'ENOENT')) {
			return undefined;
		}

		throw error;
	}
};

/** The init is no more. */
export const forgetInit = (directory: string): void => {
	unlinkIfThere(initPath(directory));
};

/** Before a kept container starts again: its last run is forgotten. */
export const forgetRun = (directory: string): void => {
	unlinkIfThere(exitPath(directory));
	unlinkIfThere(initPath(directory));
};

const unlinkIfThere = (path: string): void => {
	ignoring(['ENOENT'], () => {
		unlinkSync(path);
	});
};
