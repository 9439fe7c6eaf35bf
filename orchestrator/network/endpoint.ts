/** What goes into {@link attach} and comes out of it (attach.ts). */

import type {HeldKeeper} from './parent.js';
import {linkText, namesIn, type NetworkRoots} from './places.js';

/** Who is to be on a network. */
export interface Member {
	/** Claimed (`live/`) by now, so that what it gets here is found when its owner is killed. A name on the network, too. */
	containerId: string;
	name?: string | undefined;
	/** More names on this network; several containers may share one. */
	aliases?: readonly string[] | undefined;
}

export interface Wanted {
	/** One of each family at most; else the next that is free. */
	ips?: readonly string[];
	/** `02:42:ac:11:00:02`; else one made of its address. */
	mac?: string;
	/** Whether the world is reached through this network; by default through the one that is its `eth0`. Never through an internal one. */
	defaultRoute?: boolean;
	/** It runs already, so that its helper won't remove what it gets here: gc does, at the next start after its end. */
	live?: boolean;
}

/** The operation ENDPOINT, in the words of the plan. */
export interface EndpointLink {
	/** Its name inside: `eth0`, `eth1`, … */
	link: string;
	/** The other end's name. */
	peer: string;
	bridge: string;
	/** With their prefixes. */
	addresses: string[];
	/** Where default routes lead; none, or one of each family. */
	gateways: string[];
	mac: Uint8Array;
	/** Bytes. */
	mtu: number;
}

export interface Endpoint {
	/** The network's name. */
	network: string;
	link: EndpointLink;
	/** NAMES: the directory with a link to each network's names. */
	names: string;
	/** What the helper is to remove in the end, before the container's claim. `RUN/ID` isn't among it. */
	remove: string[];
	/** Of the machine, where the network had to be made. */
	warnings: string[];
	/** Whether the world outside can be reached through it. */
	outside: boolean;
	/** Where the bridge is, if that isn't this machine's own network namespace: let go of when the container is there, which holds it then. */
	parent?: HeldKeeper;
}

/** Networks that a container is on. */
export const networksOf = (roots: Pick<NetworkRoots, 'run'>, id: string): string[] => {
	const directory = linksDirectory(roots, id);
	return namesIn(directory).flatMap(link => linkText(`${directory}/${link}`) ?? []);
};

/** Which of a container's links belongs to which network: `RUN/ID/links/eth0`, a symbolic link whose text is the network's name. */
export const linksDirectory = ({run}: Pick<NetworkRoots, 'run'>, id: string): string => `${run}/${id}/links`;
