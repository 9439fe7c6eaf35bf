/** A lab as a test author holds it: its containers end with this process, and its networks with them. */

import {newId} from '../base/id.js';
import type {LabDefinition} from '../container/lab/definition.js';
import {createNetworks, removeNetworks} from '../container/lab/networks.js';
import {readLab} from '../container/lab/read.js';
import type {RunOptions} from '../container/options/run-options.js';
import type {StateRoots} from '../container/store/roots.js';
import type {ContainerProcess} from './container-process.js';
import type {Settle} from './network.js';

/** Starts a container of this process's own. */
export type Start = (image: string | undefined, command: readonly string[], options: RunOptions) => ContainerProcess;

/** @typeParam Names of its containers */
export class Lab<Names extends string = string> implements AsyncDisposable {
	readonly name: string;
	/** By the names of its definition; each is as what `cloche.run` returns, and what it ends with is no error. */
	readonly containers: Readonly<Record<Names, ContainerProcess>>;
	/** What its networks are called: `cloche.run(…, {network: lab.networks.front})` joins one. */
	readonly networks: Readonly<Record<string, string>>;
	readonly #roots: StateRoots;
	readonly #settle: Settle;

	/** Use {@link Cloche.lab}. */
	constructor(roots: StateRoots, {name, containers, networks}: Pick<Lab<Names>, 'name' | 'containers' | 'networks'>, settle: Settle) {
		this.#roots = roots;
		this.#settle = settle;
		this.name = name;
		this.containers = containers;
		this.networks = networks;
	}

	/** Kills its containers and removes its networks; resolves when nothing is left of it. */
	async [Symbol.asyncDispose](): Promise<void> {
		const ends = await Promise.allSettled(Object.values<ContainerProcess>(this.containers).map(async container => container[Symbol.asyncDispose]()));
		await this.#settle(); // One from outside may have ended just now.
		await removeNetworks(this.#roots, this.name);
		const failed = ends.find(end => end.status === 'rejected');
		if (failed !== undefined) {
			throw failed.reason;
		}
	}
}

/**
 * All of it, or nothing.
 *
 * @throws ClocheError where the definition is wrong, or something of it can't be had
 */
export const startLab = async <Names extends string>(roots: StateRoots, definition: LabDefinition, start: Start, settle: Settle): Promise<Lab<Names>> => {
	const lab = readLab(definition, `lab-${newId()}`);
	await createNetworks(roots, lab, {owned: true});
	const containers: Record<string, ContainerProcess> = {};
	const made = new Lab<Names>(roots, {
		name: lab.name,
		// Each of the definition's by the time that anybody gets this.
		containers: containers as Record<Names, ContainerProcess>,
		networks: Object.fromEntries([...lab.networks].map(([name, {name: called}]) => [name, called])),
	}, settle);
	try {
		for (const {name, image, command, options} of lab.members) {
			const container = start(image, command, {...options, rm: true});
			containers[name] = container;
			await container.pid();
		}
	} catch (error) {
		await made[Symbol.asyncDispose]().catch(() => undefined); // Why it didn't come up is what counts.
		throw error;
	}

	return made;
};
