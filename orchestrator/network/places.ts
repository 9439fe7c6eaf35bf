/**
 * Where the state of networks lies.
 *
 *     DATA/networks/NAME/network.json         what it is (version 1)
 *     DATA/networks/NAME/ready                link whose text is the boot in which its bridge and rules were made
 *     DATA/networks/NAME/leases/ADDRESS       link whose text is the container's id: an address, and whose it is
 *     DATA/networks/NAME/names/HOST/ADDRESS   the same: a name in lower case, and where it leads
 *     DATA/networks/NAME/last4, last6         link whose text is the address given last
 *     DATA/networks/.joined/ID/NAME           a container that joined while it ran: gc frees its addresses
 *     DATA/networks/.unfinished               somebody changes networks, or was killed at it
 *     DATA/networks/.parents/NAME.KEEPER      FIFO: a parent namespace, by the process that keeps it; whoever needs that has it open
 *     DATA/networks/.owners/PROCESS           a process that has made networks for itself; they go when it is gone
 *     RUN/ID/networks/NAME                    link to DATA/networks/NAME/names, for a container's resolver
 *
 * A network without `leases` isn't there: it is being made or removed, or whoever did that was killed.
 */

import {readdirSync, readlinkSync} from 'node:fs';
import {isErrno} from '../base/errors.js';
import {isPrivileged} from '../host/privilege.js';

export interface NetworkRoots {
	readonly data: string;
	readonly run: string;
	/** Ids of containers that somebody answers for; an abandoned claim counts until it is dealt with. */
	readonly claimed: () => ReadonlySet<string>;
	/** Deal with abandoned claims: what survived its owner is killed. */
	readonly settle: () => void;
}

type DataRoot = Pick<NetworkRoots, 'data'>;

export const networksDirectory = ({data}: DataRoot): string => `${data}/networks`;
export const networkDirectory = ({data}: DataRoot, name: string): string => `${data}/networks/${name}`;
export const recordPath = (directory: string): string => `${directory}/network.json`;
export const readyPath = (directory: string): string => `${directory}/ready`;
export const leasesDirectory = (directory: string): string => `${directory}/leases`;
export const registryDirectory = (directory: string): string => `${directory}/names`;
export const lastPath = (directory: string): string => `${directory}/last`;
export const unfinishedPath = ({data}: DataRoot): string => `${data}/networks/.unfinished`;
/** Containers that joined a network while they ran. Their helper doesn't know of that, and removes nothing of it in the end. */
export const joinedDirectory = ({data}: DataRoot): string => `${data}/networks/.joined`;
export const joinedPath = ({data}: DataRoot, id: string, name: string): string => `${data}/networks/.joined/${id}/${name}`;
/** Network namespaces, other than this machine's, that networks lie in (parent.ts). */
export const parentsDirectory = ({data}: DataRoot): string => `${data}/networks/.parents`;
/** Processes that have made networks for themselves: a file each, called by its identity. */
export const ownersDirectory = ({data}: DataRoot): string => `${data}/networks/.owners`;
/** What the resolver of a container looks names up in. */
export const memberships = ({run}: Pick<NetworkRoots, 'run'>, id: string): string => `${run}/${id}/networks`;

/** Whose turn it is to change networks: of root, on this machine, whatever the state root, since bridges, routes and rules are the machine's. */
export const turnPath = ({data}: DataRoot): string => isPrivileged() ? '/run/cloche-networks.turn' : `${data}/networks.turn`;

/** The names in a directory; none where there is no directory. */
export const namesIn = (directory: string): string[] => {
	try {
		return readdirSync(directory);
	} catch (error) {
		if (isErrno(error, 'ENOENT') || isErrno(error, 'ENOTDIR')) {
			return [];
		}

		throw error;
	}
};

/** The text of a symbolic link; `undefined` where there is none. */
export const linkText = (path: string): string | undefined => {
	try {
		return readlinkSync(path);
	} catch (error) {
		if (isErrno(error, 'ENOENT') || isErrno(error, 'ENOTDIR')) {
			return undefined;
		}

		throw error;
	}
};
