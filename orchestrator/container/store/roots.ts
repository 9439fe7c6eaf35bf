/**
 * Where state lies.
 *
 *     DATA/containers/ID/   a container: record.json, its branches, exit.json when it has ended (docs/state.md)
 *     DATA/containers/ID    the same, a file: the record of one whose branch is in memory
 *     DATA/containers/ID.init  a link whose text tells its init
 *     DATA/memory/          where such a one mounts its branch, in its own mount namespace
 *     DATA/live/OWNER-ID    who answers for a container that runs or is being made or removed
 *     DATA/names/NAME/ID    a name and whose it is
 *     DATA/layers/          layers built or fetched
 *     RUN/ID/               sockets of a detached container
 */

import {chmodSync, mkdirSync} from 'node:fs';
import {userInfo} from 'node:os';
import {dirname, isAbsolute, join, resolve} from 'node:path';
import {isErrno} from '../../base/errors.js';

export interface StateRoots {
	/** What is to survive a reboot, and branches, which are too large for anything but a disk. */
	data: string;
	/** What isn't. */
	run: string;
}

export interface RootsFrom {
	/** The word of --root. */
	root?: string | undefined;
	env?: Readonly<Record<string, string | undefined>>;
	/** Effective. */
	uid?: number;
}

/** The basedir specification: "All paths must be absolute. […] consider the path invalid and ignore it." */
const absolute = (path: string | undefined): string | undefined => path !== undefined && isAbsolute(path) ? path : undefined;

/**
 * `--root DIR` or CLOCHE_ROOT have everything below DIR. Root has /var/lib and /run (Filesystem Hierarchy Standard 5.8, 3.15),
 * anyone else the XDG directories; where there is no XDG_RUNTIME_DIR (no login session: CI, cron), the run root is below the data root.
 */
export const stateRoots = ({root, env = process.env, uid = process.geteuid?.() ?? 0}: RootsFrom = {}): StateRoots => {
	const given = [root, env['CLOCHE_ROOT']].find(word => word !== undefined && word !== '');
	if (given !== undefined) {
		const data = resolve(given);
		return {data, run: join(data, 'run')};
	}

	if (uid === 0) {
		return {data: '/var/lib/cloche', run: '/run/cloche'};
	}

	const data = join(absolute(env['XDG_DATA_HOME']) ?? join(absolute(env['HOME']) ?? userInfo().homedir, '.local/share'), 'cloche');
	const run = absolute(env['XDG_RUNTIME_DIR']);
	return {data, run: run === undefined ? join(data, 'run') : join(run, 'cloche')};
};

export const containersDirectory = ({data}: StateRoots): string => `${data}/containers`;
export const containerDirectory = ({data}: StateRoots, id: string): string => `${data}/containers/${id}`;
/** Where a container mounts its branch in memory; each sees only its own. */
export const memoryDirectory = ({data}: StateRoots): string => `${data}/memory`;
export const liveDirectory = ({data}: StateRoots): string => `${data}/live`;
export const namesDirectory = ({data}: StateRoots): string => `${data}/names`;
export const layersCache = ({data}: StateRoots): string => `${data}/layers`;
export const runDirectory = ({run}: StateRoots, id: string): string => `${run}/${id}`;
/** Where the supervisor of a detached container listens. */
export const socketPath = (roots: StateRoots, id: string): string => `${runDirectory(roots, id)}/socket`;
/** What its last health check said. */
export const healthPath = (roots: StateRoots, id: string): string => `${runDirectory(roots, id)}/health.json`;
/** Its published ports. */
export const portsPath = (roots: StateRoots, id: string): string => `${runDirectory(roots, id)}/ports.json`;
/** A link to the FIFO that its supervisor holds open, where its bridges aren't this machine's (network/parent.ts). */
export const parentLink = (roots: StateRoots, id: string): string => `${runDirectory(roots, id)}/parent`;
/** Its log: 0.log, 1.log, … */
export const logDirectory = (roots: StateRoots, id: string): string => `${containerDirectory(roots, id)}/log`;
/** What happened to all containers, a JSON line each. */
export const eventsPath = ({data}: StateRoots): string => `${data}/events`;

/** What must not be seen inside a container. */
export const stateDirectories = ({data, run}: StateRoots): string[] => run.startsWith(`${data}/`) ? [data] : [data, run];

/** As `recursive` does, which takes a read-only file system for a missing directory (MKDirpSync in Node's node_file.cc). */
const makeWithParents = (directory: string): void => {
	try {
		mkdirSync(directory);
	} catch (error) {
		if (isErrno(error, 'ENOENT')) {
			makeWithParents(dirname(directory));
			makeWithParents(directory);
		} else if (!isErrno(error, 'EEXIST')) {
			throw error;
		}
	}
};

/**
 * Make the directories. Others may pass through to what they are let see (a container's user namespace maps ids that are
 * nobody's here, and overlayfs looks its branches up as one of them), but can't list anything.
 */
export const makeRoots = (roots: StateRoots): void => {
	makeWithParents(roots.data);
	// The live ones' last: whoever finds that directory takes it that all are there (makeClaim).
	for (const [directory, mode] of [[roots.data, 0o711], [containersDirectory(roots), 0o711], [memoryDirectory(roots), 0o711], [namesDirectory(roots), 0o700], [liveDirectory(roots), 0o700]] as const) {
		makeWithParents(directory);
		// Whatever the umask says. Several may be at it; all set the same.
		chmodSync(directory, mode);
	}
};
