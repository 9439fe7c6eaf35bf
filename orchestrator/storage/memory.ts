/**
 * A writable branch in memory: a tmpfs over the container's directory, mounted in the container's own mount namespace, so
 * that it hangs on the container and dies with it. Nothing is made on disk, nothing has to be removed from it, and nobody
 * waits for a journal (measured, against ext4: the overlay's mount 0.07 ms instead of 0.15–0.5, the branch's removal 0.03
 * instead of 0.4).
 *
 * The price is memory: what the container writes into its root counts there, up to half of the machine's (tmpfs(5),
 * `size`). A branch that is to outlive its run, or to hold more than that, belongs on disk.
 */

import {release} from 'node:os';
import {join} from 'node:path';
import type {CreateOp} from '../helper/plan.js';
import type {RootRequest} from './driver.js';

/** Where the writable branch lies. */
export type BranchPlace = 'memory' | 'disk';

const isRelease = (major: number, minor: number): boolean => {
	const [haveMajor = 0, haveMinor = 0] = release().split('.').map(Number);
	return haveMajor > major || (haveMajor === major && haveMinor >= minor);
};

/** Why the branch can't lie in memory; `undefined` where it can. */
export const memoryObjection = ({keep, privileged, parts}: RootRequest): string | undefined => {
	if (keep) {
		return 'the container is kept, and its branch with it';
	}

	if (parts !== undefined) {
		return 'an ordinary user\'s view of this directory is put together on disk';
	}

	// overlay's marks are user.overlay.* there, and tmpfs has user attributes since 6.6 (tmpfs(5)).
	return privileged || isRelease(6, 6) ? undefined : 'this kernel\'s tmpfs has no user attributes (Linux 6.6)';
};

/** The tmpfs, and the directories in it: `upper` like the topmost branch, `others` private. None where the branch is on disk. */
export const memoryOperations = ({directory, privileged, memory}: RootRequest, others: readonly string[]): CreateOp[] => {
	if (memory === undefined) {
		return [];
	}

	const {mode, uid, gid} = memory;
	return [
		{
			op: 'mount', type: 'tmpfs', target: directory, options: ['mode=711'], attributes: ['nosuid', 'nodev'], create: 'directory',
			why: 'what the container writes stays in memory, and only its own mount namespace ever sees this',
		},
		{op: 'mkdir', target: join(directory, 'upper'), mode, ...(privileged ? {uid, gid} : {})},
		...others.map((name): CreateOp => ({op: 'mkdir', target: join(directory, name), mode: 0o700})),
	];
};
