/** START: from the container's all-powerful first process to the payload. */

import {ClocheError} from '../../base/errors.js';
import type {IdMap, Plan, StartOp} from '../../helper/plan.js';
import {capabilityMask} from '../options/capabilities.js';
import {mergeEnv} from '../options/environment.js';
import type {ContainerSpec, SpecProcess} from '../spec.js';
import {isMapped} from './namespaces.js';

/** As docker run: what the image has and what was asked for win over these. HOME of another user is found in the image's passwd. */
const environment = ({env, terminal, user}: SpecProcess, hostname: string | undefined): string[] => mergeEnv(
	[
		...(hostname === undefined ? [] : [`HOSTNAME=${hostname}`]),
		...(terminal ? ['TERM=xterm'] : []),
		...(user === undefined ? ['HOME=/root'] : []),
	],
	env,
);

const checkMapped = (what: string, id: string, maps: readonly IdMap[] | undefined): void => {
	if (/^\d+$/.test(id) && !isMapped(maps, Number(id))) {
		throw new ClocheError(`user: ${what} ${id}`, {
			why: 'it exists in no map of this user namespace',
			remedy: 'run as root, or have a range granted in /etc/subuid and /etc/subgid (usermod --add-subuids, --add-subgids) and newuidmap installed (package uidmap)',
		});
	}
};

/** Root without asking the image, who names root: no file is read then. */
const credentials = ({user}: SpecProcess, maps: Plan['userMap']): StartOp => {
	if (user === undefined) {
		return {op: 'credentials', uid: 0, gid: 0, why: maps === undefined ? 'root, with few capabilities' : 'root of this user namespace'};
	}

	const [uid = '', gid = ''] = user.split(':');
	checkMapped('uid', uid, maps?.uids);
	checkMapped('gid', gid, maps?.gids);
	return {op: 'credentials', user, why: 'looked up in the container\'s /etc/passwd and /etc/group'};
};

/** Nobody gives what he hasn't got; a user namespace gives all, for what is in it. */
const capabilities = (process: SpecProcess, own: bigint): StartOp => {
	const missing = process.required.find(capability => (own & capabilityMask([capability])) === 0n);
	if (missing !== undefined) {
		throw new ClocheError(`capability ${missing}`, {why: 'this process hasn\'t got it itself', remedy: 'run with it, or with --userns private'});
	}

	const mask = capabilityMask(process.capabilities) & own;
	return {op: 'capabilities', bounding: mask, permitted: mask, inheritable: 0n, ambient: 0n, why: 'the others can never be had again'};
};

const ALL = 2n ** 64n - 1n;

/**
 * The directory is made and entered while still root, as runc does: it may lie where the user can't make one.
 *
 * @param own the capabilities of this process, a mask
 * @param hostname for HOSTNAME, or `undefined` where the host's name is shared
 */
export const planProcess = ({process, linux}: ContainerSpec, maps: Plan['userMap'], own: bigint, hostname: string | undefined): StartOp[] => [
	...process.rlimits.map(({resource, soft, hard}): StartOp => ({op: 'rlimit', resource, soft, hard})),
	...(process.cwd === undefined || process.cwd === '/' ? [] : [{op: 'cwd', target: process.cwd, create: 'directory'} satisfies StartOp]),
	capabilities(process, maps === undefined ? own : ALL),
	credentials(process, maps),
	...(process.noNewPrivileges ? [{op: 'no-new-privs', why: 'no set-uid program gives more'} satisfies StartOp] : []),
	...(linux.seccomp === undefined ? [] : [{op: 'seccomp', program: linux.seccomp, why: 'system calls are filtered from here on'} satisfies StartOp]),
	{op: 'exec', argv: process.args, env: environment(process, hostname)},
];
