/**
 * What keeps a kept container from being started, or removed, by two at once: `ID/occupied/OWNER`, a directory that gets
 * its name with the entry in it. (One that isn't kept is only ever known to its maker.)
 */

import {existsSync, rmdirSync, unlinkSync, writeFileSync} from 'node:fs';
import {claimDirectory} from '../../base/atomic.js';
import {ignoring} from '../../base/errors.js';
import {type ProcessIdentity, formatIdentity} from '../../base/process.js';

/** The mark of a kept container's directory. */
export const occupiedDirectory = (directory: string): string => `${directory}/occupied`;

/** @returns whether nobody else has it */
export const markOccupied = (directory: string, owner: ProcessIdentity): boolean =>
	claimDirectory(occupiedDirectory(directory), temporary => {
		writeFileSync(`${temporary}/${formatIdentity(owner)}`, '');
	}, 0o700);

/** Whether that one has it. */
export const isOccupiedBy = (directory: string, owner: ProcessIdentity): boolean => existsSync(`${occupiedDirectory(directory)}/${formatIdentity(owner)}`);

/** Undo that, if it is this owner's: nobody else's mark is ever removed. */
export const clearOccupied = (directory: string, owner: ProcessIdentity): void => {
	const occupied = occupiedDirectory(directory);
	// Whatever isn't there was cleared before; what isn't empty is someone else's by now.
	ignoring(['ENOENT', 'ENOTDIR', 'ENOTEMPTY', 'EEXIST'], () => {
		unlinkSync(`${occupied}/${formatIdentity(owner)}`);
		rmdirSync(occupied);
	});
};
