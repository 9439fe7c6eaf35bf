/** Starts a kept container again, as a detached one. */

import {describeError} from '../base/errors.js';
import {cgroupsFor, makeCgroups, removeCgroups} from '../host/cgroup.js';
import {ownIdentity, requireSupervisor} from './owner.js';
import {claimWiring, unclaimWiring} from './prepare.js';
import {redesign} from './restore.js';
import {serveDesign, type ServeOptions} from './serve.js';
import {forgetRun, readExit} from './store/exit.js';
import type {FoundContainer} from './store/find.js';
import {occupyContainer, releaseContainer} from './store/keep.js';
import {type ContainerRecord, writeRecord} from './store/record.js';
import type {StateRoots} from './store/roots.js';

/** That it couldn't be started is how its last run ended. */
const recordFailure = (roots: StateRoots, {id}: ContainerRecord, directory: string, error: unknown): void => {
	const claim = occupyContainer(roots, id, ownIdentity());
	const known = readExit(directory);
	releaseContainer(roots, claim, known === undefined ? {ended: new Date().toISOString(), error: describeError(error)} : undefined);
};

/**
 * Resolves when its command runs. If it throws, it is as it was, but for an exit record that tells why.
 *
 * @throws ClocheError where somebody uses it, or it can't be started
 */
export const startKept = async ({record, directory}: FoundContainer, options: ServeOptions): Promise<void> => {
	const {roots, supervisor} = options;
	const design = await redesign({record}, roots);
	// As `create --rm` has it: kept until it is started.
	const keep = !design.spec.remove;
	const owner = await requireSupervisor(supervisor, design.plan);
	const claim = occupyContainer(roots, record.id, owner);
	const progress = {launched: false};
	try {
		forgetRun(directory);
		// Those of another boot, or of whoever made it, may be others.
		const written = {...record, keep, detached: true, cgroups: cgroupsFor(record.id, roots.data)};
		writeRecord(directory, written);
		await claimWiring(design, roots, record.networks ?? {});
		if (design.claimed !== undefined) {
			Object.assign(written, {networks: design.claimed.addresses});
			writeRecord(directory, written);
		}

		makeCgroups(written.cgroups);
		await design.root.prepare();
		await serveDesign({...design, keep}, written, claim, {...options, onLaunched() {
			progress.launched = true; // From here on its supervisor gives back what it has of networks.
		}});
	} catch (error) {
		if (!progress.launched) {
			await unclaimWiring(design, roots);
		}

		await supervisor.close();
		removeCgroups(cgroupsFor(record.id, roots.data));
		if (keep) {
			recordFailure(roots, record, directory, error);
		}

		throw error;
	}
};
