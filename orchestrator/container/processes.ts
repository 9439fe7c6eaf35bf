/** The processes of a container, as this machine sees them. */

import {readdirSync, readFileSync, readlinkSync, statSync} from 'node:fs';
import {ClocheError} from '../base/errors.js';
import type {FoundContainer} from './store/find.js';

/** Clock ticks of /proc in a second: USER_HZ, which Linux has fixed. */
const TICKS = 100;

export interface ProcessView {
	pid: number;
	ppid: number;
	uid: number;
	/** As `R`, proc_pid_stat(5). */
	state: string;
	/** Seconds of processor time. */
	cpu: number;
	/** Seconds since it was started. */
	age: number;
	/** KiB. */
	rss: number;
	comm: string;
	/** Its argv; its name in brackets where it has none. */
	command: string;
}

/** Empty where it can't be read: it ended, or isn't ours to look at. */
const read = (path: string): string => {
	try {
		return readFileSync(path, 'utf8');
	} catch {
		return '';
	}
};

const namespaceOf = (pid: number | string): string | undefined => {
	try {
		return readlinkSync(`/proc/${pid}/ns/pid`);
	} catch {
		return undefined;
	}
};

const allPids = (): number[] => readdirSync('/proc').filter(name => /^\d+$/.test(name)).map(Number);

interface Stat {
	state: string;
	ppid: number;
	ticks: number;
	start: number;
	comm: string;
}

const statOf = (pid: number): Stat | undefined => {
	const text = read(`/proc/${pid}/stat`);
	const end = text.lastIndexOf(')');
	if (end < 0) {
		return undefined;
	}

	const fields = text.slice(end + 2).split(' ');
	const number = (field: number): number => Number(fields[field - 3]);
	return {state: fields[0] ?? '?', ppid: number(4), ticks: number(14) + number(15), start: number(22), comm: text.slice(text.indexOf('(') + 1, end)};
};

/** Those in a cgroup and below it; of several hierarchies the first that has any. */
const inCgroups = (paths: readonly string[]): number[] => {
	for (const path of paths) {
		const own = read(`${path}/cgroup.procs`).split('\n').filter(line => line !== '').map(Number);
		let below: string[] = [];
		try {
			below = readdirSync(path, {withFileTypes: true}).filter(entry => entry.isDirectory()).map(entry => `${path}/${entry.name}`);
		} catch {
			// It is gone with its container.
		}

		const pids = [...own, ...below.flatMap(directory => inCgroups([directory]))];
		if (pids.length > 0) {
			return pids;
		}
	}

	return [];
};

/**
 * The init and all below it, and all in its pid namespace: processes of `exec` are nobody's children there. Of a container that
 * shares ours, only what its init and its own have begotten can be told.
 */
export const pidsBelow = (init: number): number[] => {
	const namespace = namespaceOf(init);
	const isOwn = namespace !== undefined && namespace !== namespaceOf('self');
	const parents = new Map(allPids().map(pid => [pid, statOf(pid)?.ppid]));
	const found = new Set([init]);
	// A child's pid can be lower than its parent's, when they have gone round.
	for (let before = 0; before !== found.size;) {
		before = found.size;
		for (const [pid, ppid] of parents) {
			if (!found.has(pid) && (found.has(ppid ?? 0) || (isOwn && namespaceOf(pid) === namespace))) {
				found.add(pid);
			}
		}
	}

	return [...found];
};

const kibibytesOf = (pid: number): number => Number(/^VmRSS:\s*(\d+) kB$/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0);

const uidOf = (pid: number): number | undefined => {
	try {
		return statSync(`/proc/${pid}`).uid;
	} catch {
		return undefined;
	}
};

const viewOf = (pid: number, uptime: number): ProcessView[] => {
	const stat = statOf(pid);
	const uid = Number(/^Uid:\s*(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1] ?? uidOf(pid));
	if (stat === undefined || Number.isNaN(uid)) {
		return [];
	}

	const {state, ppid, ticks, start, comm} = stat;
	const argv = read(`/proc/${pid}/cmdline`).split('\0').slice(0, -1).join(' ');
	return [{pid, ppid, uid, state, cpu: ticks / TICKS, age: Math.max(0, uptime - start / TICKS), rss: kibibytesOf(pid), comm, command: argv === '' ? `[${comm}]` : argv}];
};

/**
 * @throws ClocheError where the container doesn't run
 */
export const processesOf = ({record, state, init}: FoundContainer): ProcessView[] => {
	if ((state !== 'running' && state !== 'paused') || init === undefined) {
		throw new ClocheError('the container doesn\'t run', {where: record.name ?? record.id, why: `it is ${state}`, remedy: 'start it first'});
	}

	const inCgroup = inCgroups(record.cgroups ?? []);
	const pids = inCgroup.length > 0 ? inCgroup : pidsBelow(init.pid);
	const uptime = Number.parseFloat(read('/proc/uptime'));
	return pids.sort((one, other) => one - other).flatMap(pid => viewOf(pid, uptime));
};
