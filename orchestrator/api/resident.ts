/** The supervisor that all containers of this process share, and how many use it. */

import {residentSupervisor} from '../helper/resident.js';
import type {Supervisor} from '../helper/supervisor.js';
import {nsinitPath, nsinitRemedy} from '../host/assets.js';

let current: Supervisor | undefined;
let users = 0;

/** The supervisor, started where there is none. It stays until {@link returnSupervisor} was called as often as this. */
export const borrowSupervisor = (): Supervisor => {
	current = residentSupervisor({path: nsinitPath(), remedy: nsinitRemedy()});
	users++;
	return current;
};

export const returnSupervisor = (): void => {
	users--;
};

/** End it if nobody uses it; the next container starts another. */
export const closeIdleSupervisor = async (): Promise<void> => {
	if (users === 0) {
		await current?.close();
	}
};
