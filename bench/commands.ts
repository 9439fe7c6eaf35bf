/** The commands that are timed beside the library: the floor, Node itself, and `cloche` as a user types it. */

import {symlink} from 'node:fs/promises';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import type {Subject} from './rounds.js';
import {commandSubject} from './subjects.js';
import type {Workshop} from './workshop.js';

const PROJECT = fileURLToPath(new URL('..', import.meta.url));

/** In the path of `cloche run`, npx is half a second: a few are enough. */
const SELDOM = 4;

export const commandSubjects = async ({disk, rootfs}: Workshop): Promise<Subject[]> => {
	// As npm installs it: a link to the file, which the kernel starts by its first line.
	const cloche = path.join(disk, 'cloche');
	await symlink(path.join(PROJECT, 'dist/cloche.cjs'), cloche);
	return [
		commandSubject('floor', [`${rootfs}/bin/busybox`, 'true'], {count: 5, every: 1}),
		commandSubject('node', ['node', '-e', '0'], {count: 1, every: 1}),
		commandSubject('command', [cloche, 'run', 'busybox', 'true'], {count: 1, every: 1}),
		commandSubject('tsx', ['npx', 'tsx', 'orchestrator', 'run', 'busybox', 'true'], {count: 1, every: SELDOM, cwd: PROJECT}),
	];
};
