/** The peers: the command of each that does the most like `cloche run busybox true`. */

import path from 'node:path';
import {makeBundle} from './bundle.js';
import {importImage, IMAGE} from './engines.js';
import {tryCommand} from './spawn.js';
import type {Workshop} from './workshop.js';

export interface Peer {
	id: string;
	/** As the table has it. */
	name: string;
	argv: string[];
	/** Runs at each turn: few of what is slow. */
	burst: number;
}

export interface Absent {
	id: string;
	why: string;
}

interface Kind extends Pick<Peer, 'id' | 'name' | 'burst'> {
	command: string;
	/** Makes what it needs, and gives its argv. */
	prepare: (workshop: Workshop) => Promise<string[]>;
}

const isRoot = process.geteuid?.() === 0;

const needRoot = (): void => {
	if (!isRoot) {
		throw new Error('compared only as root: what it keeps for a user can\'t be kept apart');
	}
};

const kinds: Kind[] = [
	{
		id: 'unshare', command: 'unshare', burst: 3, name: 'unshare -mpuinf --mount-proc (no root of its own)',
		prepare: async ({rootfs}) => Promise.resolve(['unshare', ...(isRoot ? [] : ['-r']), '-mpuinf', '--mount-proc', `${rootfs}/bin/busybox`, 'true']),
	},
	{
		id: 'bwrap', command: 'bwrap', burst: 3, name: 'bwrap --unshare-all (bind root, no union)',
		prepare: async ({rootfs}) => Promise.resolve(['bwrap', '--unshare-all', '--bind', rootfs, '/', '--proc', '/proc', '--dev', '/dev', 'true']),
	},
	{
		id: 'crun', command: 'crun', burst: 3, name: 'crun run, all namespaces, no cgroup (no union)',
		async prepare(workshop) {
			const bundle = await makeBundle('crun', false, workshop);
			return ['crun', '--root', path.join(workshop.run, 'crun'), '--cgroup-manager=disabled', 'run', '--bundle', bundle, 'b@'];
		},
	},
	{
		id: 'runc', command: 'runc', burst: 1, name: 'runc run (with its cgroup; no union)',
		async prepare(workshop) {
			const bundle = await makeBundle('runc', true, workshop);
			return ['runc', '--root', path.join(workshop.run, 'runc'), 'run', '--bundle', bundle, 'b@'];
		},
	},
	{
		id: 'podman', command: 'podman', burst: 1, name: 'podman run --rm --network none',
		async prepare(workshop) {
			needRoot();
			const podman = ['podman', '--root', path.join(workshop.disk, 'podman'), '--runroot', path.join(workshop.run, 'podman'), '--tmpdir', path.join(workshop.run, 'libpod'), '--cgroup-manager', 'cgroupfs'];
			await importImage(podman, workshop);
			// Its default limits are above what a confined root may ask for.
			return [...podman, 'run', '--rm', '--network', 'none', '--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1024:1024', IMAGE, 'true'];
		},
	},
	{
		id: 'docker', command: 'docker', burst: 1, name: 'docker run --rm --network none',
		async prepare(workshop) {
			await importImage(['docker'], workshop);
			return ['docker', 'run', '--rm', '--network', 'none', IMAGE, 'true'];
		},
	},
];

const isMissing = (error: unknown): boolean => error instanceof Error && error.cause instanceof Error && 'code' in error.cause && error.cause.code === 'ENOENT';

/** Those that are installed and run here, in the order of what they do; of each other one, why it doesn't. */
export const findPeers = async (workshop: Workshop): Promise<{peers: Peer[]; absent: Absent[]}> => {
	const peers: Peer[] = [];
	const absent: Absent[] = [];
	for (const {id, command, name, burst, prepare} of kinds) {
		try {
			await tryCommand([command, '--version']);
			const argv = await prepare(workshop);
			await tryCommand(argv);
			peers.push({id, name, argv, burst});
		} catch (error) {
			absent.push({id, why: isMissing(error) ? 'not installed' : error instanceof Error ? error.message : String(error)});
		}
	}

	return {peers, absent};
};
