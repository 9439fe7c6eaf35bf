/** Ends a container that another process runs. */

import {setTimeout as pause} from 'node:timers/promises';
import {ClocheError, isErrno} from '../base/errors.js';
import {isAlive} from '../base/process.js';
import type {FoundContainer} from './store/find.js';

/** Once its init is dead, its supervisor has only to say so and to let go of it. */
const PATIENCE_MS = 5000;
const PAUSE_MS = 5;

/** Kill its init, and wait until that and the process which answers for it have let go. Nothing happens to one that doesn't run. */
export const killContainer = async ({init, state, owner, record}: FoundContainer): Promise<void> => {
	if (state !== 'running' || init === undefined || !isAlive(init)) {
		return;
	}

	try {
		process.kill(init.pid, 'SIGKILL');
	} catch (error) {
		if (!isErrno(error, 'ESRCH')) {
			throw new ClocheError('cannot kill the container', {where: record.id, cause: error});
		}
	}

	for (const deadline = Date.now() + PATIENCE_MS; owner !== undefined && isAlive(owner) && Date.now() < deadline;) {
		await pause(PAUSE_MS);
	}
};
