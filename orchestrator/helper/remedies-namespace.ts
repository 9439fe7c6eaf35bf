/** Why namespaces are refused: which switch of the kernel, or of a security module, is in the way. */

import type {ReadKernel} from './kernel-file.js';
import type {NamespaceName, Op, Plan} from './plan.js';
import {Step} from './protocol.js';

const SYSCTL = '/proc/sys';

/** The names in /proc/self/ns and in /proc/sys/user/max_*_namespaces (namespaces(7)). */
const KERNEL_NAMES: Readonly<Record<NamespaceName, string>> = {
	mount: 'mnt', uts: 'uts', ipc: 'ipc', pid: 'pid', network: 'net', user: 'user', cgroup: 'cgroup', time: 'time',
};

/** A limit under this is on purpose; the default is half the number of threads, thousands. */
const SMALL_LIMIT = 64;

/** Debian's and Ubuntu's switches, and AppArmor's of Ubuntu 23.10 and later. */
const switchedOff = (read: ReadKernel): string | undefined => {
	if (read(`${SYSCTL}/kernel/unprivileged_userns_clone`) === '0') {
		return 'the kernel forbids unprivileged user namespaces: sudo sysctl kernel.unprivileged_userns_clone=1, or run as root';
	}

	if (read(`${SYSCTL}/kernel/apparmor_restrict_unprivileged_userns`) === '1') {
		return 'AppArmor restricts unprivileged user namespaces: sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0, give nsinit a profile with "userns,", or run as root';
	}

	return undefined;
};

const limitReached = (plan: Plan, read: ReadKernel): string | undefined => {
	for (const name of plan.namespaces) {
		const key = `user/max_${KERNEL_NAMES[name]}_namespaces`;
		const limit = Number(read(`${SYSCTL}/${key}`) ?? Infinity);
		if (limit < SMALL_LIMIT) {
			return `${key.replace('/', '.')} is ${limit}: sudo sysctl ${key.replace('/', '.')}=16384`;
		}
	}

	return undefined;
};

const notInKernel = (plan: Plan, read: ReadKernel): string | undefined => {
	const missing = plan.namespaces.find(name => read(`/proc/self/ns/${KERNEL_NAMES[name]}`) === undefined);
	return missing === undefined ? undefined : `the kernel was built without ${missing} namespaces`;
};

const CAP_SYS_ADMIN = 21n;

const lacksPrivilege = (read: ReadKernel): boolean => {
	const mask = /^CapEff:\s*([\da-f]+)$/m.exec(read('/proc/self/status') ?? '')?.[1];
	return mask !== undefined && (BigInt(`0x${mask}`) >> CAP_SYS_ADMIN & 1n) === 0n;
};

const refused = (plan: Plan, read: ReadKernel): string | undefined => {
	if (!lacksPrivilege(read)) {
		return undefined;
	}

	return plan.namespaces.includes('user')
		? switchedOff(read) ?? 'user namespaces are refused to this process: by the seccomp filter or security module of an outer container, or since it runs in a chroot'
		: 'this process has no CAP_SYS_ADMIN: run as root, or with --userns private';
};

/** The remedy for `code` at `step`; `undefined` where it has nothing to do with namespaces. `read` reads /proc. */
export const namespaceRemedy = (code: string, step: number, op: Op | undefined, plan: Plan, read: ReadKernel): string | undefined => {
	if (step === Step.CLONE || step === Step.JOIN || op?.op === 'time-offset') {
		switch (code) {
			case 'EPERM':
			case 'EACCES': return refused(plan, read);
			case 'ENOSPC':
			case 'EUSERS': return limitReached(plan, read) ?? 'namespaces are nested 32 deep, or a limit in /proc/sys/user of an outer user namespace is reached';
			case 'EINVAL': return notInKernel(plan, read);
			default: return undefined;
		}
	}

	if (step === Step.ID_MAP) {
		switch (code) {
			case 'EPERM':
			case 'EACCES': return switchedOff(read) ?? 'the map needs ids that are not ours: grant them in /etc/subuid and /etc/subgid and install newuidmap (package uidmap)';
			case 'ENOENT': return 'install newuidmap and newgidmap (package uidmap)';
			default: return undefined;
		}
	}

	// Ubuntu's AppArmor lets the namespace be made, and then takes its capabilities away.
	const inside = plan.namespaces.includes('user') && (code === 'EPERM' || code === 'EACCES') && op !== undefined && op.op !== 'exec';
	return inside && lacksPrivilege(read) ? switchedOff(read) : undefined;
};
