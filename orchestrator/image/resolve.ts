/** From an image's word, or a directory, to the branches below a container and what its process gets by default. */

import {accessSync, constants, readdirSync, realpathSync} from 'node:fs';
import {ClocheError, isErrno} from '../base/errors.js';
import {findBaseLayer} from './base-layer.js';

/** A container's lower branches, and the defaults of its process, under the names of the OCI image configuration. */
export interface ResolvedImage {
	/** As it is shown. */
	name: string;
	/** Read-only branches, the topmost first; absolute. */
	lowers: string[];
	/** The machine's own tree is among them: what belongs to its running services must be kept out. */
	host: boolean;
	entrypoint: string[];
	command: string[];
	/** `NAME=value` */
	env: string[];
	cwd: string;
	user?: string;
}

/** Docker's default (moby oci/defaults.go), which Debian's login has for root, too. */
const DEFAULT_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** An image's word can't be a path, a temporary or a marker file beside the layers. */
const WORD = /^[a-z\d][a-z\d._-]*$/;

const withDefaults = (name: string, lowers: string[], host: boolean): ResolvedImage =>
	({name, lowers, host, entrypoint: [], command: ['sh'], env: [DEFAULT_PATH], cwd: '/'});

/** The machine's own root. */
const HOST = 'host';

/** The names that {@link resolveImage} knows, for errors and help. */
export const imageNames = async (): Promise<string[]> => {
	const {recipes} = await import('../../layers/index.js');
	return [HOST, ...recipes.keys()];
};

/**
 * @param word what the user calls the image
 * @param cache where base layers are built that aren't there yet
 * @throws ClocheError where there is no such image; it names those there are
 */
export const resolveImage = async (word: string, cache: string): Promise<ResolvedImage> => {
	if (word === HOST) {
		return withDefaults(HOST, ['/'], true);
	}

	const layer = WORD.test(word) ? await findBaseLayer(word, cache) : undefined;
	if (layer !== undefined) {
		return withDefaults(word, [layer], false);
	}

	const names = await imageNames();
	throw new ClocheError('no such image', {where: word, remedy: `there are ${names.join(' and ')}; or take a directory with --rootfs DIR`});
};

const problem = (directory: string, why: string | undefined, cause?: unknown): ClocheError =>
	new ClocheError('cannot use the root file system', {where: directory, why, cause, remedy: '--rootfs takes a directory that you can read'});

/**
 * A directory as the one lower branch.
 *
 * @param directory relative ones are taken from the working directory; symbolic links are followed, once and for all
 * @throws ClocheError where it is missing, no directory, or can't be read
 */
export const resolveRootfs = (directory: string): ResolvedImage => {
	try {
		const path = realpathSync(directory);
		const entries = readdirSync(path);
		accessSync(path, constants.X_OK);
		if (entries.length === 0) {
			throw problem(directory, 'it is empty');
		}

		return withDefaults(path, [path], path === '/');
	} catch (error) {
		throw error instanceof ClocheError ? error
			: problem(directory, isErrno(error, 'EACCES') ? 'it can\'t be read' : isErrno(error, 'ENOTDIR') ? 'it is not a directory' : undefined, error);
	}
};
