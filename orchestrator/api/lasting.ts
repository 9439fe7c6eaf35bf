/** Supervisors that outlive this process: each keeps one container. */

import {LASTING} from '../helper/helper-process.js';
import {startSupervisor} from '../helper/start.js';
import type {Supervisor} from '../helper/supervisor.js';
import {nsinitPath, nsinitRemedy} from '../host/assets.js';

/** Lend a new one to `use`; if that throws, it is gone, unless it keeps a container by then. */
export const withLastingSupervisor = async <T>(use: (supervisor: Supervisor) => Promise<T>): Promise<T> => {
	const supervisor = startSupervisor({path: nsinitPath(), remedy: nsinitRemedy(), ...LASTING});
	try {
		return await use(supervisor);
	} catch (error) {
		await supervisor.close();
		throw error;
	}
};
