/** Where this machine's cgroup hierarchies are mounted, and where in them a process is. Pure. */

export interface CgroupMount {
	/** Where it is mounted. */
	path: string;
	/** What of the hierarchy is seen there: `/` or the path of a cgroup, as in /proc/PID/cgroup. */
	root: string;
}

/** By name: `v2`, or a controller of version 1. */
export type CgroupMounts = ReadonlyMap<string, CgroupMount>;

/** Spaces and the like are octal in it (proc_pid_mountinfo(5)). */
const unescape = (text: string): string => text.replace(/\\(\d{3})/gu, (_all, octal: string) => String.fromCodePoint(Number.parseInt(octal, 8)));

/** From a text like /proc/self/mountinfo. Of several mounts of one hierarchy, the one that shows most of it and can be written. */
export const parseCgroupMounts = (mountinfo: string): CgroupMounts => {
	const mounts = new Map<string, CgroupMount>();
	for (const line of mountinfo.split('\n')) {
		const [before = '', after = ''] = line.split(' - ');
		const [, , , root, path, options = ''] = before.split(' ');
		const [type, , superOptions = ''] = after.split(' ');
		if (root === undefined || path === undefined || options.split(',').includes('ro')) {
			continue;
		}

		const names = type === 'cgroup2' ? ['v2'] : type === 'cgroup' ? superOptions.split(',').filter(option => option !== 'rw' && !option.includes('=')) : [];
		for (const name of names) {
			const known = mounts.get(name);
			if (known === undefined || root.length < known.root.length) {
				mounts.set(name, {path: unescape(path), root: unescape(root)});
			}
		}
	}

	return mounts;
};

/** By the same names, from a text like /proc/self/cgroup (cgroups(7)). */
export const parseOwnCgroups = (text: string): ReadonlyMap<string, string> => new Map(text.split('\n').flatMap(line => {
	const [, controllers, path] = /^\d+:([^:]*):(.*)$/u.exec(line) ?? [];
	return controllers === undefined || path === undefined ? []
		: (controllers === '' ? ['v2'] : controllers.split(',')).map(name => [name, path] as const);
}));

/** The directory of a cgroup, or `undefined` where what is mounted doesn't show it. */
export const directoryOf = ({path, root}: CgroupMount, cgroup: string): string | undefined => {
	const prefix = root === '/' ? '' : root;
	if (cgroup !== prefix && !cgroup.startsWith(`${prefix}/`) || cgroup.startsWith('/..')) {
		return undefined;
	}

	const rest = cgroup.slice(prefix.length);
	return rest === '/' ? path : `${path}${rest}`;
};
