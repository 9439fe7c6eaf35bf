/** A plan with every kind of operation that a default run has, in its order; `probe` lies at /probe inside. */

import type {ExecutionContext} from 'ava';
import type {CreateOp, Plan} from '../../orchestrator/helper/plan.js';
import {planFor, type Privilege, probe} from './support.js';

/** podman's default set: CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID SETPCAP NET_BIND_SERVICE SYS_CHROOT SETFCAP. */
const CAPABILITIES = 0x8004_05FBn;

const devices = (privilege: Privilege): CreateOp[] => privilege === 'root'
	? [{op: 'device', target: '/dev/null', major: 1, minor: 3, mode: 0o666}]
	: [{op: 'bind', source: '/dev/null', target: '/dev/null', create: 'file'}];

export interface FullPlan extends Plan {
	/** The directory that is removed with the container. */
	state: string;
}

/** `changes` override what the plan says before its operations. */
export const fullPlan = (t: ExecutionContext, privilege: Privilege, argv: string[], changes: Partial<Plan> = {}): FullPlan => {
	const base = planFor(t, privilege, argv);
	const [propagation, root] = base.create;
	const terminal = changes.terminal === true;
	return {
		...base,
		namespaces: [...base.namespaces, 'cgroup'],
		create: [
			...[propagation, root].filter(op => op !== undefined),
			{op: 'mount', type: 'proc', target: '/proc', create: 'directory', noSymlinks: true, attributes: ['nosuid', 'nodev', 'noexec']},
			{op: 'mount', type: 'sysfs', target: '/sys', create: 'directory', noSymlinks: true, attributes: ['rdonly', 'nosuid', 'nodev', 'noexec']},
			{op: 'mount', type: 'tmpfs', target: '/dev', create: 'directory', noSymlinks: true, options: ['mode=755', 'size=64k'], attributes: ['nosuid']},
			...devices(privilege),
			{op: 'mount', type: 'devpts', target: '/dev/pts', create: 'directory', options: ['newinstance', 'ptmxmode=0666', 'mode=0620'], attributes: ['nosuid', 'noexec']},
			{op: 'symlink', target: '/dev/fd', text: '/proc/self/fd'},
			{op: 'mount', type: 'mqueue', target: '/dev/mqueue', create: 'directory'},
			{op: 'mkdir', target: '/made/below', mode: 0o700},
			{op: 'file', target: '/made/hostname', data: 'westeros\n', mode: 0o644},
			{op: 'bind', source: probe, target: '/probe', create: 'file', attributes: ['rdonly', 'nosuid', 'nodev']},
			...(terminal ? [{op: 'console', target: '/dev/console', create: 'file'} as const] : []),
			{op: 'protect', target: '/proc/sys', attributes: ['rdonly'], ifExists: true},
			{op: 'mask', target: '/proc/version', ifExists: true},
			{op: 'mask', target: '/sys/firmware', ifExists: true},
			{op: 'hostname', name: 'westeros'},
			{op: 'domainname', name: 'north'},
			{op: 'sysctl', key: 'net/ipv4/ip_unprivileged_port_start', value: '80'},
			{op: 'loopback'},
			{op: 'resolver', address: '127.0.0.11'},
			{op: 'pivot'},
		],
		start: [
			{op: 'rlimit', resource: 7, soft: 1024n, hard: 1024n},
			{op: 'capabilities', bounding: CAPABILITIES, permitted: CAPABILITIES, inheritable: 0n, ambient: 0n},
			{op: 'credentials', uid: 0, gid: 0},
			{op: 'no-new-privs'},
			{op: 'cwd', target: '/'},
			{op: 'exec', argv, env: ['PATH=/bin:/sbin:/usr/bin']},
		],
		...changes,
	};
};

/** How many operations the plan has: the index after the last. */
export const operationCount = ({create, start}: Plan): number => create.length + start.length;

/** The same plan, its payload marked as `mark` says. */
export const marked = (plan: FullPlan, mark: string): FullPlan => ({
	...plan, start: plan.start.map(op => op.op === 'exec' ? {...op, env: [...op.env, mark]} : op),
});
