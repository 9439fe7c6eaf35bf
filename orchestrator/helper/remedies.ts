/**
 * What to do about an error, where it is known. Users want the diagnosis, not EPERM (bubblewrap#632), so the kernel's own
 * switches are read and the one that is in the way is named.
 */

import {errnoName} from '../base/errno.js';
import type {Failure} from './events.js';
import {type ReadKernel, readKernel} from './kernel-file.js';
import type {Op, Plan} from './plan.js';
import {Step} from './protocol.js';
import {namespaceRemedy} from './remedies-namespace.js';
import {publishRemedy} from './remedies-publish.js';

export interface Ailment {
	failure: Failure;
	/** The operation it happened in. */
	op?: Op | undefined;
	plan: Plan;
}

type Mount = Extract<Op, {op: 'mount'}>;
type Overlay = Extract<Op, {op: 'overlay'}>;

const noFileSystem = (type: string): string =>
	`the kernel has no file system ${type} (see /proc/filesystems): load its module, or choose another`;

const mountRemedy = (code: string, op: Mount): string | undefined => {
	switch (code) {
		case 'ENODEV': return noFileSystem(op.type);
		case 'EINVAL': return `${op.type} refuses an option: check ${op.options?.join(', ') ?? 'the source'}`;
		case 'EBUSY': return 'it is mounted or in use already';
		default: return undefined;
	}
};

const overlayRemedy = (code: string, {upper, lowers}: Overlay, plan: Plan): string | undefined => {
	switch (code) {
		case 'ENODEV': return `${noFileSystem('overlay')} (--storage copy works everywhere)`;
		case 'ELOOP': return 'the writable branch lies inside a lower one, or overlays are stacked too deep: put the state elsewhere with --root';
		case 'EBUSY': return 'another container has this writable branch, or its work directory was not cleaned: remove that container, or run gc';
		case 'EINVAL': return upper === undefined
			? lowers.length === 1 ? 'a union without a writable branch needs two lower ones: bind the only one instead' : `a branch can't be a lower one (${lowers.length} are given; the kernel takes 500)`
			: `the file system of ${upper} can't be a writable branch: put the state on ext4, xfs, btrfs or tmpfs with --root, or use --storage copy`;
		case 'EPERM': return plan.userMap === undefined ? undefined : 'overlays in user namespaces need Linux 5.11: use --storage copy';
		default: return undefined;
	}
};

const execRemedy = (code: string, argv: readonly string[]): string | undefined => {
	const [program = ''] = argv;
	switch (code) {
		case 'ENOENT': return program.includes('/')
			? 'check the path inside the image, and that its interpreter (#! line, dynamic loader) is there, too'
			: 'check its name and that PATH inside the image leads to it';
		case 'EACCES': return 'it is a directory, not executable (chmod +x), or on a noexec mount';
		case 'ENOEXEC': return 'it is no program for this machine: a script needs a #! line, a binary the right architecture';
		case 'E2BIG': return 'arguments and environment are larger than the kernel takes (a quarter of ulimit -s, 128 KiB each): pass less, or pass it in a file';
		default: return undefined;
	}
};

/** What isn't there is the source, or the place inside: a link there that leads nowhere is none that could be made. */
const bindRemedy = (code: string, op: Extract<Op, {op: 'bind'}>, path: string | undefined): string | undefined => {
	if (code !== 'ENOENT') {
		return undefined;
	}

	return path === op.source ? `check that ${op.source} is there` : 'a symbolic link at that place inside leads nowhere: choose another place, or mend the image';
};

/** What was made can't be put in its place (do_move_mount() in the kernel's fs/namespace.c). */
const placeRemedy = (code: string, {detail}: Failure, op: Op): string | undefined => code === 'EINVAL' && detail === 'move_mount' && 'target' in op
	? `what the image has at ${op.target} is of another kind: a directory goes onto a directory, a file onto a file` : undefined;

