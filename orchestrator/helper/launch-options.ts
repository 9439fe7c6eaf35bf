/** What a launch is given. */

import type {ClocheError} from '../base/errors.js';
import type {HelperProcess} from './helper-process.js';
import type {Launch} from './launch.js';
import type {Op, Service, TargetProcess} from './plan.js';

/** The time one operation took. */
export interface Trace {
	index: number;
	op: Op;
	nanoseconds: number;
}

export interface LaunchOptions {
	/** Join the container of this launch, or that of this process, which another supervisor keeps (exec). */
	target?: Launch | TargetProcess | undefined;
	/** Nothing joins: `target` only gets more links, the endpoints that the plan consists of. */
	links?: boolean | undefined;
	/** Keep the container as this says, once {@link Supervisor.detach} has been called. */
	service?: Service | undefined;
	/** Send START by itself, as soon as it can be; `false` leaves it to {@link Launch.start}. */
	autoStart?: boolean | undefined;
	/** Kernel features to do without: a mask of `Forgo`. */
	forgo?: number | undefined;
	/** Hears the time of each operation. */
	onTrace?: ((trace: Trace) => void) | undefined;
	/** Stop before this operation, counted through create and start, until {@link Launch.resume}. */
	hold?: number | undefined;
	/** Hears that the init stands before that operation. */
	onHeld?: ((index: number) => void) | undefined;
	/** Hears what went wrong without ending the container; by default process.emitWarning does. */
	onWarning?: ((warning: ClocheError) => void) | undefined;
}

export interface LaunchContext {
	channel: number;
	/** The helper's pid: /proc/PID/fd holds the pipes. */
	helperPid: number;
	/** Take the ends of piped streams from there. */
	openStreams: HelperProcess['openStreams'];
	/** Write to the helper. */
	send: (bytes: Buffer) => void;
	/** The channel is free. */
	onReleased: () => void;
}
