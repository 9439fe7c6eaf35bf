/** The further life of containers that are kept: occupied for a run or a removal, let go of, removed. */

import {ClocheError, isErrno} from '../../base/errors.js';
import {pauseSync} from '../../base/pause.js';
import type {ProcessIdentity} from '../../base/process.js';
import {type Claim, dropClaim, makeClaim, readClaims, readNames} from './claim.js';
import {type ExitRecord, initDraft, initPath, readExit, readInit, writeExit} from './exit.js';
import {isUp, stateOf} from './find.js';
import {collectGarbage} from './gc.js';
import {releaseName} from './names.js';
import {clearOccupied, markOccupied} from './occupied.js';
import {removeTree} from './remove-tree.js';
import {containerDirectory, namesDirectory, runDirectory, type StateRoots} from './roots.js';

/** Somebody cleaning up is through in no time; somebody running isn't waited for. */
const ROUNDS = 20;
const PAUSE_MS = 10;

/**
 * Answer for a container that is there: to start it, or to remove it.
 *
 * @throws ClocheError where someone living does already, or it is gone
 */
export const occupyContainer = (roots: StateRoots, id: string, owner: ProcessIdentity): Claim => {
	const directory = containerDirectory(roots, id);
	for (let round = 1; ; round++) {
		// A dead one's last run is settled first.
		collectGarbage(roots, {id});
		const claim = makeClaim(roots, id, owner);
		if (claim !== undefined && tryToMark(directory, claim)) {
			return claim;
		}

		const other = readClaims(roots).claims.find(candidate => candidate.id === id);
		const running = isUp(stateOf(other !== undefined, readInit(directory) !== undefined, readExit(directory)));
		if (round === ROUNDS || running) {
			const why = other === undefined ? undefined : `process ${other.owner.pid} answers for it`;
			throw new ClocheError('the container is in use', {where: id, why, remedy: running ? 'stop it first' : 'try again'});
		}

		pauseSync(PAUSE_MS);
	}
};

const tryToMark = (directory: string, claim: Claim): boolean => {
	let mine = false;
	try {
		mine = markOccupied(directory, claim.owner);
	} catch (error) {
		throw isErrno(error, 'ENOENT') ? new ClocheError('no such container', {where: claim.id}) : error;
	} finally {
		if (!mine) {
			dropClaim(claim);
		}
	}

	return mine;
};

/** The end of a kept container's run: how it ended is written down before anyone else can occupy it. */
export const releaseContainer = (roots: StateRoots, claim: Claim, exit?: Omit<ExitRecord, 'version'>): void => {
	const directory = containerDirectory(roots, claim.id);
	if (exit !== undefined) {
		writeExit(directory, exit);
	}

	clearOccupied(directory, claim.owner);
	dropClaim(claim);
};

/**
 * Remove a container that `claim` occupies, whatever state its files are in.
 *
 * @param remove how a tree is removed
 */
export const removeContainer = (roots: StateRoots, claim: Claim, remove: (path: string) => void = removeTree): void => {
	const {id} = claim;
	// Looked for, not read from the record: that may be what is damaged. There are as many names as kept containers.
	for (const name of readNames(namesDirectory(roots))) {
		if (readNames(`${namesDirectory(roots)}/${name}`).includes(id)) {
			releaseName(roots, name, id);
		}
	}

	remove(runDirectory(roots, id));
	remove(containerDirectory(roots, id));
	remove(initPath(containerDirectory(roots, id)));
	remove(initDraft(containerDirectory(roots, id)));
	dropClaim(claim);
};
