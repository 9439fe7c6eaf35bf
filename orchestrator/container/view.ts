/** A container as `cloche inspect` and the library show it: the one schema, told in docs/inspect.md. */

import {lstatSync} from 'node:fs';
import type {ProcessIdentity} from '../base/process.js';
import type {Port} from '../helper/plan.js';
import {readPorts} from './network/published.js';
import {signalName} from './options/signals.js';
import {type ExitRecord, initPath, statusOf} from './store/exit.js';
import {type ContainerState, type FoundContainer, isUp, SUPERVISOR_DIED} from './store/find.js';
import type {ContainerRecord} from './store/record.js';
import {containerDirectory, logDirectory, type StateRoots} from './store/roots.js';
import {type HealthView, readHealth} from './view/health.js';
import {networkSpecOf, networksOf, type NetworkView} from './view/networks.js';

export interface UsageView {
	/** Microseconds of processor time. */
	userTime: number | null;
	systemTime: number | null;
	/** KiB that the largest process held. */
	maxRss: number | null;
	/** Bytes, the most that the cgroup held. */
	memoryPeak: number | null;
}

export interface StateView {
	status: ContainerState;
	running: boolean;
	paused: boolean;
	restarting: boolean;
	/** Its init on this machine, while it runs. */
	pid: number | null;
	/** Of the last run: its status, or 128 and the signal; null where none has ended, or nobody knows. */
	exitCode: number | null;
	/** As `SIGKILL`. */
	signal: string | null;
	oomKilled: boolean;
	/** Somebody stopped it. */
	stopped: boolean;
	/** Why it never ran, or why nobody knows how it ended. */
	error: string | null;
	/** ISO 8601. */
	startedAt: string | null;
	finishedAt: string | null;
	/** How often the restart policy started it again. */
	restarts: number;
	health: HealthView | null;
	/** Of the last run that ended. */
	usage: UsageView | null;
}

/** What docs/inspect.md tells of, member by member. */
export interface ContainerView {
	id: string;
	name: string | null;
	image: string;
	command: string[];
	/** ISO 8601. */
	created: string;
	state: StateView;
	labels: Record<string, string>;
	/** Its supervisor outlives who started it. */
	detached: boolean;
	/** The container's specification, with all defaults; null where an older Cloche made it. */
	config: unknown;
	/** Beside the default ones. */
	mounts: unknown[];
	/** Those that it is on, in the order of its links; of one that doesn't run, those that it will be on. */
	networks: NetworkView[];
	/** Published, with their real numbers; none while it doesn't run. */
	ports: Port[];
	root: {driver: string; lowers: string[]; directory: string};
	cgroups: string[];
	log: {directory: string | null; lost: number};
	/** The process that answers for it. */
	owner: ProcessIdentity | null;
}

/** What its supervisor says of it, which is newer than anything written down. */
export interface LiveReport {
	restarts: number;
	lost: number;
}

const usageOf = ({userTime, systemTime, maxRss, memoryPeak}: ExitRecord): UsageView => ({
	userTime: userTime ?? null,
	systemTime: systemTime ?? null,
	maxRss: maxRss ?? null,
	memoryPeak: memoryPeak ?? null,
});

/** When the present run began: the link that tells its init was made then. Of one that has ended, the exit record tells. */
export const startedAt = ({exit, init, directory}: FoundContainer): string | undefined =>
	exit?.started ?? (init === undefined ? undefined : lstatSync(initPath(directory), {throwIfNoEntry: false})?.mtime.toISOString());

const stateView = (found: FoundContainer, health: HealthView | undefined, live: LiveReport | undefined): StateView => {
	const {exit, init, state: status} = found;
	const runs = status === 'running' || status === 'paused';
	return {
		status,
		running: runs,
		paused: status === 'paused',
		restarting: status === 'restarting',
		pid: runs ? init?.pid ?? null : null,
		exitCode: exit === undefined ? null : statusOf(exit) ?? null,
		signal: exit?.signal === undefined ? null : signalName(exit.signal),
		oomKilled: exit?.oomKilled === true,
		stopped: exit?.stopped === true,
		error: exit?.error ?? (status === 'dead' ? SUPERVISOR_DIED : null),
		startedAt: startedAt(found) ?? null,
		finishedAt: exit?.ended ?? null,
		restarts: live?.restarts ?? exit?.restarts ?? 0,
		health: health ?? null,
		usage: exit === undefined ? null : usageOf(exit),
	};
};

/** Beside the default ones. */
export const mountsOf = ({spec}: ContainerRecord): unknown[] =>
	typeof spec === 'object' && spec !== null && 'mounts' in spec && Array.isArray(spec.mounts) ? spec.mounts : [];

/**
 * What is known of a container; {@link inspectContainer} in view/inspect.ts asks its supervisor, too.
 *
 * @param live what its supervisor says, where it was asked
 */
export const viewOf = (found: FoundContainer, roots: StateRoots, live?: LiveReport): ContainerView => {
	const {record, exit, owner} = found;
	const detached = record.detached === true;
	return {
		id: record.id,
		name: record.name ?? null,
		image: record.image,
		command: record.command,
		created: record.created,
		state: stateView(found, isUp(found.state) ? readHealth(roots, record.id) : undefined, live),
		labels: record.labels ?? {},
		detached,
		config: record.spec ?? null,
		mounts: mountsOf(record),
		networks: networksOf(roots, record.id, networkSpecOf(record.spec), isUp(found.state)),
		ports: networkSpecOf(record.spec) === undefined || !isUp(found.state) ? [] : readPorts(roots, record.id),
		root: {driver: record.driver, lowers: record.lowers, directory: containerDirectory(roots, record.id)},
		cgroups: record.cgroups ?? [],
		log: {directory: detached ? logDirectory(roots, record.id) : null, lost: live?.lost ?? exit?.lost ?? 0},
		owner: owner ?? null,
	};
};
