/** The supervisor that a process keeps for all its containers: spawning is the dearest thing that Node does. */

import {startSupervisor, type SupervisorOptions} from './start.js';
import type {Supervisor} from './supervisor.js';

let resident: Supervisor | undefined;

/**
 * The one of this process; a new one, made with `options`, where there is none or it has died. Its streams are nothing
 * but stderr, so that no container of a library can read the terminal by mistake.
 */
export const residentSupervisor = (options: Pick<SupervisorOptions, 'path' | 'remedy'>): Supervisor => {
	if (resident?.alive !== true) {
		resident = startSupervisor({...options, stdin: 'ignore', stdout: 'ignore', stderr: 'inherit', session: true});
	}

	return resident;
};
