/**
 * Changes the record of a container that is there: one at a time, by `ID.change/OWNER`, a directory that gets its name with
 * the entry in it. A dead owner's is freed by its own name, so nobody frees another's.
 */

import {existsSync, rmdirSync, unlinkSync, writeFileSync} from 'node:fs';
import {claimDirectory, writeAtomic} from '../../base/atomic.js';
import {ClocheError, ignoring, isErrno} from '../../base/errors.js';
import {pauseSync} from '../../base/pause.js';
import {bootId, formatIdentity, identify, isAlive, parseIdentity, type ProcessIdentity} from '../../base/process.js';
import {readNames} from './claim.js';
import {type ContainerRecord, readRecord, recordPath} from './record.js';
import {containerDirectory, type StateRoots} from './roots.js';

/** How the name ends of what says that somebody changes a record. */
export const CHANGE = '.change';

/** A change takes microseconds. */
const PATIENCE_MS = 5000;
const PAUSE_MS = 2;

const changePath = (roots: StateRoots, id: string): string => `${containerDirectory(roots, id)}${CHANGE}`;

const free = (path: string, entry: string): void => {
	ignoring(['ENOENT', 'ENOTDIR', 'ENOTEMPTY', 'EEXIST'], () => {
		unlinkSync(`${path}/${entry}`);
		rmdirSync(path);
	});
};

/** Free what a dead one holds; whether somebody living holds it. */
export const freeDeadChange = (roots: StateRoots, id: string): boolean => {
	const path = changePath(roots, id);
	let held = false;
	for (const entry of readNames(path)) {
		const owner = parseIdentity(entry);
		if (owner === undefined || (owner.boot === bootId() && isAlive(owner))) {
			held = true;
		} else {
			free(path, entry);
		}
	}

	return held;
};

const hold = (roots: StateRoots, id: string, self: ProcessIdentity): void => {
	const entry = formatIdentity(self);
	for (const deadline = Date.now() + PATIENCE_MS; !claimDirectory(changePath(roots, id), directory => {
		writeFileSync(`${directory}/${entry}`, '');
	}, 0o700);) {
		freeDeadChange(roots, id);
		if (Date.now() > deadline) {
			throw new ClocheError('another process changes the container', {where: changePath(roots, id), remedy: 'try again'});
		}

		pauseSync(PAUSE_MS);
	}
};

/** Synchronous, so that within this process only one is at it. */
export const changeRecord = <T>(roots: StateRoots, id: string, change: (record: ContainerRecord, write: (changed: ContainerRecord) => void) => T): T => {
	const self = identify(process.pid);
	if (self === undefined) {
		throw new ClocheError('cannot tell who we are', {where: `/proc/${process.pid}/stat`, remedy: 'mount /proc'});
	}

	const directory = containerDirectory(roots, id);
	hold(roots, id, self);
	try {
		const record = readRecord(directory);
		if (record === undefined) {
			throw new ClocheError('no such container', {where: id});
		}

		return change(record, changed => {
			// One in memory is a file in the place of its directory.
			const path = existsSync(recordPath(directory)) ? recordPath(directory) : directory;
			try {
				writeAtomic(path, `${JSON.stringify(changed)}\n`, 0o600);
			} catch (cause) {
				throw isErrno(cause, 'ENOENT') || isErrno(cause, 'EISDIR') ? new ClocheError('no such container', {where: id, cause})
					: new ClocheError('cannot write state', {where: path, cause});
			}
		});
	} finally {
		free(changePath(roots, id), formatIdentity(self));
	}
};
