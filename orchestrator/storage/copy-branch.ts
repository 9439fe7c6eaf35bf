/** Copies a branch over those below it, and does what its whiteouts say. */

import {type Dirent, lstatSync, readdirSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import {execa} from 'execa';
import {ClocheError} from '../base/errors.js';

/** AUFS' marks, which OCI took over (image-spec, layer.md, "Whiteouts"). */
const PREFIX = '.wh.';
const OPAQUE = '.wh..wh..opq';

/**
 * Copy `lower` over `target`, with everything that can be copied. Whiteouts are honoured as AUFS and OCI write them
 * (`.wh.NAME`, `.wh..wh..opq`) and as overlayfs does (a character device 0:0); overlay's mark of an opaque directory is an
 * extended attribute, which nothing here can read, so a layer in that form belongs to the overlay driver.
 */
export const copyBranch = async (lower: string, target: string): Promise<void> => {
	const marks: string[] = [];
	makeWay(lower, target, '', marks);
	try {
		await execa('cp', ['--archive', '--reflink=auto', '--one-file-system', '--', `${lower}/.`, target], {stdin: 'ignore', env: {LC_ALL: 'C'}});
	} catch (error) {
		throw new ClocheError('cannot copy a branch', {where: lower, why: lastLine(error), cause: error});
	}

	for (const mark of marks) {
		rmSync(join(target, mark), {force: true});
	}
};

const lastLine = (error: unknown): string | undefined => {
	const text = error instanceof Error && 'stderr' in error && typeof error.stderr === 'string' ? error.stderr.trim() : '';
	return text === '' ? undefined : text.split('\n').at(-1);
};

/** Remove from `target` what the branch hides or replaces by something of another kind, and note the marks. */
const makeWay = (lower: string, target: string, below: string, marks: string[]): void => {
	const entries = readdirSync(join(lower, below), {withFileTypes: true});
	if (entries.some(entry => entry.name === OPAQUE)) {
		for (const name of readdirSync(join(target, below))) {
			rmSync(join(target, below, name), {recursive: true});
		}
	}

	for (const entry of entries) {
		const path = join(below, entry.name);
		const hidden = hiddenBy(entry, join(lower, path));
		if (hidden !== undefined) {
			marks.push(path);
			rmSync(join(target, below, hidden), {recursive: true, force: true});
			continue;
		}

		const there = lstatSync(join(target, path), {throwIfNoEntry: false});
		if (there !== undefined && !(there.isDirectory() && entry.isDirectory())) {
			rmSync(join(target, path), {recursive: true});
		}

		if (entry.isDirectory() && there?.isDirectory() === true) {
			makeWay(lower, target, path, marks);
		} else if (entry.isDirectory()) {
			noteMarks(lower, path, marks);
		}
	}
};

/** A directory that nothing below has hides nothing, but its marks are copied all the same. */
const noteMarks = (lower: string, below: string, marks: string[]): void => {
	for (const entry of readdirSync(join(lower, below), {withFileTypes: true})) {
		const path = join(below, entry.name);
		if (hiddenBy(entry, join(lower, path)) !== undefined) {
			marks.push(path);
		} else if (entry.isDirectory()) {
			noteMarks(lower, path, marks);
		}
	}
};

/** The name that this entry hides, where it is a mark and no content; marks of AUFS' own (`.wh..wh.`) hide only themselves. */
const hiddenBy = (entry: Dirent, path: string): string | undefined => {
	const {name} = entry;
	if (name.startsWith(PREFIX)) {
		return name.startsWith(`${PREFIX}${PREFIX}`) ? name : name.slice(PREFIX.length);
	}

	return entry.isCharacterDevice() && lstatSync(path).rdev === 0 ? name : undefined;
};
