/** Whether anything grows while thousands of containers come and go. */

import {setTimeout as sleep} from 'node:timers/promises';
import {setFlagsFromString} from 'node:v8';
import {runInNewContext} from 'node:vm';
import {runMany} from './flight.js';
import {countDescriptors, countMounts, countNamespaces, countNetworks, privateMemory, processorTime} from './kernel.js';
import {findSupervisor} from './library.js';
import {median} from './statistics.js';

/** What there is of each thing, at one time. */
export interface Holdings {
	/** KiB, after a garbage collection. */
	nodeResident: number;
	/** KiB. */
	supervisorPrivate: number;
	descriptors: number;
	supervisorDescriptors: number;
	mounts: number;
	namespaces: number;
	/** Network namespaces that the kernel has not ended yet; `undefined` where it can't be seen. */
	networks: number | undefined;
}

export interface Growth {
	starts: number;
	before: Holdings;
	after: Holdings;
	/** Milliseconds of a start with eight in flight: medians of the first and the last hundred. */
	firstHundred: number;
	lastHundred: number;
	/** A second, over all of them. */
	rate: number;
	/** Milliseconds of processor time for each start. */
	nodeTime: number;
	/** Of the supervisor with all that it started: the clone, the mounts, the payload. */
	helperTime: number;
}

/** The kernel ends network namespaces in its own time; after this they are gone or they leak. */
const SETTLING_MS = 2000;
const HUNDRED = 100;

const collectGarbage = (): void => {
	setFlagsFromString('--expose-gc');
	runInNewContext('gc()');
};

const takeStock = async (supervisor: number): Promise<Holdings> => {
	await sleep(SETTLING_MS);
	collectGarbage();
	return {
		nodeResident: Math.round(process.memoryUsage.rss() / 1024),
		supervisorPrivate: await privateMemory(supervisor),
		descriptors: await countDescriptors(process.pid),
		supervisorDescriptors: await countDescriptors(supervisor),
		mounts: await countMounts(),
		namespaces: await countNamespaces(),
		networks: await countNetworks(),
	};
};

export const measureGrowth = async (starts: number): Promise<Growth> => {
	// What is allocated once, is before.
	await runMany(2 * HUNDRED);
	const supervisor = await findSupervisor();
	const before = await takeStock(supervisor);
	const cpu = process.cpuUsage();
	const helperBefore = await processorTime(supervisor);
	const {each, together} = await runMany(starts);
	const {user, system} = process.cpuUsage(cpu);
	const helperAfter = await processorTime(supervisor);
	return {
		starts, before,
		after: await takeStock(supervisor),
		firstHundred: median(each.slice(0, HUNDRED)),
		lastHundred: median(each.slice(-HUNDRED)),
		rate: starts / together * 1000,
		nodeTime: (user + system) / 1000 / starts,
		helperTime: (helperAfter - helperBefore) / starts,
	};
};
