/** What an idle container costs in memory that nobody shares. */

import {privateMemory, proportionalMemory} from './kernel.js';
import {createIdle, findSupervisor, runTrue} from './library.js';

/** KiB of private memory. */
export interface Memory {
	/** The supervisor after its first container has come and gone. */
	alone: number;
	/** What it grows by for each container that is created and not started. */
	created: number;
	/**
	 * What all of it together takes for each such container: the supervisor and the init that waits. This is the honest figure:
	 * what a fork shares with the supervisor is private to neither.
	 */
	together: number;
	/** What the supervisor has grown by for each when all of them run `sleep`. */
	running: number;
}

/** Enough that a page more or less is seen, few enough for any machine. */
const CONTAINERS = 32;

export const measureMemory = async (): Promise<Memory> => {
	await runTrue();
	const supervisor = await findSupervisor();
	const alone = await privateMemory(supervisor);
	const boxes = [];
	try {
		const before = await proportionalMemory(supervisor);
		for (let count = 0; count < CONTAINERS; count++) {
			boxes.push(await createIdle());
		}

		const withCreated = await privateMemory(supervisor);
		const parts = await Promise.all([supervisor, ...boxes.map(({pid}) => pid ?? 0)].map(proportionalMemory));
		const after = parts.reduce((sum, part) => sum + part, 0);
		await Promise.all(boxes.map(async box => box.start(['sleep', '3600'], {reject: false}).pid()));
		const withRunning = await privateMemory(supervisor);
		return {
			alone,
			created: (withCreated - alone) / CONTAINERS,
			together: (after - before) / CONTAINERS,
			running: (withRunning - alone) / CONTAINERS,
		};
	} finally {
		await Promise.all(boxes.map(async box => box.close()));
	}
};
