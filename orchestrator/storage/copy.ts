/** The root as a plain copy of its branches: slow, in need of space, and working everywhere. The contract suite's oracle. */

import {existsSync, renameSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import type {CreateOp} from '../helper/plan.js';
import {isWithin, refusedPath} from './branch-paths.js';
import {makeLike} from './directories.js';
import type {StorageDriver} from './driver.js';

const MAXIMUM = 10_000;

const copyOf = (directory: string): string => join(directory, 'upper');

export const copy: StorageDriver = {
	name: 'copy',
	maximum: MAXIMUM,

	unavailable: () => undefined,

	objection({lowers, directory}) { // In memory or not: a copy is always on disk.
		const around = lowers.find(lower => isWithin(directory, lower));
		return around === undefined
			? refusedPath([...lowers, directory], [])
			: `${around}: can't be copied into a directory inside itself`;
	},

	async prepare({lowers, directory, privileged}) {
		// Loaded late: it needs execa, and hardly anyone needs it.
		const {copyBranch} = await import('./copy-branch.js');
		const target = copyOf(directory);
		if (existsSync(target)) {
			return; // A kept container starts again.
		}

		// Aside, and moved in when it is whole: a copy that was cut short must not be taken for one.
		const aside = `${target}.part`;
		rmSync(aside, {recursive: true, force: true});
		makeLike(aside, lowers[0] ?? '/', privileged);
		for (const lower of lowers.toReversed()) {
			await copyBranch(lower, aside);
		}

		renameSync(aside, target);
	},

	operations({directory, attributes}): CreateOp[] {
		return [{
			op: 'bind', source: copyOf(directory), target: '/', root: true,
			...(attributes === undefined ? {} : {attributes: [...attributes]}),
			why: 'the image, copied',
		}];
	},
};
