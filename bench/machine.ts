/** The machine and the programs that are compared: a figure means nothing without them. */

import os from 'node:os';
import {tryCommand} from './spawn.js';
import type {Absent, Peer} from './peers.js';

/** Above this something else is at work, and the figures are its, too. */
const QUIET_LOAD = 0.5;

export interface Machine {
	kernel: string;
	processor: string;
	processors: number;
	memoryGiB: number;
	node: string;
	/** Of the last minute before the bench. */
	load: number;
}

export const readMachine = (): Machine => ({
	kernel: os.release(),
	processor: os.cpus()[0]?.model ?? 'unknown',
	processors: os.cpus().length,
	memoryGiB: Math.round(os.totalmem() / 2 ** 30),
	node: process.version,
	load: os.loadavg()[0] ?? NaN,
});

export const isQuiet = ({load}: Machine): boolean => load <= QUIET_LOAD;

/** `unshare from util-linux 2.38.1` → `2.38.1` */
const readVersion = async (command: string): Promise<string> => /\d+(?:\.\d+)+/.exec(await tryCommand([command, '--version']))?.[0] ?? 'version unknown';

export const describeMachine = ({kernel, processor, processors, memoryGiB, node, load}: Machine): string[] => [
	`Linux ${kernel}, ${processors} × ${processor}, ${memoryGiB} GiB, Node ${node.slice(1)}, load ${load.toFixed(2)} at the start`,
	...(load <= QUIET_LOAD ? [] : [`! the load is above ${QUIET_LOAD}: something else is at work, and these figures are noise. Run it again on a quiet machine.`]),
];

export const describePeers = async (peers: readonly Peer[], absent: readonly Absent[]): Promise<string[]> => {
	const versions = await Promise.all(peers.map(async ({id}) => `${id} ${await readVersion(id)}`));
	return [`peers: ${versions.join(', ')}`, ...absent.map(({id, why}) => `absent: ${id}: ${why}`)];
};
