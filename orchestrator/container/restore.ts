/** A container that is there, as what it was made from: to start it again, or to look into it. */

import {ClocheError} from '../base/errors.js';
import {type Design, designContainer} from './prepare.js';
import {specOf} from './spec-json.js';
import type {ContainerRecord} from './store/record.js';
import type {StateRoots} from './store/roots.js';

/**
 * The design of a container that is there: same id, same branches, which are made already.
 *
 * @throws ClocheError where its image or root isn't what it was made from, or this machine can't give any more what it asks for
 */
export const redesign = async ({record}: {record: ContainerRecord}, roots: StateRoots): Promise<Design> => {
	const design = await designContainer(specOf(record), roots, {again: record});
	const {image, root} = design;
	if (image.lowers.join('\n') !== record.lowers.join('\n')) {
		throw new ClocheError('the container\'s image has changed', {
			where: record.image, why: `it was made over ${record.lowers.join(', ')}, which is ${image.lowers.join(', ')} by now`, remedy: 'make another container',
		});
	}

	return root.inMemory ? design : {...design, root: {...root, prepare: () => undefined}};
};
