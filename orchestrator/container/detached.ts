/**
 * A new container that outlives whoever starts it, or waits to be started.
 *
 * Its maker answers for it until it is whole, beside its supervisor; it is kept only from then on (store/draft.ts). So a
 * maker that is killed leaves either one that runs, or nothing.
 */

import {cgroupsFor, makeCgroups, removeCgroups} from '../host/cgroup.js';
import {ownIdentity, requireSupervisor} from './owner.js';
import {claimWiring, describeDesign, type Design, unclaimWiring} from './prepare.js';
import {serveDesign, type ServeOptions} from './serve.js';
import {type Claim, dropClaim, makeClaim} from './store/claim.js';
import type {StoredContainer} from './store/create.js';
import {draftContainer, stageKept} from './store/draft.js';
import {appendEvent, subjectOf} from './store/events.js';
import {removeContainer} from './store/keep.js';
import type {ContainerRecord} from './store/record.js';
import {markOccupied} from './store/occupied.js';
import type {StateRoots} from './store/roots.js';

/** Nothing of it is left. */
const discard = (roots: StateRoots, {claim, record}: StoredContainer): void => {
	removeCgroups(record.cgroups ?? []);
	removeContainer(roots, claim);
	appendEvent(roots, 'destroy', subjectOf(record));
};

/** For its next start. */
export const noteAddresses = (record: ContainerRecord, {claimed}: Design): void => {
	Object.assign(record, claimed === undefined ? {} : {networks: claimed.addresses});
};

/** Write it down and make its branches. */
const makeDraft = async (design: Design, roots: StateRoots, cgroups: readonly string[] = []): Promise<StoredContainer> => {
	const stored = draftContainer(roots, {...describeDesign(design), detached: true, cgroups: [...cgroups]}, ownIdentity());
	appendEvent(roots, 'create', subjectOf(stored.record));
	try {
		makeCgroups(cgroups);
		await design.root.prepare();
	} catch (error) {
		discard(roots, stored);
		throw error;
	}

	return stored;
};

/**
 * Make it, and start nothing. Nothing is left if it throws.
 *
 * @throws ClocheError where its name is taken
 */
export const createDetached = async (design: Design, roots: StateRoots): Promise<{id: string}> => {
	const stored = await makeDraft(design, roots);
	try {
		stageKept(stored)();
	} catch (error) {
		discard(roots, stored);
		throw error;
	}

	dropClaim(stored.claim);
	return {id: design.id};
};

/**
 * Make it, start it, and leave it to its supervisor. Nothing is left if it throws.
 *
 * @throws ClocheError where its name is taken, or its command can't be run
 */
export const startDetached = async (design: Design, options: ServeOptions): Promise<{id: string}> => {
	const {roots, supervisor} = options;
	const owner = await requireSupervisor(supervisor, design.plan);
	const stored = await makeDraft(design, roots, cgroupsFor(design.id, roots.data));
	let claim: Claim | undefined;
	try {
		claim = makeClaim(roots, design.id, owner);
		if (claim !== undefined) {
			markOccupied(stored.directory, owner);
			await claimWiring(design, roots);
			noteAddresses(stored.record, design);
			const keep = design.keep ? stageKept(stored) : undefined;
			await serveDesign(design, stored.record, claim, options);
			keep?.();
		}
	} catch (error) {
		supervisor.kill();
		if (claim !== undefined) {
			dropClaim(claim);
		}

		await unclaimWiring(design, roots);
		discard(roots, stored);
		throw error;
	}

	dropClaim(stored.claim);
	return {id: design.id};
};
