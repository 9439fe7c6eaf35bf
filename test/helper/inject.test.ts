/**
 * Every system call that may fail does so once (strace injects it): the error names step, operation, path, errno and call, and
 * nothing is left.
 *
 * strace counts calls by process, so that `when` is the helper's count, and its init's, too.
 */

import {existsSync} from 'node:fs';
import type {Plan} from '../../orchestrator/helper/plan.js';
import type {FullPlan} from './full-plan.js';
import {type Fault, faulty, runWith} from './strace.js';
import {privileges, type Privilege} from './support.js';

interface Expected {
	step: string;
	op?: string;
	/** A path, or its end. */
	path?: string | RegExp;
	/** The call, as the message has it. */
	says: string;
}

type Row = [fault: Fault, expected: Expected, changes?: (plan: FullPlan) => Partial<Plan>];

const TEMPORARY = /\/(?:upper|work)$/;
const LAYER = /\/busybox$/;
const PROBE = /\/probe$/;

const rows: Row[] = [
	[{call: 'socketpair', error: 'EMFILE', when: 1}, {step: 'streams', says: 'socketpair'}],
	[{call: '?open,openat', error: 'EMFILE', when: 1, only: '/dev/null'}, {step: 'streams', path: '/dev/null', says: 'open'}],
	[{call: 'clone', error: 'EAGAIN', when: 2}, {step: 'clone', says: 'clone'}],
	[{call: 'clone3', error: 'ENOSPC', when: 1}, {step: 'clone', says: 'clone3'}],
	[{call: 'mount', error: 'EACCES', when: 1}, {step: 'create', op: 'propagation', path: '/', says: 'mount MS_REC|MS_PRIVATE'}],
	[{call: 'fsopen', error: 'ENODEV', when: 1}, {step: 'create', op: 'overlay', path: 'overlay', says: 'fsopen'}],
	[{call: 'fsconfig', error: 'EINVAL', when: 1}, {step: 'create', op: 'overlay', path: 'overlay', says: 'fsconfig source'}],
	[{call: 'fsconfig', error: 'ENOMEM', when: 2}, {step: 'create', op: 'overlay', path: LAYER, says: 'lowerdir+'}],
	[{call: 'fsconfig', error: 'EROFS', when: 3}, {step: 'create', op: 'overlay', path: TEMPORARY, says: 'upperdir'}],
	[{call: 'fsconfig', error: 'ESTALE', when: 4}, {step: 'create', op: 'overlay', path: TEMPORARY, says: 'workdir'}],
	[{call: 'fsconfig', error: 'EBUSY', when: 5}, {step: 'create', op: 'overlay', path: '/', says: 'fsconfig create'}],
	[{call: 'fsmount', error: 'EMFILE', when: 1}, {step: 'create', op: 'overlay', path: '/', says: 'fsmount'}],
	[{call: 'move_mount', error: 'ENOSPC', when: 1}, {step: 'create', op: 'overlay', path: '/', says: 'move_mount'}],
	[{call: 'openat2', error: 'EMFILE', when: 2}, {step: 'create', op: 'mount', path: '/proc', says: 'openat2'}],
	[{call: 'fsopen', error: 'ENODEV', when: 3}, {step: 'create', op: 'mount', path: 'sysfs', says: 'fsopen'}],
	[{call: 'fsconfig', error: 'EINVAL', when: 11}, {step: 'create', op: 'mount', path: 'mode=755', says: 'fsconfig'}],
	[{call: 'mknodat', error: 'EPERM', when: 1}, {step: 'create', op: 'device', path: '/dev/null', says: 'mknodat'}],
	[{call: 'mkdirat', error: 'ENOSPC', when: 1}, {step: 'create', op: 'mount', path: '/dev/pts', says: 'mkdirat'}],
	[{call: 'symlinkat', error: 'ENOSPC', when: 1}, {step: 'create', op: 'symlink', path: '/dev/fd', says: 'symlinkat'}],
	[{call: 'mkdirat', error: 'EDQUOT', when: 4}, {step: 'create', op: 'mkdir', path: '/made/below', says: 'mkdirat'}],
	[{call: 'openat', error: 'EIO', when: 1, only: 'hostname'}, {step: 'create', op: 'file', path: '/made/hostname', says: 'openat'}],
	[{call: 'write', error: 'ENOSPC', when: 1}, {step: 'create', op: 'file', path: '/made/hostname', says: 'write'}],
	[{call: 'open_tree', error: 'ENOENT', when: 1}, {step: 'create', op: 'bind', path: PROBE, says: 'open_tree'}],
	[{call: 'mount_setattr', error: 'EPERM', when: 1}, {step: 'create', op: 'bind', path: '/probe', says: 'mount_setattr'}],
	[{call: 'open_tree', error: 'EMFILE', when: 2}, {step: 'create', op: 'protect', path: '/proc/sys', says: 'open_tree'}],
	[{call: 'open_tree', error: 'EMFILE', when: 3}, {step: 'create', op: 'mask', path: '/proc/version', says: 'making the cover'}],
	[{call: 'sethostname', error: 'EPERM', when: 1}, {step: 'create', op: 'hostname', path: 'westeros', says: 'sethostname'}],
	[{call: 'setdomainname', error: 'EPERM', when: 1}, {step: 'create', op: 'domainname', path: 'north', says: 'setdomainname'}],
	[{call: '?open,openat', error: 'EACCES', when: 1, only: '/proc/sys/net/ipv4/ip_unprivileged_port_start'}, {step: 'create', op: 'sysctl', path: '/proc/sys/net/ipv4/ip_unprivileged_port_start', says: 'write'}],
	[{call: 'write', error: 'EINVAL', when: 2}, {step: 'create', op: 'sysctl', path: '/proc/sys/net/ipv4/ip_unprivileged_port_start', says: 'write'}],
	[{call: 'socket', error: 'EMFILE', when: 1}, {step: 'create', op: 'loopback', path: 'lo', says: 'socket'}],
	[{call: 'ioctl', error: 'ENODEV', when: 1}, {step: 'create', op: 'loopback', path: 'lo', says: 'ioctl SIOCGIFFLAGS'}],
	[{call: 'ioctl', error: 'EPERM', when: 2}, {step: 'create', op: 'loopback', path: 'lo', says: 'ioctl SIOCSIFFLAGS'}],
	[{call: 'fchdir', error: 'ENOTDIR', when: 1}, {step: 'create', op: 'pivot', path: 'the root', says: 'fchdir'}],
	[{call: 'pivot_root', error: 'EINVAL', when: 1}, {step: 'create', op: 'pivot', path: 'the root', says: 'pivot_root'}],
	[{call: 'umount2', error: 'EBUSY', when: 1}, {step: 'create', op: 'pivot', path: 'the old root', says: 'umount2 MNT_DETACH'}],
	[{call: 'chdir', error: 'EACCES', when: 1}, {step: 'create', op: 'pivot', path: '/', says: 'chdir'}],
	[{call: 'fcntl', error: 'EMFILE', when: 3, only: '/dev/null'}, {step: 'streams', says: 'fcntl F_DUPFD_CLOEXEC'}],
	[{call: 'dup3', error: 'EBADF', when: 1}, {step: 'init', says: 'exit status 125'}],
	[{call: 'dup2', error: 'EBADF', when: 2}, {step: 'streams', says: 'dup2'}],
	[{call: 'close_range', error: 'ENOSYS', when: 2}, {step: 'streams', says: 'close_range'}],
	[{call: 'prlimit64', error: 'EPERM', when: 1}, {step: 'start', op: 'rlimit', says: 'setrlimit'}],
	[{call: 'prctl', error: 'EPERM', when: 2}, {step: 'start', op: 'credentials', says: 'prctl PR_CAPBSET_DROP'}],
	[{call: 'setgroups', error: 'EPERM', when: 1}, {step: 'start', op: 'credentials', says: 'setgroups'}],
	[{call: 'setresgid', error: 'EINVAL', when: 1}, {step: 'start', op: 'credentials', says: 'setresgid'}],
	[{call: 'setresuid', error: 'EAGAIN', when: 1}, {step: 'start', op: 'credentials', says: 'setresuid'}],
	[{call: 'capset', error: 'EPERM', when: 1}, {step: 'start', op: 'credentials', says: 'capset'}],
	[{call: 'fchdir', error: 'EACCES', when: 2}, {step: 'start', op: 'cwd', path: '/', says: 'fchdir'}],
	[{call: 'execve', error: 'E2BIG', when: 1, only: '/probe'}, {step: 'start', op: 'exec', path: '/probe', says: ''}],
	[{call: 'seccomp', error: 'EACCES', when: 1}, {step: 'start', op: 'seccomp', says: 'seccomp'}, plan => ({
		// BPF_RET | BPF_K, SECCOMP_RET_ALLOW
		start: plan.start.toSpliced(-1, 0, {op: 'seccomp', program: Uint8Array.from([6, 0, 0, 0, 0, 0, 0xFF, 0x7F])}),
	})],
];

