/** Supervisors that outlive this process: each keeps one container. */

import {startSupervisor} from '../helper/start.js';
import type {Supervisor} from '../helper/supervisor.js';
import {nsinitPath, nsinitRemedy} from '../host/assets.js';

/** Returns at once; that it couldn't be started is told by its launches. */
export const startLastingSupervisor = (): Supervisor =>
	startSupervisor({path: nsinitPath(), remedy: nsinitRemedy(), stdin: 'ignore', stdout: 'ignore', stderr: 'ignore', session: true});
