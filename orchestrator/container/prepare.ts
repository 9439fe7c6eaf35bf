/**
 * From a spec to a plan that can be launched: the image is found, the root laid out, the plan made; then, and not before,
 * the container's place on disk is claimed and its branches are made.
 */

import {newId} from '../base/id.js';
import type {ProcessIdentity} from '../base/process.js';
import type {Plan} from '../helper/plan.js';
import {type ResolvedImage, resolveImage, resolveRootfs} from '../image/resolve.js';
import type {BranchPlace} from '../storage/memory.js';
import {layOutRoot, type Root} from '../storage/root.js';
import {findEtcPlaces} from './etc-places.js';
import {machineFacts} from './facts.js';
import {requireCommand, withImageDefaults} from './image-defaults.js';
import type {Claimed, Former} from './network/claim.js';
import {makePlan} from './plan.js';
import type {Wiring} from './plan/facts.js';
import {realSources} from './plan/volumes.js';
import {needsUserNamespace} from './plan/namespaces.js';
import {planRemoval} from './service.js';
import type {ContainerSpec} from './spec.js';
import {specToJson} from './spec-json.js';
import {createContainer, type NewContainer, removalPaths, type StoredContainer} from './store/create.js';
import {removeContainer} from './store/keep.js';
import type {ContainerRecord} from './store/record.js';
import {containerDirectory, layersCache, liveDirectory, memoryDirectory, stateDirectories, type StateRoots} from './store/roots.js';

/** A plan for a container that has no place yet. */
export interface Design {
	id: string;
	/** With the image's defaults. */
	spec: ContainerSpec;
	plan: Plan;
	image: ResolvedImage;
	root: Root;
	/** It outlives its run. */
	keep: boolean;
	/** Other ids than the caller's reach the branches. */
	traversable: boolean;
	/** What was claimed of networks. */
	claimed?: Claimed;
	/** The plan with what was claimed of networks; only that is added (container/network/claim.ts). */
	wire: (wiring: Wiring) => Plan;
}

const findImage = ({root}: ContainerSpec, roots: StateRoots): Promise<ResolvedImage> | ResolvedImage =>
	root.path === undefined ? resolveImage(root.image ?? '', layersCache(roots)) : resolveRootfs(root.path);

export interface DesignOptions {
	/** The command is told later, so there needn't be one yet. */
	commandFollows?: boolean;
	/** Of a container that is there: its id, the driver that has its branches, and whether it is kept. */
	again?: Pick<ContainerRecord, 'id' | 'driver' | 'keep'>;
}

/** A detached container is kept unless it is to be removed; in the foreground one needs a name for that. */
const isKept = ({name, detach, remove}: ContainerSpec): boolean => (name !== undefined || detach) && !remove;

/** What a detached one writes may be more than memory should hold for long. */
const branchOf = ({root, detach}: ContainerSpec): BranchPlace | undefined => root.branch ?? (detach ? 'disk' : undefined);

/** Look everything up and decide everything; nothing is changed. */
export const designContainer = async (asked: ContainerSpec, roots: StateRoots, {commandFollows = false, again}: DesignOptions = {}): Promise<Design> => {
	const facts = machineFacts();
	const image = await findImage(asked, roots);
	const spec = withImageDefaults(asked, image);
	if (!commandFollows) {
		requireCommand(spec);
	}

	const id = again?.id ?? newId();
	const keep = again?.keep ?? isKept(spec);
	const user = needsUserNamespace(spec, facts);
	const root = layOutRoot(
		{lowers: image.lowers, directory: containerDirectory(roots, id), keep, privileged: !user, attributes: ['nodev']},
		{dataRoot: roots.data, privileged: !user, wanted: again?.driver ?? spec.root.driver ?? process.env['CLOCHE_STORAGE'], branch: branchOf(spec), memoryDirectory: memoryDirectory(roots), hidden: stateDirectories(roots)},
	);
	const mounts = realSources(spec.mounts);
	// Who asked for nothing of networks gets the image's own files, and a start that costs nothing of it.
	const etc = spec.network === undefined ? undefined : findEtcPlaces({lowers: image.lowers, directory: memoryDirectory(roots), inMemory: root.inMemory, privileged: !user});
	const wire = (wiring?: Wiring): Plan => makePlan({...spec, mounts}, facts, {id, root: root.operations, remove: [], host: image.host, etc, wiring});
	const plan = wire();
	return {id, spec, plan, image, root, keep, traversable: plan.userMap?.mappers !== undefined, wire};
};

