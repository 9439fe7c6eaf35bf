/** What the supervisor of a detached container is told to keep of it, and what it removes in the end. Pure. */

import {bootId} from '../base/process.js';
import type {Plan, Service} from '../helper/plan.js';
import {DEFAULT_LOG_SIZE} from './options/life.js';
import type {ContainerSpec, RestartPolicy} from './spec.js';
import type {Claim} from './store/claim.js';
import {removalPaths} from './store/create.js';
import {subjectOf} from './store/events.js';
import {exitPath, initPath} from './store/exit.js';
import {occupiedDirectory} from './store/occupied.js';
import type {ContainerRecord} from './store/record.js';
import {containerDirectory, eventsPath, healthPath, logDirectory, runDirectory, socketPath, type StateRoots} from './store/roots.js';

/** docker's (moby restartmanager), but that it never waits longer than a minute: milliseconds. */
const BACKOFF = {backoff: 100, backoffMost: 60_000, steady: 10_000} as const;

/** The first size of a terminal that nobody looks at yet: the VT100's. */
export const FIRST_SIZE = {rows: 24, columns: 80} as const;

const restartOf = ({policy, most}: RestartPolicy): NonNullable<Service['restart']> => ({
	when: policy === 'on-failure' ? 'on-failure' : 'always',
	...(most === undefined ? {} : {most}),
	...BACKOFF,
});

/** @param check a plan that joins the container and runs its health check */
export const planService = (record: ContainerRecord, spec: ContainerSpec, roots: StateRoots, check?: Plan): Service => {
	const {id} = record;
	const directory = containerDirectory(roots, id);
	const {log, restart, health, timeout, stopSignal, stopTimeout} = spec;
	return {
		socket: socketPath(roots, id),
		log: {directory: logDirectory(roots, id), maxSize: DEFAULT_LOG_SIZE, ...log},
		exitFile: exitPath(directory),
		initLink: initPath(directory),
		boot: bootId(),
		events: {file: eventsPath(roots), members: {...subjectOf(record)}},
		...(restart === undefined ? {} : {restart: restartOf(restart)}),
		stopSignal,
		stopTimeout,
		...(timeout === undefined ? {} : {lifetime: timeout}),
		...(health === undefined || check === undefined ? {} : {health: {
			file: healthPath(roots, id), plan: check,
			interval: health.interval, timeout: health.timeout, retries: health.retries, startPeriod: health.startPeriod,
		}}),
	};
};

/** Its streams go to the log and to whoever is attached. */
export const planServedStreams = (plan: Plan, {interactive, process}: ContainerSpec): void => {
	plan.streams = {stdin: interactive ? 'served' : 'null', stdout: 'served', stderr: process.terminal ? 'null' : 'served'};
	if (process.terminal) {
		plan.size = {...FIRST_SIZE};
	}
};

/**
 * What is removed once its last run has ended. Of one that is kept, what keeps others from it: the claim last, and before it
 * the mark, so that whoever occupies it next finds nothing of ours in RUN/ID.
 *
 * @param claimed what it has of networks
 */
export const planRemoval = (record: Pick<ContainerRecord, 'id' | 'name' | 'cgroups'>, claim: Claim, roots: StateRoots, removed: boolean, claimed: readonly string[] = []): string[] => [
	...record.cgroups ?? [],
	...claimed,
	...(removed ? removalPaths(roots, record, claim)
		: [runDirectory(roots, record.id), occupiedDirectory(containerDirectory(roots, record.id)), claim.path]),
];
