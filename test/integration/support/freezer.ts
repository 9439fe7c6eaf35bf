/** Whether a cgroup can be frozen here, and who is a process's offspring. */

import {readdirSync} from 'node:fs';
import {cgroupsFor, makeCgroups, removeCgroups} from '../../../orchestrator/host/cgroup.js';
import * as freezer from '../../../orchestrator/host/freezer.js';
import {readProc} from './marked.js';

export const canFreeze = (): boolean => {
	const paths = cgroupsFor(`probe-${process.pid}`, '/nowhere');
	makeCgroups(paths);
	try {
		return freezer.canFreeze(paths);
	} finally {
		removeCgroups(paths);
	}
};

const parentOf = (pid: number): number => Number(/\) \S (\d+)/.exec(readProc(`${pid}/stat`))?.[1] ?? 0);

const isBelow = (pid: number, ancestor: number): boolean => pid === ancestor || (pid > 1 && isBelow(parentOf(pid), ancestor));

/** Whether a process and its offspring are `count` processes. */
export const makeSure = (ancestor: number, count: number): boolean =>
	readdirSync('/proc').filter(name => /^\d+$/.test(name) && isBelow(Number(name), ancestor)).length === count;
