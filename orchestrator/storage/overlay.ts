/** The union by overlayfs: any number of lower branches read-only, one upper directory for all that is written. */

import {join} from 'node:path';
import type {CreateOp} from '../helper/plan.js';
import {noLongerThan, refusedPath, withoutCharacters} from './branch-paths.js';
import {makeLike, makePrivate} from './directories.js';
import type {RootRequest, StorageDriver} from './driver.js';
import {hasFilesystem} from './kernel.js';
import {memoryOperations} from './memory.js';
import {overlayOptions} from './overlay-options.js';
import {partOperations, prepareParts} from './parts.js';

/**
 * OVL_MAX_STACK in the kernel's fs/overlayfs/params.h; 500 fit and 501 don't (measured on 6.18). The helper names branches
 * by descriptors where a path is too long for fsconfig(2) or all of them are for a page, so neither is a limit here.
 */
const MAXIMUM = 500;
/** PATH_MAX, without its NUL. */
const LONGEST = 4095;

const branches = (directory: string) => ({upper: join(directory, 'upper'), work: join(directory, 'work')});

const objection = (request: RootRequest): string | undefined => {
	const {lowers, directory, unfit, memory} = request;
	const {upper, work} = branches(directory);
	if (unfit !== undefined && memory === undefined) {
		return `${directory} is on ${unfit}, which overlay can't write its branches to (--root takes a directory on another file system)`;
	}

	if (lowers.length === 0) {
		return 'overlay needs a lower branch';
	}

	if (lowers.length > MAXIMUM) {
		return `overlay takes up to ${MAXIMUM} lower branches, and these are ${lowers.length}`;
	}

	return refusedPath(lowers, [noLongerThan(LONGEST, 'overlay')])
		// Of upperdir and workdir, unlike lowerdir+, it takes a backslash for an escape (ovl_unescape() in fs/overlayfs/params.c).
		?? refusedPath([upper, work], [noLongerThan(LONGEST, 'overlay'), withoutCharacters('\\', 'overlay\'s writable branch')]);
};

export const overlay: StorageDriver = {
	name: 'overlay',
	maximum: MAXIMUM,

	unavailable: () => hasFilesystem('overlay', 'overlayfs') ? undefined : 'this kernel has no overlayfs',

	objection,

	prepare(request) {
		const {lowers, directory, privileged, parts, memory} = request;
		if (memory !== undefined) {
			return;
		}

		if (parts !== undefined) {
			prepareParts(request, parts);
			return;
		}

		const {upper, work} = branches(directory);
		makeLike(upper, lowers[0] ?? '/', privileged);
		makePrivate(work);
	},

	operations(request): CreateOp[] {
		const {lowers, directory, keep, privileged, attributes, parts, memory} = request;
		if (parts !== undefined) {
			return partOperations(request, parts);
		}

		return [...memoryOperations(request, ['work']), {
			op: 'overlay',
			target: '/',
			root: true,
			lowers: [...lowers],
			...branches(directory),
			options: overlayOptions({volatile: !keep && memory === undefined, privileged}),
			...(attributes === undefined ? {} : {attributes: [...attributes]}),
			why: keep
				? 'the image shows through; what is written goes to the upper branch and stays'
				: 'the image shows through; what is written goes to the upper branch, which is thrown away',
		}];
	},
};
