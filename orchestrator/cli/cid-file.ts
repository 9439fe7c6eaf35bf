/** `--cidfile`: a file that gets the container's id, and that nothing else may have been written to. */

import {unlinkSync, writeFileSync} from 'node:fs';
import {ClocheError, isErrno} from '../base/errors.js';
import type {CommandValues} from './commands.js';

export interface CidFile {
	write: (id: string) => void;
	/** There is no container. */
	remove: () => void;
}

/**
 * Make it, empty, so that nobody else does; `undefined` where it wasn't asked for.
 *
 * @throws ClocheError where there is one
 */
export const claimCidFile = (path: CommandValues[string] | undefined): CidFile | undefined => {
	if (typeof path !== 'string') {
		return undefined;
	}

	const write = (id: string, flag: 'w' | 'wx'): void => {
		try {
			writeFileSync(path, id, {flag});
		} catch (cause) {
			throw new ClocheError('--cidfile', {where: path, cause, ...(isErrno(cause, 'EEXIST') ? {remedy: 'another container\'s id may be in it: remove it, or name another file'} : {})});
		}
	};

	write('', 'wx');
	return {
		write(id) {
			write(id, 'w');
		},
		remove() {
			unlinkSync(path);
		},
	};
};
