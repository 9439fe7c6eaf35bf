/** Capabilities by name: `--cap-add`, `--cap-drop` (capabilities(7); numbers of linux/capability.h). */

import {Unacceptable} from './unacceptable.js';

/** In the kernel's order: the place is the number. */
export const CAPABILITIES = [
	'CHOWN', 'DAC_OVERRIDE', 'DAC_READ_SEARCH', 'FOWNER', 'FSETID', 'KILL', 'SETGID', 'SETUID', 'SETPCAP', 'LINUX_IMMUTABLE', 'NET_BIND_SERVICE',
	'NET_BROADCAST', 'NET_ADMIN', 'NET_RAW', 'IPC_LOCK', 'IPC_OWNER', 'SYS_MODULE', 'SYS_RAWIO', 'SYS_CHROOT', 'SYS_PTRACE', 'SYS_PACCT', 'SYS_ADMIN',
	'SYS_BOOT', 'SYS_NICE', 'SYS_RESOURCE', 'SYS_TIME', 'SYS_TTY_CONFIG', 'MKNOD', 'LEASE', 'AUDIT_WRITE', 'AUDIT_CONTROL', 'SETFCAP', 'MAC_OVERRIDE',
	'MAC_ADMIN', 'SYSLOG', 'WAKE_ALARM', 'BLOCK_SUSPEND', 'AUDIT_READ', 'PERFMON', 'BPF', 'CHECKPOINT_RESTORE',
] as const;

export type Capability = (typeof CAPABILITIES)[number];

/** What a container's root may do unless told otherwise: podman's set (containers/common), Docker's less NET_RAW, MKNOD and AUDIT_WRITE. */
export const DEFAULT_CAPABILITIES: readonly Capability[] = [
	'CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'NET_BIND_SERVICE', 'SETFCAP', 'SETGID', 'SETPCAP', 'SETUID', 'SYS_CHROOT',
];

/** `cap_net_admin`, `NET_ADMIN` or `ALL` → the capabilities meant. */
export const parseCapability = (value: string): readonly Capability[] => {
	const name = value.toUpperCase().replace(/^CAP_/, '');
	if (name === 'ALL') {
		return CAPABILITIES;
	}

	const found = CAPABILITIES.find(capability => capability === name);
	if (found === undefined) {
		throw new Unacceptable('not a capability', 'a name of capabilities(7), as NET_ADMIN, or ALL');
	}

	return [found];
};

/**
 * The default set with `add` and without `drop`. As in docker run, `--cap-add ALL` with a drop leaves all but the dropped,
 * and `--cap-drop ALL` with an add leaves only the added.
 */
export const chooseCapabilities = (add: ReadonlyArray<readonly Capability[]>, drop: ReadonlyArray<readonly Capability[]>): Capability[] => {
	const dropAll = drop.some(set => set === CAPABILITIES);
	const kept = new Set([...(dropAll ? [] : DEFAULT_CAPABILITIES), ...add.flat()]);
	const dropped = new Set(dropAll ? [] : drop.flat());
	return CAPABILITIES.filter(capability => kept.has(capability) && !dropped.has(capability));
};

/** The kernel's mask of a set. */
export const capabilityMask = (set: readonly Capability[]): bigint =>
	set.reduce((mask, capability) => mask | 1n << BigInt(CAPABILITIES.indexOf(capability)), 0n);
