/**
 * The mounts that every container has (runtime-spec config-linux.md "Default Filesystems", Docker's defaults).
 *
 * Our own mount points refuse symbolic links: where an image has /proc or /dev as a link, what we mount would land
 * elsewhere, and what protects it with it.
 */

import type {CreateOp, MountAttribute} from '../../helper/plan.js';
import type {ContainerSpec} from '../spec.js';
import type {Facts} from './facts.js';

/** What decides how the default mounts are made. */
export interface MountContext {
	spec: ContainerSpec;
	facts: Facts;
	/** The container has a user namespace of its own. */
	user: boolean;
	/** Gid 5, the terminals' group, exists inside. */
	ttyGroup: boolean;
}

const LOCKED: MountAttribute[] = ['nosuid', 'nodev', 'noexec'];
const READ_ONLY: MountAttribute[] = ['rdonly', ...LOCKED];

/** One of our own mount points. */
const own = {create: 'directory', noSymlinks: true} as const;

/**
 * A pseudo file system shows the namespace that it is mounted in, and only who owns that namespace may mount it; where a
 * user namespace shares one with the host, the host's mount is shown instead.
 */
const owns = ({spec, user}: MountContext, namespace: 'pid' | 'network' | 'ipc' | 'cgroup'): boolean =>
	!user || spec.linux.namespaces[namespace] === 'private';

const procMount = (context: MountContext): CreateOp => owns(context, 'pid')
	? {op: 'mount', type: 'proc', target: '/proc', attributes: LOCKED, ...own, why: 'shows the processes of this pid namespace only'}
	: {op: 'bind', source: '/proc', target: '/proc', recursive: true, ...own, why: 'the host\'s, since its pid namespace is shared'};

const sysMount = (context: MountContext): CreateOp => owns(context, 'network')
	? {op: 'mount', type: 'sysfs', target: '/sys', attributes: READ_ONLY, ...own, why: 'devices, and this network namespace\'s interfaces; read-only'}
	: {op: 'bind', source: '/sys', target: '/sys', recursive: true, attributes: READ_ONLY, ...own, why: 'the host\'s, since its network namespace is shared; read-only'};

/** Only where there is nothing of v1: a mixed host has no one tree that could be shown. */
const cgroupMount = (context: MountContext): CreateOp[] => {
	if (!context.facts.unifiedCgroups || !owns(context, 'network')) {
		return [];
	}

	return owns(context, 'cgroup')
		? [{op: 'mount', type: 'cgroup2', target: '/sys/fs/cgroup', attributes: READ_ONLY, noSymlinks: true, why: 'the container\'s own limits; read-only'}]
		: [{op: 'bind', source: '/sys/fs/cgroup', target: '/sys/fs/cgroup', recursive: true, attributes: READ_ONLY, noSymlinks: true, why: 'the host\'s, since its cgroup namespace is shared'}];
};

const terminalsMount = ({ttyGroup}: MountContext): CreateOp => ({
	op: 'mount',
	type: 'devpts',
	target: '/dev/pts',
	options: ['newinstance', 'ptmxmode=0666', 'mode=0620', ...(ttyGroup ? ['gid=5'] : [])],
	attributes: ['nosuid', 'noexec'],
	...own,
	why: 'terminals of the container\'s own',
});

/** POSIX shared memory and message queues belong to the IPC namespace: shared with it. */
const ipcMounts = (context: MountContext): CreateOp[] => {
	const shared = context.spec.linux.namespaces.ipc === 'host';
	const memory: CreateOp = shared
		? {op: 'bind', source: '/dev/shm', target: '/dev/shm', recursive: true, ...own, why: 'the host\'s shared memory'}
		: {op: 'mount', type: 'tmpfs', target: '/dev/shm', options: ['mode=1777', 'size=64m'], attributes: LOCKED, ...own, why: 'shared memory'};
	if (owns(context, 'ipc')) {
		return [memory, {op: 'mount', type: 'mqueue', target: '/dev/mqueue', attributes: LOCKED, ...own, why: 'POSIX message queues of this IPC namespace'}];
	}

	return context.facts.exists('/dev/mqueue')
		? [memory, {op: 'bind', source: '/dev/mqueue', target: '/dev/mqueue', ...own, why: 'the host\'s message queues'}]
		: [memory];
};

export const planProcAndSys = (context: MountContext): CreateOp[] => [procMount(context), sysMount(context), ...cgroupMount(context)];

/** What stands below /dev, apart from the nodes themselves. */
export const planDevMounts = (context: MountContext): CreateOp[] => [terminalsMount(context), ...ipcMounts(context)];
