/** Directories that the bench works in, and the promise that nothing of them is left. */

import {execFile} from 'node:child_process';
import {existsSync} from 'node:fs';
import {cp, mkdir, mkdtemp, readFile, rm} from 'node:fs/promises';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import {Scope} from '../orchestrator/base/scope.js';

const run = promisify(execFile);

/** Where `make layers` puts the layer that the library's containers have, too. */
const LAYER = fileURLToPath(new URL('layers/busybox', import.meta.url));

/** podman keeps a cache here, whatever --root says. */
const PODMAN = '/var/lib/containers';

export interface Workshop {
	/** On the disk, as /var/lib is. */
	disk: string;
	/** In memory where /run is that: what a runtime notes down of a container. */
	run: string;
	/** A copy of the busybox layer. */
	rootfs: string;
	/** What is undone at its end, before the directories go. */
	scope: Scope;
}

/** The mounts at and below `directory`, the innermost first: proc_pid_mountinfo(5). */
const mountsBelow = async (directory: string): Promise<string[]> => {
	const points = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n').map(line => line.split(' ')[4] ?? '');
	return points.filter(point => point === directory || point.startsWith(`${directory}/`)).reverse();
};

const clear = async (directory: string): Promise<void> => {
	for (const point of await mountsBelow(directory)) {
		await run('umount', ['--lazy', point]);
	}

	await rm(directory, {recursive: true, force: true});
};

export const openWorkshop = async (): Promise<Workshop> => {
	const scope = new Scope();
	const disk = await mkdtemp('/var/tmp/cloche-bench-');
	scope.defer(async () => clear(disk));
	const runtime = process.env['XDG_RUNTIME_DIR'] ?? (process.geteuid?.() === 0 ? '/run' : disk);
	const notes = await mkdtemp(path.join(runtime, 'cloche-bench-'));
	scope.defer(async () => clear(notes));
	if (!existsSync(PODMAN)) {
		scope.defer(async () => rm(PODMAN, {recursive: true, force: true}));
	}

	const rootfs = path.join(disk, 'rootfs');
	await mkdir(rootfs);
	await cp(LAYER, rootfs, {recursive: true, verbatimSymlinks: true});
	return {disk, rootfs, scope, run: notes};
};
