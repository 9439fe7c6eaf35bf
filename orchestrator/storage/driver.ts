/** What every storage driver is: branches in, plan operations for a root out. */

import type {CreateOp, MountAttribute} from '../helper/plan.js';

export type DriverName = 'aufs' | 'overlay' | 'copy';

/** What a container's root is to be made of. Paths are absolute and free of symbolic links. */
export interface RootRequest {
	/** The read-only branches, the topmost first. */
	lowers: readonly string[];
	/** The container's own directory, which exists (in memory: the directory that the memory is mounted on); the driver makes everything it needs inside it, so removing it removes all. */
	directory: string;
	/** The writable branch outlives the run. If not, it needn't survive a power cut either. */
	keep: boolean;
	/** The mounts are made by the machine's own root, not inside a new user namespace. */
	privileged: boolean;
	/**
	 * The writable branch lies in memory (`memory.ts`): mode and owner of the topmost branch, for its root directory.
	 * `layOutRoot` fills it in.
	 */
	memory?: {mode: number; uid: number; gid: number};
	/**
	 * The file system that the container's directory lies on, where a union can't write its branches to it (a container
	 * without volumes has only such a one). `layOutRoot` fills it in.
	 */
	unfit?: string;
	/** Attributes of the root mount. */
	attributes?: readonly MountAttribute[];
	/**
	 * What an ordinary user's root has to be put together from, where the only lower branch holds mounts; see `parts.ts`.
	 * `layOutRoot` fills it in.
	 */
	parts?: readonly Part[];
}

/** An entry of a lower branch that can't be mounted in one piece, and how it is shown. */
export type Part =
	| {name: string; show: 'symlink'; text: string}
	/** By an overlay of its own: readable through, writable above. */
	| {name: string; show: 'overlay'}
	/** As it is, read-only. */
	| {name: string; show: 'bind'; directory: boolean}
	/** Only its name, as an empty directory of this mode. */
	| {name: string; show: 'directory'; mode: number};

/** Where the branches will lie, as far as it matters to whether a driver can work at all. */
export interface Surroundings {
	/** The data root; it needn't exist yet. */
	dataRoot: string;
	privileged: boolean;
}

export interface StorageDriver {
	readonly name: DriverName;
	/** Why this kernel, this user or this place can't have it; `undefined` where nothing is known against it. Cheap: no mount is tried. */
	unavailable(surroundings: Surroundings): string | undefined;
	/** Why this driver can't carry these branches; `undefined` where it can. Reads nothing. */
	objection(request: RootRequest): string | undefined;
	/** The greatest number of lower branches. */
	readonly maximum: number;
	/** Make what the operations take for granted, inside `request.directory`. Synchronous where there is nothing to copy. */
	prepare(request: RootRequest): void | Promise<void>;
	/** The operations that make the root, on whose last mount `root` is set. Pure. */
	operations(request: RootRequest): CreateOp[];
}
