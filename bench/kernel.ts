/** What the kernel holds for processes: memory, time, mounts, namespaces. */

import {readdir, readFile, readlink} from 'node:fs/promises';

/** KiB that `pid` has for itself and would give back: Private_Clean and Private_Dirty of proc_pid_smaps(5). */
export const privateMemory = async (pid: number): Promise<number> => {
	const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
	const sizes = [...text.matchAll(/^Private_(?:Clean|Dirty): +(\d+) kB$/gm)].map(([, size]) => Number(size));
	return sizes.reduce((sum, size) => sum + size, 0);
};

/** KiB of `pid`, pages that it shares counted in parts (Pss of proc_pid_smaps(5)): of all who share them together, it is what they use. */
export const proportionalMemory = async (pid: number): Promise<number> =>
	Number(/^Pss: +(\d+) kB$/m.exec(await readFile(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]);

/** sysconf(_SC_CLK_TCK) of every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** Milliseconds of processor time of a process and of the children that it has reaped: proc_pid_stat(5), fields 14 to 17. */
export const processorTime = async (pid: number): Promise<number> => {
	const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
	// The name may hold anything, but the last parenthesis is its end; the state, field 3, is the first word after it.
	const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
	return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) * 1000 / TICKS_PER_SECOND;
};

export const countMounts = async (): Promise<number> => (await readFile('/proc/self/mountinfo', 'utf8')).trimEnd().split('\n').length;

export const countDescriptors = async (pid: number): Promise<number> => (await readdir(`/proc/${pid}/fd`)).length;

/** The parent of every process: proc_pid_stat(5), field 4. */
const readParents = async (): Promise<Map<string, string>> => {
	const parents = new Map<string, string>();
	for (const pid of (await readdir('/proc')).filter(name => /^\d+$/.test(name))) {
		const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''); // It ended meanwhile.
		parents.set(pid, stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] ?? '');
	}

	return parents;
};

/** Namespaces in which this process is, or one below it: the machine's other processes come and go. */
export const countNamespaces = async (): Promise<number> => {
	const parents = await readParents();
	const found = new Set<string>();
	for (const pid of parents.keys()) {
		let above: string | undefined = pid;
		while (above !== undefined && above !== `${process.pid}`) {
			above = parents.get(above);
		}

		for (const name of above === undefined ? [] : await readdir(`/proc/${pid}/ns`).catch(() => [])) {
			found.add(await readlink(`/proc/${pid}/ns/${name}`).catch(() => '')); // Of an init that is made just now, some aren't there yet.
		}
	}

	found.delete('');
	return found.size;
};

/**
 * Network namespaces that the kernel has, held by a process or by nothing any more: those are what a leak would be. Root
 * alone can see it; `undefined` where that, or the kernel's slab cache of them, is missing. Free ones that a processor keeps at hand
 * are counted, too: some dozens more or less tell nothing.
 */
export const countNetworks = async (): Promise<number | undefined> => {
	const slabs = await readFile('/proc/slabinfo', 'utf8').catch(() => '');
	const [, active] = /^net_namespace +(\d+)/m.exec(slabs) ?? [];
	return active === undefined ? undefined : Number(active);
};
