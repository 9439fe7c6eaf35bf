/** The union by overlayfs: any number of lower branches read-only, one upper directory for all that is written. */

import {join} from 'node:path';
import type {CreateOp} from '../helper/plan.js';
import {noLongerThan, refusedPath, withoutCharacters} from './branch-paths.js';
import {makeLike, makePrivate} from './directories.js';
import type {RootRequest, StorageDriver} from './driver.js';
import {hasFilesystem} from './kernel.js';
import {overlayOptions} from './overlay-options.js';
import {partOperations, prepareParts} from './parts.js';

/**
 * OVL_MAX_STACK in the kernel's fs/overlayfs/params.h; 500 fit and 501 don't (measured on 6.18). The helper names branches
 * by descriptors where a path is too long for fsconfig(2) or all of them are for a page, so neither is a limit here.
 */
const MAXIMUM = 500;
/** PATH_MAX, without its NUL. */
const LONGEST = 4095;

/** Where a file system in memory is mounted that holds the writable branch, if the disk can't. */
const memory = (directory: string): string => join(directory, 'memory');

const branches = ({directory, unfit}: Pick<RootRequest, 'directory' | 'unfit'>) => {
	const base = unfit === undefined ? directory : memory(directory);
	return {upper: join(base, 'upper'), work: join(base, 'work')};
};

/** The file system in memory. It is the container's alone, and gone with it. */
const memoryOperations = (request: RootRequest): CreateOp[] => {
	const {directory, unfit, model, privileged} = request;
	if (unfit === undefined || model === undefined) {
		return [];
	}

	const {upper, work} = branches(request);
	const owner = privileged ? {uid: model.uid, gid: model.gid} : {};
	return [
		{op: 'mount', type: 'tmpfs', target: memory(directory), options: ['mode=711'], why: `what is written stays in memory: the state directory is on ${unfit}, which no union can write to`},
		{op: 'mkdir', target: upper, mode: model.mode, ...owner},
		{op: 'mkdir', target: work, mode: 0o700},
	];
};

const objection = (request: RootRequest): string | undefined => {
	const {lowers, directory, unfit, keep, parts} = request;
	const {upper, work} = branches(request);
	if (unfit !== undefined && (keep || parts !== undefined)) {
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
		const {lowers, directory, privileged, parts, unfit} = request;
		if (unfit !== undefined) {
			makePrivate(memory(directory));
			return;
		}

		if (parts !== undefined) {
			prepareParts(request, parts);
			return;
		}

		const {upper, work} = branches(request);
		makeLike(upper, lowers[0] ?? '/', privileged);
		makePrivate(work);
	},

	operations(request): CreateOp[] {
		const {lowers, keep, privileged, attributes, parts} = request;
		if (parts !== undefined) {
			return partOperations(request, parts);
		}

		return [...memoryOperations(request), {
			op: 'overlay',
			target: '/',
			root: true,
			lowers: [...lowers],
			...branches(request),
			options: overlayOptions({keep, privileged}),
			...(attributes === undefined ? {} : {attributes: [...attributes]}),
			why: keep
				? 'the image shows through; what is written goes to the upper branch and stays'
				: 'the image shows through; what is written goes to the upper branch, which is thrown away',
		}];
	},
};
