/** Stops and resumes all processes of a cgroup: cgroup.freeze of version 2, the freezer controller of version 1 (cgroups(7)). */

import {existsSync, readFileSync, writeFileSync} from 'node:fs';
import {setTimeout as pause} from 'node:timers/promises';
import {ClocheError, isErrno} from '../base/errors.js';

/** What a process waits for in the kernel may take a while; more than this, and it hangs. */
const PATIENCE_MS = 10_000;
const PAUSE_MS = 2;

interface Freezer {
	/** Written to ask. */
	file: string;
	frozen: string;
	thawed: string;
	/** Read to see whether it is so. */
	seen: string;
	sign: RegExp;
}

const v2 = (path: string): Freezer => ({file: `${path}/cgroup.freeze`, frozen: '1', thawed: '0', seen: `${path}/cgroup.events`, sign: /^frozen 1$/mu});
const v1 = (path: string): Freezer => ({file: `${path}/freezer.state`, frozen: 'FROZEN', thawed: 'THAWED', seen: `${path}/freezer.state`, sign: /^FROZEN$/mu});

const freezerIn = (paths: readonly string[]): Freezer | undefined => paths.flatMap(path => [v2(path), v1(path)]).find(({file}) => existsSync(file));

/** Whether one of these cgroups can be frozen. */
export const canFreeze = (paths: readonly string[]): boolean => freezerIn(paths) !== undefined;

/** Why there is no cgroup that can be frozen, in words for an error. */
export const whyNoFreezer = (): string => process.geteuid?.() === 0
	? 'no cgroup can be made here: no hierarchy with a freezer is mounted where it can be written'
	: 'no cgroup can be made here: ours wasn\'t delegated to us';

const problem = (paths: readonly string[], what: string, cause: unknown): ClocheError => new ClocheError(what, {
	where: paths[0], cause, ...(cause === undefined ? {why: whyNoFreezer()} : isErrno(cause, 'ENOENT') || isErrno(cause, 'ENODEV') ? {why: 'it has just ended'} : {}),
});

const isSettled = ({seen, sign}: Freezer, paths: readonly string[]): boolean => {
	try {
		return sign.test(readFileSync(seen, 'latin1'));
	} catch (cause) {
		throw problem(paths, 'cannot pause', cause);
	}
};

/** Ask for it; {@link isSettled} tells when it is so. What comes into the cgroup from now on stops, too. */
export const askToFreeze = (paths: readonly string[]): void => {
	const freezer = freezerIn(paths);
	if (freezer === undefined) {
		throw problem(paths, 'cannot pause', undefined);
	}

	try {
		writeFileSync(freezer.file, freezer.frozen);
	} catch (cause) {
		throw problem(paths, 'cannot pause', cause);
	}
};

/**
 * Stop all processes in one of these cgroups, and wait until they stand still.
 *
 * @throws ClocheError where that can't be had; then they run on
 */
export const freeze = async (paths: readonly string[]): Promise<void> => {
	askToFreeze(paths);
	const freezer = freezerIn(paths);
	for (const deadline = Date.now() + PATIENCE_MS; freezer !== undefined && !isSettled(freezer, paths);) {
		if (Date.now() > deadline) {
			thaw(paths);
			throw new ClocheError('cannot pause', {where: paths[0], why: 'a process waits in the kernel and doesn\'t stop'});
		}

		await pause(PAUSE_MS);
	}
};

/** Let them run again. Where there is no such cgroup, nothing is frozen. */
export const thaw = (paths: readonly string[]): void => {
	const freezer = freezerIn(paths);
	if (freezer === undefined) {
		return;
	}

	try {
		writeFileSync(freezer.file, freezer.thawed);
	} catch (cause) {
		if (!isErrno(cause, 'ENOENT') && !isErrno(cause, 'ENODEV')) {
			throw problem(paths, 'cannot unpause', cause);
		}
	}
};

/** Whether somebody froze one of these. The first that can be frozen tells: `ps` asks this of every container. */
export const isFrozen = (paths: readonly string[]): boolean => {
	for (const {file, frozen} of paths.flatMap(path => [v2(path), v1(path)])) {
		try {
			return readFileSync(file, 'utf8').trim() === frozen;
		} catch (error) {
			if (!isErrno(error, 'ENOENT') && !isErrno(error, 'ENODEV')) {
				throw problem(paths, 'cannot tell whether it is paused', error);
			}
		}
	}

	return false;
};
