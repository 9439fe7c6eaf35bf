/** Finds processes again, whatever becomes of them: by a mark in their environment, which forks keep. */

import {readFileSync, readdirSync} from 'node:fs';

/** Wait until `condition` holds, looking every few milliseconds; throws after `seconds`, telling what `describe` says then. */
export const until = async (condition: () => boolean | Promise<boolean>, describe: () => string = () => condition.toString(), seconds = 60): Promise<void> => {
	const deadline = Date.now() + seconds * 1000;
	while (!await condition()) {
		if (Date.now() > deadline) {
			throw new Error(`waited ${seconds} s in vain: ${describe()}`);
		}

		await new Promise(done => setTimeout(done, 5));
	}
};

/** Do what may have needed more time than it got, with twice as much each time, until it had `enough`; the last result. */
export const withTime = async <Result>(attempt: (milliseconds: number) => Promise<Result>, enough: (result: Result) => boolean): Promise<Result> => {
	for (let milliseconds = 200; ; milliseconds *= 2) {
		const result = await attempt(milliseconds);
		if (enough(result) || milliseconds > 10_000) {
			return result;
		}
	}
};

/** A file of /proc; empty where its process has ended. */
export const readProc = (path: string): string => {
	try {
		return readFileSync(`/proc/${path}`, 'utf8');
	} catch {
		return '';
	}
};

let count = 0;

/** A variable's value that nobody else has. */
export const newMark = (): string => `${process.pid}-${count++}-mark`;

/** The name of the variable. */
export const MARK = 'CLOCHE_TEST';

/** Every living process with this mark; zombies have no environment. */
export const marked = (mark: string): number[] => readdirSync('/proc').filter(name => /^\d/.test(name)).map(Number)
	.filter(pid => readProc(`${pid}/environ`).split('\0').includes(`${MARK}=${mark}`));

/** The program's name of a process, as `nsinit`. */
export const nameOf = (pid: number): string => readProc(`${pid}/comm`).trim();

/** Wait until no process has the mark. */
export const gone = async (mark: string): Promise<void> => until(
	() => marked(mark).length === 0,
	() => marked(mark).map(pid => `${pid} ${readProc(`${pid}/cmdline`).replaceAll('\0', ' ')}`).join(', '),
);

/** Kill every process with this mark that is still there. */
export const killMarked = (mark: string): void => {
	for (const pid of marked(mark)) {
		try {
			process.kill(pid, 'SIGKILL');
		} catch (error) {
			// It went with another.
			if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) {
				throw error;
			}
		}
	}
};

/** The children of a process. */
export const childrenOf = (pid: number): number[] =>
	readProc(`${pid}/task/${pid}/children`).split(' ').filter(word => /^\d+$/.test(word)).map(Number);

/** Mounts of this process's namespace that have to do with a directory. */
export const mountsBelow = (directory: string): string[] => readProc('self/mountinfo').split('\n').filter(line => line.includes(directory));
