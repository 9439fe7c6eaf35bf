/**
 * Who a process is. A pid alone is reused; boot id, pid and start time together are not.
 * proc(5): the start time is field 22 of /proc/PID/stat, in clock ticks since boot.
 */

import {readFileSync} from 'node:fs';
import {isErrno} from './errors.js';

export interface ProcessIdentity {
	/** The first 8 characters of /proc/sys/kernel/random/boot_id. */
	boot: string;
	pid: number;
	/** Clock ticks since boot. */
	start: number;
}

let boot: string | undefined;

/** The first 8 characters of this boot's id; read once. */
export const bootId = (): string => boot ??= readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').slice(0, 8);

/** What we need of a line of /proc/PID/stat. The name in it may hold spaces and parentheses, so all is counted from the last one. */
export const parseStat = (line: string): {state: string; start: number} | undefined => {
	const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
	const [state] = fields;
	const start = Number(fields[19]);
	return line.includes(')') && state !== undefined && Number.isSafeInteger(start) ? {state, start} : undefined;
};

/**
 * The start time of a process in clock ticks, or `undefined` where there is none.
 * A zombie counts as none: it holds nothing any more.
 */
export const startTime = (pid: number): number | undefined => {
	try {
		// As UTF-8, which Node reads in one call: half the time of any other way, and this is asked of every container.
		const stat = parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
		return stat === undefined || stat.state === 'Z' || stat.state === 'X' ? undefined : stat.start;
	} catch (error) {
		// ESRCH: it ended between open and read.
		if (isErrno(error, 'ENOENT') || isErrno(error, 'ESRCH')) {
			return undefined;
		}

		throw error;
	}
};

/** The identity of a running process, or `undefined` where there is none. */
export const identify = (pid: number): ProcessIdentity | undefined => {
	const start = startTime(pid);
	return start === undefined ? undefined : {boot: bootId(), pid, start};
};

/** Whether that very process still runs. */
export const isAlive = (identity: ProcessIdentity): boolean =>
	identity.boot === bootId() && startTime(identity.pid) === identity.start;

/** `1a2b3c4d-123-4567`: an identity as a part of a file name. */
export const formatIdentity = ({boot: id, pid, start}: ProcessIdentity): string => `${id}-${pid}-${start}`;

/** The inverse of {@link formatIdentity}; `undefined` where `text` is something else. */
export const parseIdentity = (text: string): ProcessIdentity | undefined => {
	const match = /^([\da-f]{8})-([1-9]\d*)-(\d+)$/.exec(text);
	return match === null ? undefined : {boot: match[1] ?? '', pid: Number(match[2]), start: Number(match[3])};
};
