/** Facts of this machine for the planner: read once, and each only when it is asked for. */

import {existsSync} from 'node:fs';
import {isPrivileged, ownCapabilities} from '../host/privilege.js';
import {findSubordinate, type SubordinateIds} from '../host/subordinate.js';
import type {Facts} from './plan/facts.js';

/** CGROUP2_SUPER_MAGIC at /sys/fs/cgroup, told by a file that only a cgroup2 root has: cheaper than statfs in Node. */
const isUnified = (): boolean => existsSync('/sys/fs/cgroup/cgroup.controllers');

class MachineFacts implements Facts {
	readonly uid = process.geteuid?.() ?? 0;
	readonly gid = process.getegid?.() ?? 0;
	readonly privileged = isPrivileged();
	readonly capabilities = ownCapabilities();
	#unified: boolean | undefined;
	#subordinate: {found: SubordinateIds | undefined} | undefined;

	get unifiedCgroups(): boolean {
		this.#unified ??= isUnified();
		return this.#unified;
	}

	get subordinate(): SubordinateIds | undefined {
		this.#subordinate ??= {found: findSubordinate(this.uid)};
		return this.#subordinate.found;
	}

	exists(path: string): boolean {
		return existsSync(path);
	}
}

let facts: Facts | undefined;

/** This machine's; the same object each time, since what is in it doesn't change while a process runs. */
export const machineFacts = (): Facts => facts ??= new MachineFacts();

/** CLOCK_MONOTONIC in nanoseconds. */
export const uptime = (): bigint => process.hrtime.bigint();

