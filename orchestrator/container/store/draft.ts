/**
 * A container that is to be kept, while it is being made: it isn't kept yet, and whoever makes it answers for it. So who is
 * killed at it leaves nothing behind that gc wouldn't remove.
 */

import type {ProcessIdentity} from '../../base/process.js';
import {createContainer, type NewContainer, type StoredContainer} from './create.js';
import {writeRecord} from './record.js';
import type {StateRoots} from './roots.js';

/** Make its place, with a directory and without being kept. Nothing is left if it throws. */
export const draftContainer = (roots: StateRoots, container: Omit<NewContainer, 'owner' | 'keep'>, self: ProcessIdentity): StoredContainer =>
	createContainer(roots, {...container, owner: self, keep: false, branches: true});

/** It is whole, and kept from here on. */
export const keepDraft = ({directory, record}: StoredContainer): void => {
	writeRecord(directory, {...record, keep: true});
};
