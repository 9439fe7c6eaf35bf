/** The cgroups of a container that has ended. */

import {existsSync, writeFileSync} from 'node:fs';
import {cgroupsFor, removeCgroups} from '../../host/cgroup.js';
import {thaw} from '../../host/freezer.js';
import type {StateRoots} from './roots.js';

/** Linux 5.14, version 2: whoever is in it or comes into it dies. */
const killAll = (path: string): void => {
	try {
		writeFileSync(`${path}/cgroup.kill`, '1');
	} catch {
		// An older kernel, version 1, or it is gone.
	}
};

/**
 * Kill who is left in them, and remove them.
 *
 * @param recorded those that its record names
 * @throws ClocheError where processes stay
 */
export const dropCgroups = (roots: StateRoots, id: string, recorded: readonly string[] = []): void => {
	const paths = [...new Set([...recorded, ...cgroupsFor(id, roots.data)])];
	thaw(paths);
	for (const path of paths) {
		killAll(path);
	}

	removeCgroups(paths);
};

/** The same for one in the foreground, which has none unless somebody paused it. What stays is gc's. */
export const dropAnyCgroups = (roots: StateRoots, id: string): void => {
	const paths = cgroupsFor(id, roots.data).filter(path => existsSync(path));
	try {
		removeCgroups(paths);
	} catch {
		// Somebody is just moving processes, and finds them gone.
	}
};
