/**
 * Where the things stand that aren't JavaScript: the helper's binary and the layers that were built beforehand.
 *
 * In the repository `make` puts them in build/; the installed package has them beside its bundles, in dist/. The only
 * difference seen from here is the directory this very module runs from, so nothing is looked up in the file system.
 */

import {join, resolve} from 'node:path';

const here = import.meta.dirname;
const inRepository = here.endsWith(join('orchestrator', 'host'));
const assets = inRepository ? resolve(here, '../../build') : here;

/** The helper's binary, an absolute path. `CLOCHE_NSINIT` names another one (tests run it under strace or sanitizers). */
export function nsinitPath(): string {
	return process.env['CLOCHE_NSINIT'] ?? join(assets, 'nsinit');
}

/** The directory of the layers that `make layers` built, an absolute path; an installed package has none there. */
export function layersDirectory(): string {
	return join(assets, 'layers');
}

/** What to do where the helper's binary is missing: the last clause of an error. */
export function nsinitRemedy(): string {
	return inRepository ? 'run make helper' : 'install the package again';
}