/** What a mask of the id maps or a new clock needs, which root's plan has not. */
const table: Record<Privilege, Row[]> = {
	root: [
		...rows,
		[{call: 'unshare', error: 'ENOSPC', when: 1}, {step: 'create', op: 'time-offset', says: 'unshare CLONE_NEWTIME'}, plan => ({create: [{op: 'time-offset', monotonic: 5n}, ...plan.create]})],
		[{call: 'setns', error: 'EPERM', when: 1}, {step: 'create', op: 'time-offset', path: 'time', says: 'setns'}, plan => ({create: [{op: 'time-offset', monotonic: 5n}, ...plan.create]})],
		[{call: '?open,openat', error: 'ENOENT', when: 1, only: '/proc/self/ns/uts'}, {step: 'join', path: '/proc/self/ns/uts', says: 'open'}, plan => ({namespaces: plan.namespaces.filter(name => name !== 'uts'), join: ['/proc/self/ns/uts']})],
		[{call: 'setns', error: 'EPERM', when: 1}, {step: 'join', path: '/proc/self/ns/uts', says: 'setns'}, plan => ({namespaces: plan.namespaces.filter(name => name !== 'uts'), join: ['/proc/self/ns/uts']})],
	],
	rootless: [
		[{call: '?fork,clone', error: 'EAGAIN', when: 1}, {step: 'init', says: 'fork'}, () => ({init: true})],
		[{call: 'clone3', error: 'EPERM', when: 1}, {step: 'clone', says: 'clone3'}],
		[{call: 'write', error: 'EPERM', when: 1}, {step: 'id map', path: /\/setgroups$/, says: 'write'}],
		[{call: 'write', error: 'EPERM', when: 2}, {step: 'id map', path: /\/uid_map$/, says: 'write'}],
		[{call: 'write', error: 'EINVAL', when: 3}, {step: 'id map', path: /\/gid_map$/, says: 'write'}],
		[{call: 'write', error: 'EPIPE', when: 4}, {step: 'clone', path: 'the init\'s socket', says: 'write'}],
	],
};

for (const privilege of privileges) {
	for (const [fault, expected, changes] of table[privilege]) {
		const about = fault.only === undefined ? '' : ` about ${fault.only}`;
		faulty(`${privilege}: ${fault.call.replace(/^\?\w+,/, '')}${about} fails with ${fault.error}, the ${fault.when}. time, in ${expected.op ?? expected.step}`, async t => {
			const {plan, struck, error, ended, warnings} = await runWith(t, privilege, fault, full => ({...full, ...changes?.(full)}));
			t.true(struck > 0, 'the fault did not strike');
			t.like(error, {step: expected.step, op: expected.op, code: expected.says.startsWith('exit status') ? undefined : fault.error});
			if (expected.path instanceof RegExp) {
				t.regex(error?.path ?? '', expected.path);
			} else if (expected.path !== undefined) {
				t.is(error?.path, expected.path);
			}

			t.true(error?.message.includes(expected.says), error?.message);
			t.is(ended, 'status 0');
			t.deepEqual(warnings.map(({message}) => message), []);
			t.false(existsSync(plan.state));
		});
	}
}
