/** The one supervisor of a command: the light kind, or where that can't be had, the common one. */

import {spawnLight} from '../helper/spawn-light.js';
import {type HelperProcess, LASTING, type SpawnOptions} from '../helper/helper-process.js';
import {Supervisor} from '../helper/supervisor.js';
import {nsinitPath, nsinitRemedy} from '../host/assets.js';

const start = async (options: Omit<SpawnOptions, 'path'>): Promise<Supervisor> => {
	const path = nsinitPath();
	const child: HelperProcess = spawnLight({path, ...options}) ?? (await import('../helper/spawn.js')).spawnHelper({path, ...options});
	return new Supervisor(child, {path, remedy: nsinitRemedy()});
};

/** Returns once the process is there; that it couldn't be started is told by its launches. */
export const startCommandSupervisor = (): Promise<Supervisor> => start({});

/** One that is to outlive us. */
export const startLastingSupervisor = (): Promise<Supervisor> => start(LASTING);
