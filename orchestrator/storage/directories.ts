/** Directories that become roots. */

import {chmodSync, chownSync, mkdirSync, statSync} from 'node:fs';
import {ClocheError, isErrno} from '../base/errors.js';

/** @returns whether it wasn't there */
const make = (directory: string, mode?: number): boolean => {
	try {
		mkdirSync(directory, mode);
		return true;
	} catch (error) {
		if (isErrno(error, 'EEXIST')) {
			return false;
		}

		throw error;
	}
};

/**
 * Make a directory whose mode and owner are those of `model`: the merged root takes them from the writable branch, and a
 * umask must not shut the payload's user out. One that is there (a kept container starts again) stays as it is.
 *
 * @param owned whether the owner is to be copied, too; only root can
 */
export const makeLike = (directory: string, model: string, owned: boolean): void => {
	const {mode, uid, gid} = statModel(model);
	if (!make(directory)) {
		return;
	}

	if (owned && (uid !== process.geteuid?.() || gid !== process.getegid?.())) {
		chownSync(directory, uid, gid);
	}

	chmodSync(directory, mode);
};

/** Mode (permission bits) and owner of a branch. */
export const statModel = (model: string): {mode: number; uid: number; gid: number} => {
	try {
		const {mode, uid, gid} = statSync(model);
		return {mode: mode & 0o7777, uid, gid};
	} catch (error) {
		throw new ClocheError('cannot use a branch', {where: model, cause: error});
	}
};

/** Make a directory with this mode, whatever the umask; one that is there stays as it is. */
export const makeDirectory = (directory: string, mode: number): void => {
	if (make(directory)) {
		chmodSync(directory, mode);
	}
};

/** Make a directory that only its owner enters, unless it is there. */
export const makePrivate = (directory: string): void => {
	make(directory, 0o700);
};
