/** What no claim tells of, beside containers: cgroups, sockets, changes and names that someone killed has left. */

import {existsSync} from 'node:fs';
import {ClocheError} from '../../base/errors.js';
import {listCgroups} from '../../host/cgroup.js';
import {dropCgroups} from './cgroups.js';
import {CHANGE, freeDeadChange} from './change.js';
import {readClaims, readNames} from './claim.js';
import {type ContainerRecord, readRecord} from './record.js';
import {releaseName} from './names.js';
import {containerDirectory, containersDirectory, namesDirectory, runDirectory, type StateRoots} from './roots.js';

/** Do something about `where`; what goes wrong is noted. */
type Attempt = (where: string, act: () => void) => void;

/** Both are made after the claim, so they are listed before. */
const removeUnclaimed = (roots: StateRoots, attempt: Attempt, remove: (path: string) => void): void => {
	const cgroups = listCgroups(roots.data);
	const runs = readNames(roots.run);
	const claimed = new Set(readClaims(roots).claims.map(({id}) => id));
	for (const {id, path} of cgroups.filter(entry => !claimed.has(entry.id))) {
		attempt(path, () => {
			dropCgroups(roots, id, [path]);
		});
	}

	for (const id of runs.filter(name => !claimed.has(name))) {
		attempt(runDirectory(roots, id), () => {
			remove(runDirectory(roots, id));
		});
	}
};

/** One that can't be read is told of elsewhere. */
const readIfWhole = (directory: string): ContainerRecord | undefined => {
	try {
		return readRecord(directory);
	} catch (error) {
		if (error instanceof ClocheError) {
			return undefined;
		}

		throw error;
	}
};

/** A rename that was killed leaves two names: the one that isn't in the record goes, unless somebody is at it. */
const freeFormerNames = (roots: StateRoots, name: string): void => {
	for (const id of readNames(`${namesDirectory(roots)}/${name}`)) {
		// Whoever renames holds the change before he claims the name.
		if (existsSync(containerDirectory(roots, id)) && !freeDeadChange(roots, id)) {
			const record = readIfWhole(containerDirectory(roots, id));
			if (record !== undefined && record.name !== name) {
				releaseName(roots, name, id);
			}
		}
	}
};

/** All of it. Nothing of the living is touched. */
export const removeLeftovers = (roots: StateRoots, attempt: Attempt, remove: (path: string) => void): void => {
	removeUnclaimed(roots, attempt, remove);
	for (const entry of readNames(containersDirectory(roots)).filter(name => name.endsWith(CHANGE))) {
		attempt(entry, () => {
			freeDeadChange(roots, entry.slice(0, -CHANGE.length));
		});
	}

	for (const name of readNames(namesDirectory(roots)).filter(entry => !entry.startsWith('.'))) {
		attempt(name, () => {
			freeFormerNames(roots, name);
		});
	}
};
