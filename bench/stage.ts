/**
 * Mounts of the bench's own: a peer that leaves one (podman keeps its storage mounted) leaves it there, and one that
 * can't run among the machine's mounts (crun 1.8 refuses a cgroup hierarchy that is half v1, half v2, even where it is told to
 * use none) is given mounts with which it can.
 */

import {execFileSync, spawn} from 'node:child_process';
import {existsSync} from 'node:fs';

/** cgroup2 beside cgroup v1: systemd's "hybrid". */
const UNIFIED = '/sys/fs/cgroup/unified';

/** @returns whether this is the process that measures */
const isWithin = (): boolean => {
	const within = process.env['CLOCHE_BENCH_WITHIN'] === '1';
	// The peers are not to see it.
	delete process.env['CLOCHE_BENCH_WITHIN'];
	return within || process.geteuid?.() !== 0;
};

/**
 * Run this program again in a mount namespace of its own. Without privilege nothing is done: such a process gets mounts of its
 * own in a user namespace only, where nothing would be as users have it.
 *
 * @returns the exit status of that other run; `undefined` in the process that is to measure
 */
export const enterOwnMounts = async (): Promise<number | undefined> => {
	if (isWithin()) {
		if (process.geteuid?.() === 0 && existsSync(UNIFIED)) {
			execFileSync('umount', ['--lazy', UNIFIED]);
		}

		return undefined;
	}

	const program = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
	const child = spawn('unshare', ['--mount', '--propagation', 'private', ...program], {stdio: 'inherit', env: {...process.env, CLOCHE_BENCH_WITHIN: '1'}});
	// It ends in order, and this process after it. A terminal tells both of a Ctrl-C; it heeds the first word.
	for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
		process.on(name, () => child.kill(name));
	}

	return new Promise((resolve, reject) => {
		child.on('error', reject);
		child.on('close', status => {
			resolve(status ?? 1);
		});
	});
};
