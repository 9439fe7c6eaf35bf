/**
 * From a spec to a plan that can be launched: the image is found, the root laid out, the plan made; then, and not before,
 * the container's place on disk is claimed and its branches are made.
 */

import {newId} from '../base/id.js';
import type {ProcessIdentity} from '../base/process.js';
import type {Plan} from '../helper/plan.js';
import {type ResolvedImage, resolveImage, resolveRootfs} from '../image/resolve.js';
import {layOutRoot, type Root} from '../storage/root.js';
import {machineFacts} from './facts.js';
import {requireCommand, withImageDefaults} from './image-defaults.js';
import {makePlan} from './plan.js';
import {realSources} from './plan/volumes.js';
import {needsUserNamespace} from './plan/namespaces.js';
import type {ContainerSpec} from './spec.js';
import {createContainer, removalPaths, type StoredContainer} from './store/create.js';
import {removeContainer} from './store/keep.js';
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
}

const findImage = ({root}: ContainerSpec, roots: StateRoots): Promise<ResolvedImage> | ResolvedImage =>
	root.path === undefined ? resolveImage(root.image ?? '', layersCache(roots)) : resolveRootfs(root.path);

/**
 * Look everything up and decide everything; nothing is changed.
 *
 * @param commandFollows the command is told later, so there needn't be one yet
 */
export const designContainer = async (asked: ContainerSpec, roots: StateRoots, commandFollows = false): Promise<Design> => {
	const facts = machineFacts();
	const image = await findImage(asked, roots);
	const spec = withImageDefaults(asked, image);
	if (!commandFollows) {
		requireCommand(spec);
	}

	const id = newId();
	const keep = spec.name !== undefined && !spec.remove;
	const user = needsUserNamespace(spec, facts);
	const root = layOutRoot(
		{lowers: image.lowers, directory: containerDirectory(roots, id), keep, privileged: !user, attributes: ['nodev']},
		{dataRoot: roots.data, privileged: !user, wanted: spec.root.driver ?? process.env['CLOCHE_STORAGE'], branch: spec.root.branch, memoryDirectory: memoryDirectory(roots), hidden: stateDirectories(roots)},
	);
	const plan = makePlan({...spec, mounts: realSources(spec.mounts)}, facts, {id, root: root.operations, remove: [], host: image.host});
	return {id, spec, plan, image, root, keep, traversable: plan.userMap?.mappers !== undefined};
};

/**
 * Whether a kill of everything leaves nothing of it that could need removing: its branch and its mounts hang on its
 * namespaces, those on the anchor, and it has no name. Then it has to be on disk only to be found, not to be cleaned up.
 */
export const leavesNothing = ({keep, spec, root, plan}: Design): boolean => !keep && spec.name === undefined && root.inMemory && isLeashed(plan);

/** The anchor holds it: there is privilege, and a pid namespace (docs/architecture.md, "Who dies with whom"). */
export const isLeashed = ({userMap, namespaces}: Plan): boolean => userMap === undefined && namespaces.includes('pid');

/** Claim its place and write it down. */
export const writeDown = ({id, spec, image, root, keep, traversable}: Design, roots: StateRoots, owner: ProcessIdentity): StoredContainer => createContainer(roots, {
	id, owner, keep, traversable,
	branches: !root.inMemory,
	image: image.name,
	lowers: image.lowers,
	driver: root.driver.name,
	command: spec.process.args,
	...(spec.name === undefined ? {} : {name: spec.name}),
});

/** The same, then make its branches, and complete the plan with what is to be removed in the end. */
export const placeContainer = async (design: Design, roots: StateRoots, owner: ProcessIdentity): Promise<StoredContainer> => {
	const stored = writeDown(design, roots, owner);
	design.plan.remove = stored.remove;
	try {
		await design.root.prepare();
	} catch (error) {
		removeContainer(roots, stored.claim);
		throw error;
	}

	return stored;
};

/** The paths that would be removed, for `--explain`: the claim's name isn't known before there is a supervisor. */
export const foreseeRemoval = (design: Design, roots: StateRoots): string[] => design.keep || leavesNothing(design) ? [] : removalPaths(
	roots,
	{id: design.id, ...(design.spec.name === undefined ? {} : {name: design.spec.name})},
	{path: `${liveDirectory(roots)}/SUPERVISOR-${design.id}`, owner: {boot: '', pid: 0, start: 0}, id: design.id},
);
