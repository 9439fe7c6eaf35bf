/** /dev: the nodes and links that every program may count on (runtime-spec config-linux.md "Default Devices"). */

import type {CreateOp} from '../../helper/plan.js';

/** Major and minor numbers of Linux's admin-guide/devices.txt; everyone may use them. */
const NODES: ReadonlyArray<readonly [name: string, major: number, minor: number]> = [
	['null', 1, 3],
	['zero', 1, 5],
	['full', 1, 7],
	['random', 1, 8],
	['urandom', 1, 9],
	['tty', 5, 0],
];

const LINKS: ReadonlyArray<readonly [name: string, text: string]> = [
	['fd', '/proc/self/fd'],
	['stdin', '/proc/self/fd/0'],
	['stdout', '/proc/self/fd/1'],
	['stderr', '/proc/self/fd/2'],
	['ptmx', 'pts/ptmx'],
];

/** An empty /dev of the container's own, so that the image's can hold no device. */
const directory: CreateOp = {
	op: 'mount',
	type: 'tmpfs',
	target: '/dev',
	options: ['mode=755', 'size=64m'],
	attributes: ['nosuid', 'noexec'],
	create: 'directory',
	noSymlinks: true,
	why: 'an empty one, so that only what follows is in it',
};

/**
 * @param user whether the container has a user namespace: the kernel makes no device nodes in one, so the host's are
 * shown (user_namespaces(7))
 */
export const planDevices = (user: boolean): CreateOp[] => [
	directory,
	...NODES.map(([name, major, minor]): CreateOp => user
		? {op: 'bind', source: `/dev/${name}`, target: `/dev/${name}`, create: 'file', noSymlinks: true}
		: {op: 'device', target: `/dev/${name}`, major, minor, mode: 0o666}),
	...LINKS.map(([name, text]): CreateOp => ({op: 'symlink', target: `/dev/${name}`, text})),
];
