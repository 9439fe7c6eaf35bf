/** Directories that the bench works in, and the promise that nothing of them is left. */

import {execFile} from 'node:child_process';
import {existsSync} from 'node:fs';
import {mkdtemp, readdir, readFile, rm} from 'node:fs/promises';
import path from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {promisify} from 'node:util';
import type {Scope} from '../orchestrator/base/scope.js';
import {buildLayer} from '../orchestrator/image/recipe.js';
import {busybox} from '../layers/busybox.js';

const run = promisify(execFile);

/** What podman keeps outside of the directories that it is given: a cache, its locks, what its runtime notes down. */
const PODMAN = ['/var/lib/containers', '/run/containers', '/dev/shm/libpod_lock', '/run/crun'];

export interface Workshop {
	/** On the disk, as /var/lib is. */
	disk: string;
	/** In memory where /run is that: what a runtime notes down of a container. */
	run: string;
	/** The busybox layer once more, to be written to. */
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

const isNamed = async (directory: string): Promise<boolean> => {
	const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name));
	const lines = await Promise.all(pids.map(async pid => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''))); // It ended meanwhile.
	return lines.some(line => line.includes(directory));
};

const PATIENCE_MS = 10_000;

/** A `podman run` that a Ctrl-C has ended is cleaned up after by others, which would make the directory once more. */
export const untilUnnamed = async (directory: string): Promise<void> => {
	for (const begin = performance.now(); await isNamed(directory) && performance.now() - begin < PATIENCE_MS;) {
		await sleep(50);
	}
};

/** @param scope what undoes all of it */
export const openWorkshop = async (scope: Scope): Promise<Workshop> => {
	const disk = await mkdtemp('/var/tmp/cloche-bench-');
	scope.defer(async () => clear(disk));
	// What an import that is ended leaves of its own.
	process.env['TMPDIR'] = disk;
	const runtime = process.env['XDG_RUNTIME_DIR'] ?? (process.geteuid?.() === 0 ? '/run' : disk);
	const notes = await mkdtemp(path.join(runtime, 'cloche-bench-'));
	scope.defer(async () => clear(notes));
	// Only what wasn't there before.
	for (const left of PODMAN.filter(name => !existsSync(name))) {
		scope.defer(async () => rm(left, {recursive: true, force: true}));
	}

	scope.defer(async () => untilUnnamed(disk));
	return {disk, scope, run: notes, rootfs: await buildLayer(busybox, disk)};
};
