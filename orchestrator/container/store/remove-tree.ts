/** Removes what a container left on disk. */

import {chmodSync, lstatSync, readdirSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import {ClocheError, isErrno} from '../../base/errors.js';

const isForbidden = (error: unknown): boolean => isErrno(error, 'EACCES') || isErrno(error, 'EPERM');

/**
 * Remove a tree, if it is there; several may be at it at once. Directories that their owner shut himself out of are
 * opened first: overlay makes `work/work` with mode 000, and a payload can do the same. What belongs to a subordinate id of
 * the user is removed from inside a user namespace.
 *
 * @throws ClocheError where something can't be removed
 */
export const removeTree = (path: string): void => {
	try {
		try {
			rmSync(path, {recursive: true, force: true});
		} catch (error) {
			if (!isForbidden(error) && !isErrno(error, 'ENOTEMPTY')) {
				throw error;
			}

			removeStubborn(path);
		}
	} catch (cause) {
		throw new ClocheError('cannot remove what a container left', {where: path, cause, remedy: 'remove it as root'});
	}
};

const removeStubborn = (path: string): void => {
	try {
		openDirectories(path);
		rmSync(path, {recursive: true, force: true});
	} catch (error) {
		if (!isForbidden(error) || process.geteuid?.() === 0) {
			throw error;
		}

		// unshare(1) of util-linux 2.38 maps all that /etc/subuid grants; inside, we are root over all of those ids.
		// Loaded only here: child_process takes 4 ms of every command's start.
		process.getBuiltinModule('node:child_process').spawnSync('unshare', ['--map-root-user', '--map-auto', '--', 'rm', '-rf', '--', path], {stdio: 'ignore'});
		if (lstatSync(path, {throwIfNoEntry: false}) !== undefined) {
			throw error;
		}
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
