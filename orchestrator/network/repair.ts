/** Makes good what somebody was killed at: networks that are half made or half removed go, and the rules are those of the rest. */

import {existsSync, rmSync, writeFileSync} from 'node:fs';
import {isTemporary} from '../base/atomic.js';
import {ClocheError} from '../base/errors.js';
import {inTurn} from '../base/turn.js';
import {isWhole, listNetworks, networkNames} from './find.js';
import {mayChange, takeDown} from './machine.js';
import {lowerAll} from './parented.js';
import {namesIn, networkDirectory, networksDirectory, type NetworkRoots, turnPath, unfinishedPath} from './places.js';
import {type NetworkRecord, readNetwork} from './record.js';

type DataRoot = Pick<NetworkRoots, 'data'>;

/** Say that a change has begun; all that follows is repaired unless {@link finish} says that it is done. */
export const begin = (roots: DataRoot): void => {
	writeFileSync(unfinishedPath(roots), '');
};

export const finish = (roots: DataRoot): void => {
	rmSync(unfinishedPath(roots), {force: true});
};

export const isUnfinished = (roots: DataRoot): boolean => existsSync(unfinishedPath(roots));

const recordOf = (directory: string): NetworkRecord[] => {
	try {
		const record = readNetwork(directory);
		return record === undefined ? [] : [record];
	} catch (error) {
		if (error instanceof ClocheError) {
			return [];
		}

		throw error;
	}
};

/** In a turn: whatever isn't whole is nobody's any more. */
export const repair = async (roots: DataRoot, alsoBridges: readonly string[] = []): Promise<void> => {
	begin(roots);
	const broken = networkNames(roots).map(name => networkDirectory(roots, name)).filter(directory => !isWhole(directory));
	const records = broken.flatMap(directory => recordOf(directory));
	const rest = listNetworks(roots).networks;
	await lowerAll(roots, records, rest);
	// Who may not change this machine's networks has none there.
	if (mayChange()) {
		await takeDown(roots, [...records.filter(({parent}) => parent === undefined).map(({bridge}) => bridge), ...alsoBridges], rest);
	}

	const temporaries = namesIn(networksDirectory(roots)).filter(name => isTemporary(name)).map(name => networkDirectory(roots, name));
	for (const directory of [...broken, ...temporaries]) {
		rmSync(directory, {recursive: true, force: true});
	}

	finish(roots);
};

/** Repair if there is anything to: one look where there isn't. */
export const repairUnfinished = async (roots: DataRoot): Promise<void> => {
	if (isUnfinished(roots)) {
		await inTurn(turnPath(roots), async () => {
			await repairInTurn(roots);
		});
	}
};

/** The same for who has the turn. */
export const repairInTurn = async (roots: DataRoot): Promise<void> => {
	if (isUnfinished(roots)) {
		await repair(roots);
	}
};
