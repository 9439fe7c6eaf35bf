/** The union by overlayfs: any number of lower branches read-only, one upper directory for all that is written. */

import {join} from 'node:path';
import type {CreateOp} from '../helper/plan.js';
import {noLongerThan, refusedPath, withoutCharacters} from './branch-paths.js';
import {makeLike, makePrivate} from './directories.js';
import type {RootRequest, StorageDriver} from './driver.js';
import {filesystemMagic, hasFilesystem} from './kernel.js';
import {overlayOptions} from './overlay-options.js';
import {partOperations, prepareParts} from './parts.js';

/**
 * OVL_MAX_STACK in the kernel's fs/overlayfs/params.h; 500 fit and 501 don't (measured on 6.18). The helper names branches
 * by descriptors where a path is too long for fsconfig(2) or all of them are for a page, so neither is a limit here.
 */
const MAXIMUM = 500;
/** PATH_MAX, without its NUL. */
const LONGEST = 4095;

/** What can't hold an upper directory, by statfs(2)'s magic: overlayfs refuses file systems whose names it can't rely on. */
const UNFIT: Readonly<Record<number, string>> = {
	0x79_4C_76_30: 'overlayfs',
	0x61_75_66_73: 'aufs',
	0x69_69: 'NFS',
	0x01_02_19_97: '9p',
	0x65_73_55_46: 'FUSE',
	0x4D_44: 'FAT',
};

const branches = (directory: string) => ({upper: join(directory, 'upper'), work: join(directory, 'work')});

const objection = (request: RootRequest): string | undefined => {
	const {lowers, directory} = request;
	const {upper, work} = branches(directory);
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

	unavailable({dataRoot}) {
		if (!hasFilesystem('overlay', 'overlayfs')) {
			return 'this kernel has no overlayfs';
		}

		const unfit = UNFIT[filesystemMagic(dataRoot)];
		return unfit === undefined ? undefined : `${dataRoot} is on ${unfit}, which overlay can't write its branches to`;
	},

	objection,

	prepare(request) {
		const {lowers, directory, privileged, parts} = request;
		if (parts !== undefined) {
			prepareParts(request, parts);
			return;
		}

		const {upper, work} = branches(directory);
		makeLike(upper, lowers[0] ?? '/', privileged);
		makePrivate(work);
	},

	operations(request): CreateOp[] {
		const {lowers, directory, keep, privileged, attributes, parts} = request;
		if (parts !== undefined) {
			return partOperations(request, parts);
		}

		return [{
			op: 'overlay',
			target: '/',
			root: true,
			lowers: [...lowers],
			...branches(directory),
			options: overlayOptions({keep, privileged}),
			...(attributes === undefined ? {} : {attributes: [...attributes]}),
			why: keep
				? 'the image shows through; what is written goes to the upper branch and stays'
				: 'the image shows through; what is written goes to the upper branch, which is thrown away',
		}];
	},
};
