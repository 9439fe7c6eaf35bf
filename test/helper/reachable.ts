/** What tests run as nobody has to lie where nobody can go, and root's clone may not: /root is shut. */

import {chmodSync, cpSync, mkdtempSync, rmSync, statSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {basename, dirname, join, resolve} from 'node:path';
import test from 'ava';

const isOpen = (directory: string): boolean =>
	(statSync(directory).mode & 0o001) !== 0 && (directory === '/' || isOpen(dirname(directory)));

let copies: string | undefined;

/** A file or a directory of the repository, or where it is shut away from others, a copy for as long as this file's tests run. */
export const reachable = (name: string): string => {
	const path = resolve(name);
	if (process.getuid?.() !== 0 || isOpen(dirname(path))) {
		return path;
	}

	if (copies === undefined) {
		const directory = mkdtempSync(join(tmpdir(), 'cloche-reachable-'));
		copies = directory;
		chmodSync(directory, 0o755);
		test.after.always(() => {
			rmSync(directory, {recursive: true, force: true});
		});
	}

	const copy = join(copies, basename(path));
	cpSync(path, copy, {recursive: true, verbatimSymlinks: true});
	return copy;
};
