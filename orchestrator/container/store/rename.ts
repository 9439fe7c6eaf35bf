/**
 * Gives a container another name: the new one is claimed, the record written, the old one released. Who is killed in
 * between leaves two names, of which gc frees the one that isn't in the record.
 */

import {existsSync} from 'node:fs';
import {ClocheError} from '../../base/errors.js';
import {changeRecord} from './change.js';
import {collectGarbage} from './gc.js';
import {claimName, isName, NAME_RULE, nameHolder, releaseName} from './names.js';
import type {ContainerRecord} from './record.js';
import {containerDirectory, type StateRoots} from './roots.js';

const takeName = (roots: StateRoots, name: string, id: string): void => {
	for (let settled = false; !claimName(roots, name, id);) {
		const holder = nameHolder(roots, name);
		if (holder === id) {
			return; // A rename that was killed had got so far.
		}

		if (holder !== undefined && !existsSync(containerDirectory(roots, holder))) {
			releaseName(roots, name, holder);
		} else if (!settled) {
			settled = true;
			collectGarbage(roots);
		} else if (holder !== undefined) {
			throw new ClocheError('the name is taken', {where: name, why: `by container ${holder}`, remedy: 'choose another, or remove that container'});
		}
	}
};

/**
 * @returns the record as it is now
 * @throws ClocheError where another has the name, or it is none; then nothing is changed
 */
export const renameContainer = (roots: StateRoots, id: string, name: string): ContainerRecord => {
	if (!isName(name)) {
		throw new ClocheError('not a container\'s name', {where: name, remedy: NAME_RULE});
	}

	return changeRecord(roots, id, (record, write) => {
		if (record.name === name) {
			throw new ClocheError('the container has that name already', {where: name, remedy: 'choose another'});
		}

		takeName(roots, name, id);
		const renamed = {...record, name};
		try {
			write(renamed);
		} catch (error) {
			releaseName(roots, name, id);
			throw error;
		}

		if (record.name !== undefined) {
			releaseName(roots, record.name, id);
		}

		return renamed;
	});
};
