/** Finds a base layer, and builds it where it's needed for the first time. */

import {lstatSync} from 'node:fs';
import {join} from 'node:path';
import {isErrno} from '../base/errors.js';
import {layersDirectory} from '../host/assets.js';

/**
 * The directory of the base layer `name`, or undefined where there is no recipe of that name.
 *
 * Taken first from what `make layers` built, if it belongs to the user that asks (an overlay can't copy up what belongs to
 * an id that isn't mapped); else from `cache`, where it is built at the first use.
 *
 * @param cache a directory of the data root; made where it is missing
 * @returns an absolute path
 * @throws ClocheError where the recipe's binary isn't on this machine
 */
export async function findBaseLayer(name: string, cache: string): Promise<string | undefined> {
	const built = join(layersDirectory(), name);
	if (belongsToUs(built)) {
		return built;
	}

	// Loaded late: a run that finds its layer needs neither the recipes nor what builds them.
	const {recipes} = await import('../../layers/index.js');
	const recipe = recipes.get(name);
	if (recipe === undefined) {
		return undefined;
	}

	const cached = `${recipe.name}-${String(recipe.revision)}`;
	if (belongsToUs(join(cache, cached))) {
		return join(cache, cached);
	}

	const {buildLayer} = await import('./recipe.js');
	return buildLayer(recipe, cache, cached);
}

// Synchronous: it stands in the way of every start, and a turn of the thread pool is dearer than the call; so is an exception.
function belongsToUs(directory: string): boolean {
	try {
		return lstatSync(directory, {throwIfNoEntry: false})?.uid === process.geteuid?.();
	} catch (error) {
		if (isErrno(error, 'ENOTDIR')) {
			return false;
		}

		throw error;
	}
}
