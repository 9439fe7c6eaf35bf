/** Which namespaces are made, and how ids map into a user namespace. */

import {ClocheError} from '../../base/errors.js';
import type {IdMap, NamespaceName, Plan} from '../../helper/plan.js';
import {nestedMap, ordinaryMap} from '../../host/subordinate.js';
import type {ContainerSpec} from '../spec.js';
import type {Facts} from './facts.js';

/** Whether the container gets a user namespace of its own. Without privilege there is no other way to any namespace. */
export const needsUserNamespace = ({linux}: ContainerSpec, {privileged}: Facts): boolean => {
	if (linux.namespaces.user === 'host' && !privileged) {
		throw new ClocheError('--userns host', {
			why: 'only root can make the other namespaces without one of users',
			remedy: 'leave it out, or run as root',
		});
	}

	return linux.namespaces.user === 'private' || !privileged;
};

/** In the order in which `--explain` tells them; the clocks' namespace is made by an operation, since it must be filled before use. */
export const planNamespaces = ({linux}: ContainerSpec, user: boolean): NamespaceName[] => {
	const {uts, ipc, pid, network, cgroup} = linux.namespaces;
	const wanted: Array<[NamespaceName, boolean]> = [
		['user', user],
		['mount', true],
		['pid', pid === 'private'],
		['uts', uts === 'private'],
		['ipc', ipc === 'private'],
		['network', network === 'private'],
		['cgroup', cgroup === 'private'],
	];
	return wanted.filter(([, make]) => make).map(([name]) => name);
};

/** Every id as it is outside. (4294967295, (uid_t) -1, is nobody's and can't be mapped.) */
const IDENTITY: IdMap[] = [{inside: 0, outside: 0, count: 4_294_967_295}];

/**
 * The maps of a new user namespace. For root: the identity, so that capabilities hold only inside, while files and processes
 * keep their ids (an own range for each container needs id-mapped mounts). Else the caller is root inside, alone or with
 * the ranges that were granted.
 */
export const planUserMap = ({uid, gid, privileged, subordinate}: Facts, nested = false): NonNullable<Plan['userMap']> => {
	if (privileged) {
		return {uids: IDENTITY, gids: IDENTITY, denySetgroups: false};
	}

	const map = ordinaryMap(uid, gid, subordinate);
	return nested ? nestedMap(map) : map;
};

/** Whether the id exists inside; without maps every id does. */
export const isMapped = (maps: readonly IdMap[] | undefined, id: number): boolean =>
	maps === undefined || maps.some(({inside, count}) => id >= inside && id < inside + count);
