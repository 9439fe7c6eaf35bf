/**
 * Names. `names/NAME/` is a directory with one entry, the id of the container that has it; it gets its name with the
 * entry in it, by a rename that fails where another is. A stale one is freed by removing the dead one's entry: by its id,
 * so that nobody ever removes what someone else has just claimed.
 */

import {rmSync, rmdirSync, unlinkSync, writeFileSync} from 'node:fs';
import {claimDirectory, temporaryFor} from '../../base/atomic.js';
import {ignoring} from '../../base/errors.js';
import {readNames} from './claim.js';
import {namesDirectory, type StateRoots} from './roots.js';

/** Docker's rule (moby daemon/names); a dot can't come first, so no name hides, leads upwards or is one of our temporaries. */
export const isName = (text: string): boolean => /^[a-zA-Z\d][a-zA-Z\d_.-]{0,127}$/.test(text);

/** The same in words. */
export const NAME_RULE = 'use letters, digits, _ . and -, a letter or digit first, 128 at most';

/** The directory whose one entry says whose a name is. */
export const nameDirectory = (roots: StateRoots, name: string): string => `${namesDirectory(roots)}/${name}`;

/** The entry that says a name is a container's. */
export const nameEntry = (roots: StateRoots, name: string, id: string): string => `${nameDirectory(roots, name)}/${id}`;

/** Claim a name for a container, whose directory must exist by now; `false` where another has it. */
export const claimName = (roots: StateRoots, name: string, id: string): boolean =>
	claimDirectory(nameDirectory(roots, name), directory => {
		writeFileSync(`${directory}/${id}`, '');
	}, 0o700, id);

/** The id of the container that has a name. */
export const nameHolder = (roots: StateRoots, name: string): string | undefined => isName(name) ? readNames(nameDirectory(roots, name))[0] : undefined;

/** Free a name that is this container's, or was about to be when its maker was killed; nothing happens where it isn't. */
export const releaseName = (roots: StateRoots, name: string, id: string): void => {
	rmSync(temporaryFor(nameDirectory(roots, name), id), {recursive: true, force: true});
	ignoring(['ENOENT', 'ENOTDIR'], () => {
		unlinkSync(nameEntry(roots, name, id));
	});
	dropEmptyName(roots, name);
};

/** A name that nobody has: its directory goes only if nobody claims it just now. */
export const dropEmptyName = (roots: StateRoots, name: string): void => {
	ignoring(['ENOENT', 'ENOTEMPTY', 'EEXIST'], () => {
		rmdirSync(nameDirectory(roots, name));
	});
};
