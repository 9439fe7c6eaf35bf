/** Removes what a container left on disk. */

import {chmodSync, lstatSync, readdirSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import {ClocheError, isErrno} from '../../base/errors.js';

/**
 * Remove a tree, if it is there; several may be at it at once. Directories that their owner shut himself out of are
 * opened first: overlay makes `work/work` with mode 000, and a payload can do the same.
 *
 * @throws ClocheError where something can't be removed, as when it belongs to a subordinate id of the user
 */
export const removeTree = (path: string): void => {
	try {
		try {
			rmSync(path, {recursive: true, force: true});
		} catch (error) {
			if (!isErrno(error, 'EACCES') && !isErrno(error, 'ENOTEMPTY')) {
				throw error;
			}

			openDirectories(path);
			rmSync(path, {recursive: true, force: true});
		}
	} catch (cause) {
		throw new ClocheError('cannot remove what a container left', {where: path, cause, remedy: 'remove it as root'});
	}
};

const openDirectories = (directory: string): void => {
	const status = lstatSync(directory, {throwIfNoEntry: false});
	if (status?.isDirectory() !== true) {
		return;
	}

	if ((status.mode & 0o700) !== 0o700) {
		chmodSync(directory, 0o700);
	}

	for (const entry of readdirSync(directory, {withFileTypes: true})) {
		if (entry.isDirectory()) {
			openDirectories(join(directory, entry.name));
		}
	}
};
