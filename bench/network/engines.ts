/** podman and docker with their bridges, where they are there. */

import {existsSync} from 'node:fs';
import {mkdir, rmdir, writeFile} from 'node:fs/promises';
import path from 'node:path';
import type {Scope} from '../../orchestrator/base/scope.js';
import type {Findings} from '../findings.js';
import {tryCommand} from '../spawn.js';
import type {Workshop} from '../workshop.js';

export interface Engine {
	id: string;
	argv: string[];
}

export const ENGINES = ['podman', 'docker'] as const;

/** In the names of the absent ones. */
export const bridgedId = (id: string): string => `${id} with its bridge`;

/** Where podman has the namespaces of its containers. */
const NAMESPACES = '/run/netns';

const withBridge = (argv: readonly string[]): string[] => argv.with(argv.indexOf('--network') + 1, 'bridge');

/** What a `podman run` that is ended leaves there is in memory, and seen by nobody else: this is a mount among the bench's own. */
const coverNamespaces = async (scope: Scope): Promise<void> => {
	if (!existsSync(NAMESPACES)) {
		await mkdir(NAMESPACES);
		scope.defer(async () => rmdir(NAMESPACES).catch(() => undefined)); // Somebody else's may be in it by then.
	}

	await tryCommand(['mount', '-t', 'tmpfs', 'tmpfs', NAMESPACES]);
	scope.defer(async () => tryCommand(['umount', '--lazy', NAMESPACES]));
};

/**
 * podman leaves its bridge and its rules behind, so it is run in a network namespace of the bench's own: it takes all of that along.
 * A file holds it, which is a mount among the bench's own mounts: even where the bench is killed, it goes.
 */
const enclose = async (argv: readonly string[], {run, scope}: Workshop): Promise<string[]> => {
	await coverNamespaces(scope);
	const file = path.join(run, 'podman.net');
	await writeFile(file, '');
	await tryCommand(['unshare', `--net=${file}`, 'ip', 'link', 'set', 'lo', 'up']);
	return ['nsenter', `--net=${file}`, ...argv];
};

/** Those of the peers that run with their bridges here; of each other one, why it doesn't goes to the absent. */
export const findEngines = async ({peers, absent}: Findings, workshop: Workshop): Promise<Engine[]> => {
	const engines: Engine[] = [];
	for (const id of ENGINES) {
		const peer = peers.find(candidate => candidate.id === id);
		if (peer !== undefined) {
			try {
				const argv = id === 'podman' ? await enclose(withBridge(peer.argv), workshop) : withBridge(peer.argv);
				await tryCommand(argv);
				engines.push({id, argv});
			} catch (error) {
				absent.push({id: bridgedId(id), why: error instanceof Error ? error.message : String(error)});
			}
		}
	}

	return engines;
};
