/** Specs and machines for tests of the planner. */

import {normalizeOptions, type Surroundings} from '../../../orchestrator/container/normalize.js';
import type {RunOptions} from '../../../orchestrator/container/options/run-options.js';
import type {Facts, Placement} from '../../../orchestrator/container/plan/facts.js';
import type {ContainerSpec} from '../../../orchestrator/container/spec.js';

export const around: Surroundings = {label: option => option, cwd: '/cwd', env: {HOST: 'here'}, uptime: 3_600_000_000_000n};

export const specOf = (options: RunOptions = {}, command: readonly string[] = ['true']): ContainerSpec =>
	normalizeOptions(options.rootfs === undefined ? 'busybox' : undefined, command, options, around);

export const root: Facts = {uid: 0, gid: 0, privileged: true, capabilities: 2n ** 41n - 1n, unifiedCgroups: false, exists: () => false};

/** An ordinary user with nothing granted. */
export const ordinary: Facts = {...root, uid: 1000, gid: 100, privileged: false, capabilities: 0n};

export const granted: Facts = {
	...ordinary,
	subordinate: {uids: [{start: 100_000, count: 65_536}], gids: [{start: 200_000, count: 65_536}], mappers: {uid: '/usr/bin/newuidmap', gid: '/usr/bin/newgidmap'}},
};

export const placement: Placement = {id: 'abc', root: [{op: 'overlay', target: '/', root: true, lowers: ['/layer'], upper: '/c/upper', work: '/c/work'}], remove: ['/c'], host: false};
