/**
 * Names: `names/HOST/ADDRESS`, a symbolic link whose text is the container's id. A container's resolver reads these directories at each
 * query, so joins and leaves are seen at once.
 */

import {mkdirSync, rmdirSync, symlinkSync} from 'node:fs';
import {ClocheError, ignoring, isErrno} from '../base/errors.js';
import {namesIn, registryDirectory} from './places.js';

/** What DNS can ask for: labels of 63 at most, 253 in all (RFC 1035, 2.3.4). As containers' names, with underscores. */
export const isHostName = (text: string): boolean => text.length <= 253 && text.split('.').every(label => /^[a-z\d_](?:[a-z\d_-]{0,61}[a-z\d_])?$/i.test(label));

/** @throws ClocheError where nobody could ask for it */
export const requireAlias = (alias: string): void => {
	if (!isHostName(alias)) {
		throw new ClocheError('not a name for a network', {where: alias, remedy: 'use letters, digits, - and _, 63 at most between dots'});
	}
};

export const hostPath = (directory: string, host: string): string => `${registryDirectory(directory)}/${host}`;

export const namePath = (directory: string, host: string, address: string): string => `${hostPath(directory, host)}/${address}`;

/** Have a name lead to an address. Its directory may vanish before it has an entry, since {@link sweepHosts} removes empty ones. */
export const addName = (directory: string, host: string, address: string, id: string): void => {
	for (;;) {
		try {
			symlinkSync(id, namePath(directory, host, address));
			return;
		} catch (error) {
			if (isErrno(error, 'EEXIST')) {
				return;
			}

			if (!isErrno(error, 'ENOENT')) {
				throw error;
			}
		}

		ignoring(['EEXIST'], () => {
			mkdirSync(hostPath(directory, host), {mode: 0o700});
		});
	}
};

/** Names that lead nowhere: rmdir(2) leaves those that somebody uses. */
export const sweepHosts = (directory: string): void => {
	for (const host of namesIn(registryDirectory(directory))) {
		ignoring(['ENOENT', 'ENOTEMPTY', 'EEXIST', 'ENOTDIR'], () => {
			rmdirSync(hostPath(directory, host));
		});
	}
};
