/** Networks, as a test author holds them. */

import {refuseUnknown} from '../container/options/option-names.js';
import type {Many} from '../container/options/run-options.js';
import {containerName, networkRoots, tidyAndWarn} from '../container/store/networks.js';
import type {StateRoots} from '../container/store/roots.js';
import {newId} from '../base/id.js';
import {createNetwork} from '../network/create.js';
import {findNetwork, isNoSuchNetwork} from '../network/find.js';
import {removeNetwork} from '../network/remove.js';
import {type NetworkView, viewNetwork} from '../network/view.js';

export interface NetworkOptions {
	/** What containers ask for (`network: NAME`); one that nobody else has by default. */
	name?: string | undefined;
	/** One of IPv4 and one of IPv6 at most; one of IPv4 that is free where none is given. */
	subnet?: Many<string> | undefined;
	/** The bridge's own address; the first of its subnet by default. */
	gateway?: Many<string> | undefined;
	/** A subnet of IPv6, too. */
	ipv6?: boolean | undefined;
	/** No way out of it. */
	internal?: boolean | undefined;
	labels?: Readonly<Record<string, string>> | undefined;
	/** Bytes; 1500 by default. */
	mtu?: number | undefined;
	/** It stays when this process is gone; by default it goes with it, once nobody uses it any more. */
	keep?: boolean | undefined;
}

const NAMES = {name: true, subnet: true, gateway: true, ipv6: true, internal: true, labels: true, mtu: true, keep: true} satisfies Record<keyof NetworkOptions, true>;

/** Options that are lists on the command line. */
const listOf = (value: Many<string> | undefined): string[] => value === undefined ? [] : [value].flat();

/** Resolves when what has ended by now has given back all that it had. */
export type Settle = () => Promise<void>;

export class Network implements AsyncDisposable {
	/** What containers ask for: `cloche.run(…, {network: network.name})`. */
	readonly name: string;
	readonly id: string;
	readonly #roots: StateRoots;
	readonly #settle: Settle;

	/** Use {@link Cloche.createNetwork} or {@link Cloche.network}. */
	constructor(roots: StateRoots, {name, id}: {name: string; id: string}, settle: Settle) {
		this.#roots = roots;
		this.#settle = settle;
		this.name = name;
		this.id = id;
	}

	/** All that is known of it: docs/network.md. */
	async inspect(): Promise<NetworkView> {
		return Promise.resolve(viewNetwork(networkRoots(this.#roots), findNetwork(this.#roots, this.id), id => containerName(this.#roots, id)));
	}

	/**
	 * Remove it.
	 *
	 * @throws ClocheError where a container is on it
	 */
	async remove(): Promise<void> {
		await this.#settle();
		await removeNetwork(networkRoots(this.#roots), this.id, id => containerName(this.#roots, id) ?? id);
	}

	/** Removes it; one that is gone is fine. */
	async [Symbol.asyncDispose](): Promise<void> {
		try {
			await this.remove();
		} catch (error) {
			if (!isNoSuchNetwork(error)) {
				throw error;
			}
		}
	}
}

/** @throws ClocheError where it can't be had; nothing of it is left */
export const makeNetwork = async (roots: StateRoots, options: NetworkOptions, settle: Settle): Promise<Network> => {
	refuseUnknown(options, Object.keys(NAMES));
	const {name = `n${newId()}`, subnet, gateway, ipv6 = false, internal = false, labels = {}, mtu, keep = false} = options;
	await tidyAndWarn(roots); // One of that name may be that of a process which was killed.
	const {record, warnings} = await createNetwork(roots, {
		name, ipv6, internal, labels,
		subnets: listOf(subnet), gateways: listOf(gateway),
		...(mtu === undefined ? {} : {mtu}),
		owned: !keep,
	});
	for (const warning of warnings) {
		process.emitWarning(warning, 'ClocheWarning');
	}

	return new Network(roots, record, settle);
};
