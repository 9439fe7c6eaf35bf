/**
 * A container that is to be kept, while it is being made: it isn't kept yet, and whoever makes it answers for it. So who is
 * killed at it leaves nothing behind that gc wouldn't remove.
 */

import type {ProcessIdentity} from '../../base/process.js';
import {createContainer, type NewContainer, type StoredContainer} from './create.js';
import {stageRecord} from './record.js';
import type {StateRoots} from './roots.js';

/** Make its place, with a directory and without being kept. Nothing is left if it throws. */
export const draftContainer = (roots: StateRoots, container: Omit<NewContainer, 'owner' | 'keep'>, self: ProcessIdentity): StoredContainer =>
	createContainer(roots, {...container, owner: self, keep: false, branches: true});

/**
 * Write down that it is kept, for when it is whole: what the result says then. Once its payload runs, there may be no room
 * on the disk any more.
 */
export const stageKept = ({directory, record}: StoredContainer): () => void => stageRecord(directory, {...record, keep: true});
