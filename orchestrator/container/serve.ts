/** Launches a container with its supervisor's service, and leaves it to that supervisor. */

import {mkdirSync} from 'node:fs';
import {ClocheError} from '../base/errors.js';
import type {Launch} from '../helper/launch.js';
import type {LaunchOptions} from '../helper/launch-options.js';
import type {Plan} from '../helper/plan.js';
import type {Supervisor} from '../helper/supervisor.js';
import {planExec} from './exec.js';
import {machineFacts} from './facts.js';
import type {Design} from './prepare.js';
import {planRemoval, planServedStreams, planService} from './service.js';
import type {Claim} from './store/claim.js';
import type {ContainerRecord} from './store/record.js';
import {runDirectory, type StateRoots} from './store/roots.js';
import {notePorts, releaseWhenThere, warnOf} from './wired.js';

export interface ServeOptions {
	roots: StateRoots;
	/** Its own, in a session of its own; nothing else is launched by it. */
	supervisor: Supervisor;
	/** Who hears warnings and traces, until it is left to its supervisor. */
	launch?: Pick<LaunchOptions, 'onWarning' | 'onTrace'> | undefined;
	/** Awaited when all is made and its socket listens, before the command begins. */
	beforeStart?: (() => Promise<void>) | undefined;
	/** Hears that its supervisor was asked for it, and removes in the end what it has. */
	onLaunched?: (() => void) | undefined;
}

const makeRunDirectory = (roots: StateRoots, id: string): void => {
	try {
		mkdirSync(runDirectory(roots, id), {recursive: true, mode: 0o700});
	} catch (cause) {
		throw new ClocheError('cannot write state', {where: runDirectory(roots, id), cause, remedy: 'put it elsewhere with --root DIR or CLOCHE_ROOT'});
	}
};

/** Its health check, as a process that joins; its supervisor reads what that writes. */
const planCheck = ({spec, plan, id}: Design): Plan | undefined => spec.health === undefined ? undefined : {
	...planExec(spec, plan.userMap, {command: spec.health.command}, {id, cgroups: plan.cgroups, capabilities: machineFacts().capabilities}),
	streams: {stdin: 'null', stdout: 'pipe', stderr: 'pipe'},
};

/** Until the command runs. */
const launchAndStart = async (launch: Launch, beforeStart: (() => Promise<void>) | undefined): Promise<void> => {
	if (beforeStart !== undefined) {
		await launch.created;
		await beforeStart();
		launch.start();
	}

	await launch.running;
};

/**
 * Launch `design`, for which its supervisor has `claim`, and resolve when its command runs and its supervisor goes on by
 * itself. If it throws, nothing runs any more, and the supervisor is gone with all that it was to remove.
 */
export const serveDesign = async (design: Design, record: ContainerRecord, claim: Claim, {roots, supervisor, launch: hearers, beforeStart, onLaunched}: ServeOptions): Promise<void> => {
	const {plan, spec, id, keep} = design;
	try {
		makeRunDirectory(roots, id);
		planServedStreams(plan, spec);
		plan.cgroups = record.cgroups ?? [];
		plan.remove = planRemoval(record, claim, roots, !keep, design.claimed?.remove);
		const launch = supervisor.launch(plan, {
			...hearers,
			service: planService(record, spec, roots, planCheck(design)),
			autoStart: beforeStart === undefined,
		});
		onLaunched?.();
		releaseWhenThere(launch, design);
		warnOf(design, hearers?.onWarning);
		await launchAndStart(launch, beforeStart);
		await notePorts(launch, design, roots);
	} catch (error) {
		await supervisor.close();
		throw error;
	}

	supervisor.detach();
};
