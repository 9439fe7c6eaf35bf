/**
 * Who changes something that all share takes a turn: `PATH/OWNER`, a directory that gets its name with the entry in it, by a
 * rename that fails where a filled one is. A dead owner's entry is removed by its own name, so nobody ends another's turn, and
 * who is killed holds nobody up.
 */

import {readdirSync, readlinkSync, rmdirSync, symlinkSync, unlinkSync} from 'node:fs';
import {setTimeout as sleep} from 'node:timers/promises';
import {claimDirectory} from './atomic.js';
import {ClocheError, isErrno} from './errors.js';
import {bootId, formatIdentity, identify, isAlive, parseIdentity} from './process.js';

/** A turn takes some tens of milliseconds, and a second on a machine that is busy. */
const PATIENCE_MS = 60_000;
/** Between looks, which take of the processor that the one needs for whom many wait. */
const PAUSE_MS = 3;
const LONGEST_PAUSE_MS = 20;

const ignoring = (codes: readonly string[], act: () => void): void => {
	try {
		act();
	} catch (error) {
		if (!codes.some(code => isErrno(error, code))) {
			throw error;
		}
	}
};

const end = (path: string, entry: string): void => {
	ignoring(['ENOENT', 'ENOTDIR', 'ENOTEMPTY', 'EEXIST'], () => {
		unlinkSync(`${path}/${entry}`);
		rmdirSync(path);
	});
};

const entriesOf = (path: string): string[] => {
	try {
		return readdirSync(path);
	} catch (error) {
		if (isErrno(error, 'ENOENT')) {
			return [];
		}

		throw error;
	}
};

/** A pid means something only in its namespace, which the entry's text names: one from another is never taken for dead before a reboot. */
const isDead = (path: string, entry: string, namespace: string): boolean => {
	const owner = parseIdentity(entry);
	if (owner?.boot !== bootId()) {
		return owner !== undefined;
	}

	try {
		return !isAlive(owner) && readlinkSync(`${path}/${entry}`) === namespace;
	} catch (error) {
		if (isErrno(error, 'ENOENT')) {
			return false; // It has just ended its turn.
		}

		throw error;
	}
};

const tryToTake = (path: string, entry: string, namespace: string): boolean => claimDirectory(path, directory => {
	symlinkSync(namespace, `${directory}/${entry}`);
}, 0o700);

/**
 * Tells, at each look, whether what was seen has stayed the same for longer than `limit` milliseconds: however many have their
 * turns before ours, each may take its time.
 */
export const stalled = (limit: number): (seen: string, now: number) => boolean => {
	let last: string | undefined;
	let since = 0;
	return (seen, now) => {
		if (seen !== last) {
			[last, since] = [seen, now];
		}

		return now - since > limit;
	};
};

/**
 * Do `work` while nobody else does any under this path.
 *
 * @throws ClocheError where one other's turn doesn't end within a minute
 */
export const inTurn = async <T>(path: string, work: () => T | Promise<T>): Promise<T> => {
	const self = identify(process.pid);
	if (self === undefined) {
		throw new ClocheError('cannot tell who we are', {where: `/proc/${process.pid}/stat`, remedy: 'mount /proc'});
	}

	const entry = formatIdentity(self);
	const namespace = readlinkSync('/proc/self/ns/pid');
	const isStalled = stalled(PATIENCE_MS);
	let others = entriesOf(path);
	for (let pause = PAUSE_MS; others.length > 0 || !tryToTake(path, entry, namespace); others = entriesOf(path)) {
		const dead = others.find(other => isDead(path, other, namespace));
		if (dead !== undefined) {
			end(path, dead);
		} else if (isStalled(others.join(', '), Date.now())) {
			throw new ClocheError('another process is at it, and doesn\'t end', {where: path, why: others.join(', '), remedy: 'try again'});
		} else {
			await sleep(pause * (1 + Math.random()));
			pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
		}
	}

	try {
		return await work();
	} finally {
		end(path, entry);
	}
};
