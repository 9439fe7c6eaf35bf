/** Whether this process is root with all that it means. */

import {readFileSync} from 'node:fs';

/** The bit of CAP_SYS_ADMIN (linux/capability.h), without which root can neither mount nor make namespaces: as in a Docker container. */
const SYS_ADMIN = 21n;

/** The whole range of ids: /proc/self/uid_map of the initial user namespace (user_namespaces(7)). */
const INITIAL_MAP = /^\s*0\s+0\s+4294967295\s*$/;

/** From /proc/self/status and /proc/self/uid_map. */
export const parsePrivilege = (status: string, uidMap: string): boolean => {
	const [, effective = '0'] = /^CapEff:\s*([\da-f]+)$/m.exec(status) ?? [];
	return INITIAL_MAP.test(uidMap) && (BigInt(`0x${effective}`) >> SYS_ADMIN & 1n) === 1n;
};

let privileged: boolean | undefined;

/** Uid 0 of the initial user namespace, with CAP_SYS_ADMIN. Others are treated as ordinary users: they need a user namespace. */
export const isPrivileged = (): boolean => privileged ??= process.geteuid?.() === 0
	&& parsePrivilege(readFileSync('/proc/self/status', 'latin1'), readFileSync('/proc/self/uid_map', 'latin1'));
