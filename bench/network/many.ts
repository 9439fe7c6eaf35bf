/** As many containers on one bridge as an integration test's largest, all up at the same time. */

import {readdir} from 'node:fs/promises';
import path from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {IN_FLIGHT} from '../flight.js';
import type {ContainerProcess} from '../library.js';
import {inLanes} from '../spawn.js';
import {median} from '../statistics.js';
import type {Ground, Network} from './ground.js';
import {untilNothing} from './stock.js';

export interface Many {
	containers: number;
	/** Those whose process lives and whose link is on the bridge, once the last one has started. */
	up: number;
	/** Milliseconds of a start with eight in flight: medians of the first and the last fifty. */
	firstFifty: number;
	lastFifty: number;
	/** A second, over all of them. */
	rate: number;
	/** Milliseconds: a command in the first one looks the last one up, connects to it and reads what it says. */
	across: number;
	/** Milliseconds until nothing is left of any, killed all at once. */
	gone: number;
	/** Addresses, names, claims and links that are still there after ten seconds. */
	left: number;
}

export const MANY = 500;
const FIFTY = 50;
const PORT = '7000';
const LAST = 'last';
const WORD = 'across';

/** A /24 has 253 addresses: this many need a larger one, and which are free isn't known before. */
const PREFIX = 22;
const ATTEMPTS = 32;

const makeLarge = async ({make}: Ground): Promise<Network> => {
	for (let attempt = 0; ; attempt++) {
		try {
			return await make('many', `10.254.${attempt * 4}.0/${PREFIX}`);
		} catch (error) {
			if (attempt === ATTEMPTS || !(error instanceof Error && error.message.includes('overlaps'))) {
				throw error;
			}
		}
	}
};

const portsOf = async ({bridge}: Network): Promise<string[]> => readdir(`/sys/class/net/${bridge}/brif`);

/** Names that lead somewhere: a name's own directory may stay for whoever has it next. */
const readNames = async ({directory}: Network): Promise<string[]> =>
	(await readdir(path.join(directory, 'names'), {recursive: true, withFileTypes: true})).filter(entry => !entry.isDirectory()).map(({name}) => name);

const isAlive = (pid: number): boolean => {
	try {
		return process.kill(pid, 0);
	} catch {
		return false;
	}
};

/** The last one listens as soon as its program has begun, which is after it counts as running. */
const connectAcross = async (first: ContainerProcess): Promise<number> => {
	for (let attempt = 0; ; attempt++) {
		const begin = performance.now();
		const {stdout} = await first.exec(['nc', '-w', '5', LAST, PORT], {reject: false});
		if (stdout === WORD) {
			return performance.now() - begin;
		}

		if (attempt === 20) {
			throw new Error('the first container doesn\'t reach the last one');
		}

		await sleep(50);
	}
};

export const measureMany = async (ground: Ground, signal: AbortSignal): Promise<Many> => {
	const {door, root} = ground;
	const network = await makeLarge(ground);
	const readClaims = async (): Promise<string[]> => readdir(path.join(root, 'live'));
	const others = new Set(await readClaims());
	const boxes: ContainerProcess[] = [];
	const pids: number[] = [];
	const {each, together} = await inLanes({count: MANY, jobs: IN_FLIGHT}, async () => {
		signal.throwIfAborted();
		const isLast = boxes.length === MANY - 1;
		const begin = performance.now();
		const box = door.run('busybox', isLast ? ['nc', '-ll', '-p', PORT, '-e', 'echo', WORD] : ['sleep', '100000'], {
			network: network.name, stdout: 'ignore', stderr: 'ignore', reject: false, ...(isLast ? {networkAlias: LAST} : {}),
		});
		boxes.push(box);
		pids.push(await box.pid());
		return performance.now() - begin;
	});
	const up = Math.min(pids.filter(isAlive).length, (await portsOf(network)).length);
	const [first] = boxes;
	const across = first === undefined ? NaN : await connectAcross(first);
	signal.throwIfAborted();
	const begin = performance.now();
	await Promise.all(boxes.map(async box => box[Symbol.asyncDispose]()));
	const gone = performance.now() - begin;
	const left = await untilNothing(async () => [
		...await readdir(path.join(network.directory, 'leases')), ...await readNames(network),
		...(await readClaims()).filter(claim => !others.has(claim)), ...await portsOf(network),
	]);
	return {
		containers: MANY, up, across, gone, left: left.length,
		firstFifty: median(each.slice(0, FIFTY)), lastFifty: median(each.slice(-FIFTY)), rate: MANY / together * 1000,
	};
};
