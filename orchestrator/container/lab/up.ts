/** A lab of containers that outlive who started them. */

import {ClocheError} from '../../base/errors.js';
import type {LaunchOptions} from '../../helper/launch-options.js';
import type {Supervisor} from '../../helper/supervisor.js';
import {startDetached} from '../detached.js';
import {uptime} from '../facts.js';
import {normalizeOptions} from '../normalize.js';
import {designContainer} from '../prepare.js';
import {removeByForce} from '../remove.js';
import type {ContainerSpec} from '../spec.js';
import {listContainers} from '../store/find.js';
import type {StateRoots} from '../store/roots.js';
import {createNetworks, labNetworks, removeNetworks} from './networks.js';
import {type Lab, LAB_LABEL, type LabMember} from './read.js';

export interface UpOptions {
	/** What relative paths start from. */
	cwd: string;
	/** One that is to outlive us, for each container. */
	supervisor: () => Promise<Supervisor>;
	onWarning: LaunchOptions['onWarning'];
	/** Gives up, and takes back what has come up, with its reason. */
	signal: AbortSignal;
}

export interface Raised {
	/** What it is called. */
	name: string;
	id: string;
}

/** Each option is called by where it stands in the definition. */
const specOf = ({name, image, command, options}: LabMember, cwd: string): ContainerSpec =>
	normalizeOptions(image, command, {...options, detach: true}, {label: option => `containers.${name}.${option}`, cwd, env: process.env, uptime: uptime()});

/** Ids of a lab's containers. */
export const labContainers = (roots: StateRoots, lab: string): string[] =>
	listContainers(roots).containers.filter(({record}) => record.labels?.[LAB_LABEL] === lab).map(({record}) => record.id);

const removeContainers = async (roots: StateRoots, lab: string): Promise<number> => {
	const ids = labContainers(roots, lab);
	const ends = await Promise.allSettled(ids.map(async id => removeByForce(roots, id)));
	const failed = ends.find(end => end.status === 'rejected');
	if (failed !== undefined) {
		throw failed.reason;
	}

	return ids.length;
};

/**
 * Remove a lab: its containers, whether they run or not, then its networks.
 *
 * @throws ClocheError where there is none, or one from elsewhere is on its networks
 */
export const lowerLab = async (roots: StateRoots, lab: string): Promise<void> => {
	const networks = labNetworks(roots, lab).length;
	if (await removeContainers(roots, lab) + networks === 0) {
		throw new ClocheError('no such lab', {where: lab, remedy: 'cloche lab ls lists them'});
	}

	await removeNetworks(roots, lab);
};

/**
 * Make a lab's networks and start its containers, one after the other. All of it, or nothing.
 *
 * @throws ClocheError where there is such a lab already, or something of it can't be had
 */
export const raiseLab = async (roots: StateRoots, lab: Lab, {cwd, supervisor, onWarning, signal}: UpOptions): Promise<Raised[]> => {
	const specs = lab.members.map(member => specOf(member, cwd));
	await createNetworks(roots, lab);
	const raised: Raised[] = [];
	try {
		for (const spec of specs) {
			const design = await designContainer(spec, roots);
			const {id} = await startDetached(design, {roots, supervisor: await supervisor(), launch: {onWarning}});
			raised.push({name: spec.name ?? id, id});
			signal.throwIfAborted();
		}

		return raised;
	} catch (error) {
		// Why it didn't come up is what counts; what is left, lab down tells of. Nothing else that bears its label goes.
		await Promise.allSettled(raised.map(async ({id}) => removeByForce(roots, id)));
		await removeNetworks(roots, lab.name).catch(() => undefined);
		throw error;
	}
};
