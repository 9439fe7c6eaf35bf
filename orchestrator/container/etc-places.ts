/** How files of /etc that are to be the container's own come into its root. */

import {lstatSync, readlinkSync, type Stats} from 'node:fs';
import {posix} from 'node:path';
import type {EtcName, EtcPlaces} from './plan/etc.js';

const NAMES: readonly EtcName[] = ['hosts', 'hostname', 'resolv.conf'];

const look = (path: string): Stats | undefined => {
	try {
		return lstatSync(path, {throwIfNoEntry: false});
	} catch {
		return undefined; // Something else in the place of a directory; then there is nothing for us there.
	}
};

interface Found {
	lower: string;
	status: Stats;
}

const findIn = (lowers: readonly string[], path: string): Found | undefined => {
	for (const lower of lowers) {
		const status = look(`${lower}${path}`);
		if (status !== undefined) {
			return {lower, status};
		}
	}

	return undefined;
};

/**
 * A link leads to where the file is to be, which may be made; where there is a directory, a device or a socket, that stays. Whatever
 * this says, the helper resolves the place inside the root.
 */
const targetOf = (name: EtcName, found: Found | undefined): string | undefined => {
	const path = `/etc/${name}`;
	if (found === undefined || found.status.isFile()) {
		return path;
	}

	return found.status.isSymbolicLink() ? posix.resolve('/etc', readlinkSync(`${found.lower}${path}`)) : undefined;
};

export interface EtcRequest {
	/** The root's branches, the topmost first. */
	lowers: readonly string[];
	/** A directory of this machine over which a container can mount. */
	directory: string;
	/** Where the writable branch is in memory there. */
	inMemory: boolean;
	/** Files can be given owners. */
	privileged: boolean;
}

/** `undefined` where the root has no /etc. */
export const findEtcPlaces = ({lowers, directory, inMemory, privileged}: EtcRequest): EtcPlaces | undefined => {
	const roots = lowers.map(lower => lower === '/' ? '' : lower);
	const etc = findIn(roots, '/etc')?.status;
	if (etc?.isDirectory() !== true) {
		return undefined;
	}

	if (inMemory) {
		const {mode, uid, gid} = etc;
		return {kind: 'branch', directory: `${directory}/upper/etc`, mode: mode & 0o7777, ...(privileged ? {uid, gid} : {})};
	}

	return {kind: 'mount', directory, targets: Object.fromEntries(NAMES.flatMap(name => {
		const target = targetOf(name, findIn(roots, `/etc/${name}`));
		return target === undefined ? [] : [[name, target]];
	}))};
};