const endpointRemedy = (code: string, {name, bridge}: Extract<Op, {op: 'endpoint'}>, plan: Plan, detail = ''): string | undefined => {
	const makes = detail.startsWith('RTM_NEWLINK') && !detail.startsWith('RTM_NEWLINK up');
	switch (code) {
		case 'ENODEV': return bridge === undefined ? undefined : `the bridge ${bridge} was removed meanwhile: make the network again, or run gc`;
		case 'EEXIST': return makes ? `the container has a link ${name} already, or one outside has the peer's name` : undefined;
		case 'EOPNOTSUPP': return makes ? `the kernel has no veth (CONFIG_VETH), or ${bridge ?? 'what it should hang on'} is no bridge` : 'the kernel has no IPv6, or it is switched off (sysctl net.ipv6.conf.all.disable_ipv6)';
		case 'EACCES': return detail.startsWith('RTM_NEWADDR') ? 'IPv6 is switched off in there (sysctl net.ipv6.conf.all.disable_ipv6)' : undefined;
		case 'ENETUNREACH':
		case 'EHOSTUNREACH': return 'the gateway must lie in the subnet of one of its addresses';
		case 'EXFULL': return 'a bridge takes 1,023 links: use a second network';
		case 'EPERM': return plan.userMap === undefined || makes ? 'links to bridges need CAP_NET_ADMIN in the bridge\'s network namespace: run as root' : undefined;
		default: return undefined;
	}
};

const resolverRemedy = (code: string): string | undefined => {
	switch (code) {
		case 'EADDRNOTAVAIL': return 'lo must be up, and have the address, before';
		case 'EADDRINUSE': return 'this network namespace has a resolver already: who shares it needs none of his own';
		default: return undefined;
	}
};

const opRemedy = (code: string, op: Op, plan: Plan, {path, detail}: Failure): string | undefined => {
	switch (op.op) {
		case 'mount': return mountRemedy(code, op);
		case 'overlay': return overlayRemedy(code, op, plan);
		case 'exec': return execRemedy(code, op.argv);
		case 'bind': return bindRemedy(code, op, path);
		case 'sysctl': return code === 'ENOENT' ? `the kernel has no sysctl ${op.key.replaceAll('/', '.')}` : 'only sysctls of the container\'s own namespaces can be set';
		case 'cwd': return code === 'ENOENT' ? 'make the directory in the image, or choose another with -w' : undefined;
		case 'endpoint': return endpointRemedy(code, op, plan, detail);
		case 'link-delete': return code === 'ENODEV' ? 'the container is not on that network any more' : undefined;
		case 'resolver': return resolverRemedy(code);
		case 'seccomp': return code === 'EINVAL' ? 'the kernel doesn\'t take this filter (--seccomp), or any (CONFIG_SECCOMP_FILTER)' : undefined;
		case 'rlimit': return code === 'EPERM' ? 'the hard limit is above ours: choose a lower one' : undefined;
		default: return undefined;
	}
};

const generalRemedy = (code: string, op: Op | undefined): string | undefined => {
	switch (code) {
		case 'ELOOP': return 'noSymlinks' in (op ?? {}) ? 'a symbolic link in this path could lead out of the root: remove it from the image' : 'remove the symbolic link from the path';
		case 'ENOSYS': return 'the kernel lacks this system call, or the seccomp filter of an outer container hides it: Cloche needs Linux 5.11';
		case 'ENOSPC': return 'free some space, or a limit on namespaces or mounts is reached (/proc/sys/user, fs.mount-max)';
		case 'EMFILE': return 'raise the limit of open files (ulimit -n)';
		case 'EAGAIN': return 'a limit on processes is reached (ulimit -u, or the cgroup\'s pids.max)';
		case 'EROFS': return 'the file system is read-only: let the image have this path, or drop --read-only';
		case 'ENOMEM': return 'memory, or the kernel\'s limit on it, is used up';
		default: return undefined;
	}
};

/** The last clause of an error's message, or `undefined` where nothing is known. `read` is a seam for tests. */
export const findRemedy = ({failure, op, plan}: Ailment, read: ReadKernel = readKernel): string | undefined => {
	if (failure.errno === 0) {
		return undefined;
	}

	const code = errnoName(failure.errno);
	if (failure.step === Step.CGROUP && code === 'ENOENT') {
		return 'the cgroup was removed meanwhile';
	}

	if (failure.step === Step.PUBLISH) {
		return publishRemedy(code, failure, read) ?? generalRemedy(code, op);
	}

	if (failure.step === Step.PARENT) {
		return ['ESRCH', 'ENOENT', 'ENXIO'].includes(code) ? 'its keeper was killed, and its networks with it: start the container again'
			: code === 'EPERM' ? 'it is another user\'s: only who owns its user namespace can enter it' : generalRemedy(code, op);
	}

	return (op === undefined ? undefined : placeRemedy(code, failure, op) ?? opRemedy(code, op, plan, failure))
		?? namespaceRemedy(code, failure.step, op, plan, read)
		?? generalRemedy(code, op);
};