/**
 * Whether a kill of everything leaves nothing of it that could need removing: its branch and its mounts hang on its
 * namespaces, those on the anchor, and it has no name. Then it has to be on disk only to be found, not to be cleaned up.
 */
export const leavesNothing = (design: Design): boolean => isBrief(design) && design.spec.network === undefined;

/** The same, but for what it has of networks: nobody needs to hear of it unless it stays. */
export const isBrief = ({keep, spec, root, plan}: Design): boolean => !keep && spec.name === undefined && root.inMemory && isLeashed(plan);

/** The anchor holds it: there is privilege, and a pid namespace (docs/architecture.md, "Who dies with whom"). */
export const isLeashed = ({userMap, namespaces}: Plan): boolean => userMap === undefined && namespaces.includes('pid');

/** What is written down of it, but for whether it is kept. */
export const describeDesign = ({id, spec, image, root, traversable}: Design): Omit<NewContainer, 'owner' | 'keep'> => ({
	id, traversable,
	image: image.name,
	lowers: image.lowers,
	driver: root.driver.name,
	command: spec.process.args,
	...(spec.name === undefined ? {} : {name: spec.name}),
	...(Object.keys(spec.labels).length === 0 ? {} : {labels: spec.labels}),
	// The image's entrypoint stands in args by now.
	spec: specToJson({...spec, process: {...spec.process, entrypoint: []}}),
});

/** Claim its place and write it down. */
export const writeDown = (design: Design, roots: StateRoots, owner: ProcessIdentity): StoredContainer =>
	createContainer(roots, {...describeDesign(design), owner, keep: design.keep, branches: !design.root.inMemory});

/** Claim what it asks of networks, of which nothing is loaded where that is nothing. Nothing is left if it throws. */
export const claimWiring = async (design: Design, roots: StateRoots, former?: Former): Promise<void> => {
	if (design.spec.network !== undefined) {
		const {claimNetworks} = await import('./network/claim.js');
		const claimed = await claimNetworks(design, roots, former);
		Object.assign(design, claimed === undefined ? {} : {claimed});
	}
};

/** The opposite, where the helper doesn't see to it. */
export const unclaimWiring = async ({id, spec, claimed}: Pick<Design, 'id' | 'spec' | 'claimed'>, roots: StateRoots): Promise<void> => {
	claimed?.release();
	if (spec.network !== undefined) {
		const {unclaimNetworks} = await import('./network/claim.js');
		unclaimNetworks(roots, id);
	}
};

/** The same, then make its branches, and complete the plan with what is to be removed in the end. */
export const placeContainer = async (design: Design, roots: StateRoots, owner: ProcessIdentity): Promise<StoredContainer> => {
	const stored = writeDown(design, roots, owner);
	try {
		await claimWiring(design, roots);
		design.plan.remove = [...design.claimed?.remove ?? [], ...stored.remove];
		await design.root.prepare();
	} catch (error) {
		await unclaimWiring(design, roots);
		removeContainer(roots, stored.claim);
		throw error;
	}

	return stored;
};

/** The paths that would be removed, for `--explain`: the claim's name isn't known before there is a supervisor. */
export const foreseeRemoval = (design: Design, roots: StateRoots): string[] => {
	const {id, spec: {name, detach}, plan: {cgroups}, keep} = design;
	const record = {id, cgroups, ...(name === undefined ? {} : {name})};
	const claim = {path: `${liveDirectory(roots)}/SUPERVISOR-${id}`, owner: {boot: '', pid: 0, start: 0}, id};
	if (detach) {
		return planRemoval(record, claim, roots, !keep);
	}

	return keep || leavesNothing(design) ? [] : removalPaths(roots, record, claim);
};
