/** What `cloche gc` removes beyond what every start does: a look at all that there is, whether or not a claim tells of it. */

import {existsSync, lstatSync} from 'node:fs';
import {isTemporary} from '../../base/atomic.js';
import {readClaims, readNames} from './claim.js';
import {INIT, initPath} from './exit.js';
import {containerIds} from './find.js';
import {attempt, collectGarbage, type Garbage, type GarbageOptions} from './gc.js';
import {removeLeftovers} from './leftovers.js';
import {dropEmptyName, releaseName} from './names.js';
import {readRecord} from './record.js';
import {removeTree} from './remove-tree.js';
import {containerDirectory, containersDirectory, liveDirectory, namesDirectory, type StateRoots} from './roots.js';

/** A writer gives its file a name within microseconds; one that takes an hour is dead. */
const STALE_MS = 3_600_000;

const removeIfOld = (path: string, remove: (path: string) => void): void => {
	const status = lstatSync(path, {throwIfNoEntry: false});
	if (status !== undefined && Date.now() - status.mtimeMs > STALE_MS) {
		remove(path);
	}
};

/** Directories of containers that aren't kept and that nobody claims. A claim is made before its directory, so that is read first. */
const removeOrphans = (roots: StateRoots, garbage: Garbage, remove: (path: string) => void): void => {
	const ids = containerIds(roots);
	const inits = readNames(containersDirectory(roots)).filter(name => name.endsWith(INIT)).map(name => name.slice(0, -INIT.length));
	const claimed = new Set(readClaims(roots).claims.map(claim => claim.id));
	for (const id of inits.filter(candidate => !claimed.has(candidate) && !ids.includes(candidate))) {
		remove(initPath(containerDirectory(roots, id)));
	}

	for (const id of ids.filter(candidate => !claimed.has(candidate))) {
		attempt(garbage, id, () => {
			const directory = containerDirectory(roots, id);
			// Strictly: one that can't be read may be a kept one's.
			if (existsSync(directory) && readRecord(directory)?.keep !== true) {
				remove(directory);
				remove(initPath(directory));
				garbage.removed.push(id);
			}
		});
	}
};

/**
 * What {@link collectGarbage} does, and what no claim tells of: containers that aren't kept and nobody claims, names of containers that are gone,
 * files whose writer was killed before they had a name. For the command; too much for every start.
 */
export const collectThoroughly = (roots: StateRoots, options: GarbageOptions = {}): Garbage => {
	const {remove = removeTree} = options;
	const garbage = collectGarbage(roots, options);
	removeOrphans(roots, garbage, remove);
	for (const name of readNames(namesDirectory(roots)).filter(entry => !isTemporary(entry))) {
		attempt(garbage, name, () => {
			for (const holder of readNames(`${namesDirectory(roots)}/${name}`)) {
				if (!existsSync(containerDirectory(roots, holder))) {
					releaseName(roots, name, holder);
				}
			}

			dropEmptyName(roots, name);
		});
	}

	for (const directory of [namesDirectory(roots), liveDirectory(roots), containersDirectory(roots)]) {
		for (const entry of readNames(directory).filter(name => isTemporary(name))) {
			attempt(garbage, entry, () => {
				removeIfOld(`${directory}/${entry}`, remove);
			});
		}
	}

	removeLeftovers(roots, (where, act) => {
		attempt(garbage, where, act);
	}, remove);
	return garbage;
};
