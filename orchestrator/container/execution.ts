/** One more process in a container, from its launch to its end. Nothing of it is on disk: it hangs on the container. */

import type {Launch} from '../helper/launch.js';
import type {LaunchOptions} from '../helper/launch-options.js';
import type {Plan} from '../helper/plan.js';
import type {Supervisor} from '../helper/supervisor.js';
import type {Entrance} from './entrance.js';
import {type ExecOptions, planExec} from './exec.js';
import {machineFacts} from './facts.js';
import {Lifecycle, type Outcome} from './lifecycle.js';
import type {ExecLife} from './normalize-exec.js';

export interface Execution {
	/** The container's id. */
	id: string;
	launch: Launch;
	lifecycle: Lifecycle;
	/** How it ended. Rejects where it never ran. */
	outcome: Promise<Outcome>;
	/** The supervisor has let go of it. */
	released: Promise<void>;
}

export interface ExecutionContext {
	supervisor: Supervisor;
	/** Of the plan. */
	streams: Plan['streams'];
	life: ExecLife;
	launch?: LaunchOptions;
	onTimeout?: (() => void) | undefined;
}

/**
 * Launch it, and follow.
 *
 * @throws ClocheError where the options can't be had in there, or the container has ended; what comes later its outcome tells
 */
export const execute = (entrance: Entrance, options: ExecOptions, {supervisor, streams, life, launch: around = {}, onTimeout}: ExecutionContext): Execution => {
	const {id, spec, userMap, cgroups, target} = entrance;
	const plan = planExec(spec, userMap, options, {id, cgroups, capabilities: machineFacts().capabilities});
	const launch = supervisor.launch({...plan, streams}, {...around, target});
	// It isn't process 1, so no signal is kept from it.
	const lifecycle = new Lifecycle(launch, {spec: {...life, init: false}, alone: false, onTimeout});
	return {id, launch, lifecycle, outcome: lifecycle.outcome, released: launch.released};
};
