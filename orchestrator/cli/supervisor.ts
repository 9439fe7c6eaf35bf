/** The one supervisor of a command: the light kind, or where that can't be had, the common one. */

import {spawnLight} from '../helper/spawn-light.js';
import type {HelperProcess} from '../helper/helper-process.js';
import {Supervisor} from '../helper/supervisor.js';
import {nsinitPath, nsinitRemedy} from '../host/assets.js';

/** Returns once the process is there; that it couldn't be started is told by its launches. */
export const startCommandSupervisor = async (): Promise<Supervisor> => {
	const path = nsinitPath();
	const child: HelperProcess = spawnLight({path}) ?? (await import('../helper/spawn.js')).spawnHelper({path});
	return new Supervisor(child, {path, remedy: nsinitRemedy()});
};
