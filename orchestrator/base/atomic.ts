/**
 * Files that are whole or not there, and claims that only one process gets.
 *
 * Synchronous, since each call is some microseconds on a local file system, and less than a turn of the event loop.
 * Nothing is fsynced: the state tells of processes, and those don't survive what fsync protects from.
 */

import {linkSync, mkdirSync, renameSync, rmSync, unlinkSync, writeFileSync} from 'node:fs';
import {basename, dirname, join} from 'node:path';
import {isErrno} from './errors.js';
import {newId} from './id.js';

/** Where a file is written before it gets its name: begins with a dot, so that readers of the directory pass over it. */
export const temporaryFor = (path: string, id = newId()): string => join(dirname(path), `.${basename(path).slice(0, 64)}.${id}`);

/** Whether a directory entry is one that a writer left when it was killed: `gc` may remove it. */
export const isTemporary = (name: string): boolean => /^\..+\.[a-z][a-z\d]{11}$/.test(name);

/** Run `make` on a temporary path that is gone if it throws. */
const withTemporary = (path: string, make: (temporary: string) => void, id?: string): void => {
	const temporary = temporaryFor(path, id);
	try {
		make(temporary);
	} catch (error) {
		rmSync(temporary, {recursive: true, force: true});
		throw error;
	}
};

/** Replace `path` by `data`; a reader sees the old content or the new, never a part. */
export const writeAtomic = (path: string, data: string | Uint8Array, mode = 0o644): void => {
	withTemporary(path, temporary => {
		writeFileSync(temporary, data, {mode, flag: 'wx'});
		renameSync(temporary, path);
	});
};

/** Write what is to replace `path` beside it, while there is room for it; the result puts it there, which takes none. */
export const stageAtomic = (path: string, data: string | Uint8Array, mode = 0o644): () => void => {
	const temporary = temporaryFor(path);
	try {
		writeFileSync(temporary, data, {mode, flag: 'wx'});
	} catch (error) {
		rmSync(temporary, {force: true});
		throw error;
	}

	return () => {
		renameSync(temporary, path);
	};
};

/** Make `path` with `data` in it, if it isn't there yet: `false` if someone else has it. It never exists without its content. */
export const createExclusive = (path: string, data: string | Uint8Array, mode = 0o644): boolean => {
	let mine = true;
	withTemporary(path, temporary => {
		writeFileSync(temporary, data, {mode, flag: 'wx'});
		try {
			linkSync(temporary, path);
		} catch (error) {
			if (!isErrno(error, 'EEXIST')) {
				throw error;
			}

			mine = false;
		}

		unlinkSync(temporary);
	});
	return mine;
};

/**
 * Make the directory `path`, filled by `fill` before it gets its name; `false` if a filled one is there.
 * (rename(2) replaces an empty directory, so `fill` must put something in.)
 *
 * @param id what the temporary is called by, so that it can be found when its writer was killed; nobody else uses it
 */
export const claimDirectory = (path: string, fill: (directory: string) => void, mode = 0o755, id?: string): boolean => {
	let mine = true;
	withTemporary(path, temporary => {
		mkdirSync(temporary, {mode});
		fill(temporary);
		try {
			renameSync(temporary, path);
		} catch (error) {
			if (!isErrno(error, 'ENOTEMPTY') && !isErrno(error, 'EEXIST')) {
				throw error;
			}

			mine = false;
			rmSync(temporary, {recursive: true});
		}
	}, id);
	return mine;
};
