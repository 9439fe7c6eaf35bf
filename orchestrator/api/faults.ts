/** Faults of networks, as a test makes them. */

import {durationText} from '../container/normalize-life.js';
import {type HarmWords, readHarm} from '../container/options/degradation.js';
import {refuseUnknown} from '../container/options/option-names.js';
import type {Duration} from '../container/options/run-options.js';
import type {StateRoots} from '../container/store/roots.js';
import {type FaultView, viewFaults} from '../network/faults/words.js';

/** A container: what `cloche.start` returned, or its id or name. */
export type Named = string | {readonly id: string};

export interface DegradeOptions {
	/** Packets that are lost, of those sent and of those received: `'10%'`. */
	loss?: string | undefined;
	/** What is sent arrives so much later. It takes a kernel with netem. */
	delay?: Duration | undefined;
	/** … give or take. */
	jitter?: Duration | undefined;
	/** `'1mbit'`: what is sent waits, what is received beyond it is lost. */
	rate?: string | undefined;
	/** Only on the way to this container, and from it. */
	to?: Named | undefined;
	/** Only on this network. */
	network?: string | undefined;
}

const NAMES = {loss: true, delay: true, jitter: true, rate: true, to: true, network: true} satisfies Record<keyof DegradeOptions, true>;

const wordOf = (named: Named): string => typeof named === 'string' ? named : named.id;

/** What `cloche.faults` is. Each fault lies in a container's own network namespace, and ends with it. */
export class Faults {
	readonly #roots: StateRoots;

	constructor(roots: StateRoots) {
		this.#roots = roots;
	}

	/** No packet gets from one to the other any more. */
	async partition(one: Named, other: Named): Promise<void> {
		const {partitionContainers} = await import('../container/faults.js');
		await partitionContainers(this.#roots, wordOf(one), wordOf(other));
	}

	/** No packet gets into it or out of it any more. */
	async isolate(container: Named): Promise<void> {
		const {isolateContainer} = await import('../container/faults.js');
		await isolateContainer(this.#roots, wordOf(container));
	}

	/**
	 * Make its links worse; what was wrong with them stays so.
	 *
	 * @example await cloche.faults.degrade(db, {loss: '10%', rate: '1mbit'});
	 */
	async degrade(container: Named, options: DegradeOptions): Promise<void> {
		refuseUnknown(options, Object.keys(NAMES));
		const {loss, rate, delay, jitter, to, network} = options;
		const words: HarmWords = {loss, rate, delay: durationText(delay), jitter: durationText(jitter)};
		const harm = readHarm(words, String);
		const {degradeContainer} = await import('../container/faults.js');
		await degradeContainer(this.#roots, wordOf(container), harm, {to: to === undefined ? undefined : wordOf(to), network});
	}

	/** Take all faults of these containers away; without any, those of all. */
	async heal(...containers: readonly Named[]): Promise<void> {
		const {healAll, healContainers} = await import('../container/faults.js');
		await (containers.length === 0 ? healAll(this.#roots) : healContainers(this.#roots, containers.map(one => wordOf(one))));
	}

	/** What is wrong at present, by the container's id, as the kernel tells of it. */
	async list(): Promise<Map<string, FaultView[]>> {
		const {listFaults} = await import('../container/faults.js');
		return new Map((await listFaults(this.#roots)).map(({id, faults, links}) => [id, viewFaults(faults, links)]));
	}
}
