/** Starts a supervisor through Node's child_process. */

import type {SpawnOptions} from './helper-process.js';
import {spawnHelper} from './spawn.js';
import {Supervisor} from './supervisor.js';

export interface SupervisorOptions extends SpawnOptions {
	/** What to do where the helper's binary is missing: the last clause of the error. */
	remedy?: string | undefined;
}

/** Start a helper. Returns at once; that it couldn't be started is told by its launches. */
export const startSupervisor = (options: SupervisorOptions): Supervisor => new Supervisor(spawnHelper(options), options);
