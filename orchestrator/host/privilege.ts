/** Whether this process is root with all that it means. */

import {readFileSync} from 'node:fs';

/** The bit of CAP_SYS_ADMIN (linux/capability.h), without which root can neither mount nor make namespaces: as in a Docker container. */
const SYS_ADMIN = 21n;

/** The whole range of ids: /proc/self/uid_map of the initial user namespace (user_namespaces(7)). */
const INITIAL_MAP = /^\s*0\s+0\s+4294967295\s*$/;

/** The effective set, a mask, of a text like /proc/self/status (proc_pid_status(5)). */
export const parseEffective = (status: string): bigint => BigInt(`0x${/^CapEff:\s*([\da-f]+)$/m.exec(status)?.[1] ?? '0'}`);

let effective: bigint | undefined;

/** Its bit in such a mask (linux/capability.h). */
export const CAP_NET_ADMIN = 1n << 12n;

/** The capabilities that this process has, a mask. */
export const ownCapabilities = (): bigint => effective ??= parseEffective(readFileSync('/proc/self/status', 'latin1'));

/** Whether such a process is privileged; the second text is like /proc/self/uid_map. */
export const parsePrivilege = (capabilities: bigint, uidMap: string): boolean => INITIAL_MAP.test(uidMap) && (capabilities >> SYS_ADMIN & 1n) === 1n;

let privileged: boolean | undefined;

/** Uid 0 of the initial user namespace, with CAP_SYS_ADMIN. Others are treated as ordinary users: they need a user namespace. */
export const isPrivileged = (): boolean => privileged ??= process.geteuid?.() === 0 && parsePrivilege(ownCapabilities(), readFileSync('/proc/self/uid_map', 'latin1'));
