/**
 * The union by AUFS, to the letter of aufs(5). Few kernels have it (`/proc/filesystems` tells); those that do get it first.
 *
 * A branch is `PATH=PERMISSION+ATTRIBUTE`. The writable one stands first, as `rw`; every layer is `ro+wh`: read-only, and
 * looked through for whiteouts (with plain `ro` aufs never looks, and what a layer deleted would reappear).
 */

import {join} from 'node:path';
import type {CreateOp} from '../helper/plan.js';
import {isWithin, refusedPath, withoutCharacters} from './branch-paths.js';
import {makeLike, makePrivate} from './directories.js';
import type {RootRequest, StorageDriver} from './driver.js';
import {hasFilesystem} from './kernel.js';
import {memoryOperations} from './memory.js';

/** "The maximum number of branches is configurable at compile time (127 by default)"; one of them is the writable one. */
const MAXIMUM = 126;
/** mount(2) copies one page of options, and ends it with a NUL. */
const PAGE = 4096;

const places = (directory: string) => ({
	writable: join(directory, 'upper'),
	merged: join(directory, 'merged'),
	/** "Created and unlinked"; not on NFS, and never on the union itself, so not inside a branch either. */
	xino: join(directory, 'xino'),
});

/** Options after the branches. */
const settings = (directory: string): string[] => [
	// open(2) with O_DIRECT succeeds, which databases insist on; the default refuses it.
	'dio',
	// The table that keeps inode numbers stable; without it "some applications will not work correctly".
	`xino=${places(directory).xino}`,
	// A directory's permissions are those of its topmost branch alone, so that a chmod which loosens them takes effect.
	'dirperm1',
];

/**
 * The option strings of the mount and of the remounts that follow it, each within a page: `br:` takes the branches that fit,
 * the others are appended one after the other ("append:BRANCH", in the given order at remount time).
 */
export const aufsOptions = (lowers: readonly string[], directory: string, page = PAGE): string[][] => {
	const layers = lowers.map(lower => `${lower}=ro+wh`);
	const rest = settings(directory);
	let branches = `br:${places(directory).writable}=rw`;
	const fits = (options: readonly string[]): boolean => Buffer.byteLength(options.join(',')) < page;
	let next = 0;
	for (; next < layers.length && fits([`${branches}:${layers[next] ?? ''}`, ...rest]); next++) {
		branches += `:${layers[next] ?? ''}`;
	}

	const mounts = [[branches, ...rest]];
	let batch: string[] = [];
	for (const layer of layers.slice(next)) {
		const option = `append:${layer}`;
		if (batch.length === 0 || !fits([...batch, option])) {
			batch = [];
			mounts.push(batch);
		}

		batch.push(option);
	}

	return mounts;
};

const objection = ({lowers, directory, unfit, memory}: RootRequest): string | undefined => {
	if (unfit !== undefined && memory === undefined) {
		return `${directory} is on ${unfit}, which aufs can't write its branches to`;
	}

	if (lowers.length > MAXIMUM) {
		return `aufs takes up to ${MAXIMUM} lower branches, and these are ${lowers.length}`;
	}

	// aufs(5): "Aufs rejects the branch which is an ancestor or a descendant of another branch."
	const around = lowers.find(lower => isWithin(directory, lower));
	return around === undefined
		? refusedPath([...lowers, directory], [withoutCharacters(':,=\n', 'aufs')])
		: `${around}: aufs can't have the writable branch inside a lower one`;
};

export const aufs: StorageDriver = {
	name: 'aufs',
	maximum: MAXIMUM,

	unavailable({privileged}) {
		if (!hasFilesystem('aufs')) {
			return 'this kernel has no aufs';
		}

		// aufs(5), module parameter allow_userns: N by default.
		return privileged ? undefined : 'aufs can\'t be mounted in a user namespace';
	},

	objection,

	prepare({lowers, directory, memory}) {
		if (memory !== undefined) {
			return;
		}

		const {writable, merged} = places(directory);
		makeLike(writable, lowers[0] ?? '/', true);
		makePrivate(merged);
	},

	operations(request): CreateOp[] {
		const {lowers, directory, attributes} = request;
		const {merged} = places(directory);
		const [first = [], ...others] = aufsOptions(lowers, directory);
		return [
			...memoryOperations(request, ['merged']),
			{op: 'mount', type: 'aufs', source: 'none', target: merged, options: first, classic: true, why: 'the writable branch first, the layers below it, with their whiteouts'},
			...others.map((options): CreateOp => ({
				op: 'mount', type: 'aufs', source: 'none', target: merged, options, classic: true, remount: true,
				why: 'the branches that didn\'t fit into a page of options',
			})),
			{op: 'bind', source: merged, target: '/', root: true, ...(attributes === undefined ? {} : {attributes: [...attributes]})},
		];
	},
};
