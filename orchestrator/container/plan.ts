/**
 * Spec → plan: what nsinit is asked to do, in order. Pure: nothing is looked up but in `facts`, nothing is made.
 *
 * Order: mounts become private; the root; what every container has; what was asked for; what must be hidden (last of the
 * mounts, so that nothing lies over it); names and settings, which need the host's /proc; pivot_root. Then START.
 */

import type {CreateOp, Plan} from '../helper/plan.js';
import {planDevices} from './plan/devices.js';
import {planEtc} from './plan/etc.js';
import type {Facts, Placement} from './plan/facts.js';
import {planMasks} from './plan/masks.js';
import {type MountContext, planDevMounts, planProcAndSys} from './plan/mounts.js';
import {isMapped, needsUserNamespace, planNamespaces, planUserMap} from './plan/namespaces.js';
import {planProcess} from './plan/process.js';
import {planSettings} from './plan/settings.js';
import {isSourceDirectory, planVolumes} from './plan/volumes.js';
import type {ContainerSpec} from './spec.js';

/** The group of terminals, on every distribution that we know (devpts's gid= option). */
const TTY_GROUP = 5;

/** Names can be resolved on the host's network only as the host does it. */
const planHostNames = ({linux}: ContainerSpec, {exists}: Facts, {host, wiring}: Placement): CreateOp[] =>
	linux.namespaces.network !== 'host' || host || wiring !== undefined ? [] : ['/etc/resolv.conf', '/etc/hosts'].filter(path => exists(path)).map(path => ({
		op: 'bind', source: path, target: path, attributes: ['rdonly'], create: 'file', ifExists: true, why: 'the host\'s network is shared, and so are its names',
	}));

/** The machine's own root without what its services leave there. */
const planHostRun = ({host}: Placement): CreateOp[] => host
	? [{op: 'mount', type: 'tmpfs', target: '/run', options: ['mode=755'], attributes: ['nosuid', 'nodev'], create: 'directory', noSymlinks: true, why: 'empty: the sockets of the machine\'s services are kept out'}]
	: [];

/** Before the root covers the place where they are made. */
const beforeRoot = (root: readonly CreateOp[], ops: readonly CreateOp[]): CreateOp[] => {
	const index = root.findIndex(op => op.root === true);
	return [...root.slice(0, index), ...ops, ...root.slice(index)];
};

/** What was asked for at a default mount's place takes it. */
const withoutReplaced = (ops: CreateOp[], {mounts}: ContainerSpec): CreateOp[] => {
	const taken = new Set(mounts.map(mount => mount.destination));
	return ops.filter(op => !('target' in op && taken.has(op.target)));
};

const planDefaults = (context: MountContext): CreateOp[] => {
	const {spec, user} = context;
	const ownDev = !spec.mounts.some(mount => mount.destination === '/dev');
	return withoutReplaced([
		...planProcAndSys(context),
		...(ownDev ? [...planDevices(user), ...planDevMounts(context)] : []),
	], spec);
};

/**
 * @param spec validated
 * @param placement what was claimed for the container
 * @param directory whether a path of the host is a directory; throws where there is nothing
 * @throws ClocheError where this machine can't give what the spec asks for
 */
export const makePlan = (spec: ContainerSpec, facts: Facts, placement: Placement, directory: (path: string) => boolean = isSourceDirectory): Plan => {
	const {process, root, linux, hostname} = spec;
	const user = needsUserNamespace(spec, facts);
	const {wiring} = placement;
	const userMap = user ? planUserMap(facts, wiring?.parent !== undefined) : undefined;
	const context: MountContext = {spec, facts, user, ttyGroup: isMapped(userMap?.gids, TTY_GROUP)};
	const etc = planEtc(spec, placement);
	return {
		namespaces: planNamespaces(spec, user),
		join: wiring?.join === undefined ? [] : [wiring.join],
		...(userMap === undefined ? {} : {userMap}),
		streams: {stdin: 'null', stdout: 1, stderr: 2},
		terminal: process.terminal,
		init: spec.init,
		cgroups: [],
		remove: placement.remove,
		create: [
			{op: 'propagation', target: '/', why: 'nothing that is mounted from here on shows outside'},
			...beforeRoot(placement.root, etc.before),
			...planHostRun(placement),
			...planDefaults(context),
			...planHostNames(spec, facts, placement),
			...withoutReplaced(etc.after, spec),
			...planVolumes(spec.mounts, directory),
			...planMasks(),
			...(process.terminal ? [{op: 'console', target: '/dev/console', create: 'file', noSymlinks: true, why: 'the payload\'s terminal'} satisfies CreateOp] : []),
			...(root.readonly ? [{op: 'protect', target: '/', attributes: ['rdonly'], why: 'the root itself can\'t be written; volumes can'} satisfies CreateOp] : []),
			...planSettings(spec, placement, userMap?.gids),
			{op: 'pivot', why: 'the old root is detached: no path leads back to it'},
		],
		...(wiring?.parent === undefined ? {} : {parent: wiring.parent.keeper, presence: wiring.parent.presence}),
		...(wiring?.names === undefined ? {} : {names: wiring.names}),
		...(wiring === undefined || wiring.ports.length === 0 ? {} : {ports: wiring.ports}),
		start: planProcess(spec, userMap, facts.capabilities, linux.namespaces.uts === 'private' ? hostname ?? placement.id : undefined),
	};
};
