/**
 * A lab's definition: a whole topology, declared in one object. The library takes it as it is, the command reads it from a file.
 *
 *     {
 *     	networks: {front: {subnet: '10.1.0.0/24'}, back: {subnet: '10.2.0.0/24', internal: true}},
 *     	router: true,
 *     	containers: {
 *     		db: {image: 'host', command: ['redis-server'], networks: {back: {ip: '10.2.0.10'}}},
 *     		web: {image: 'busybox', command: ['httpd', '-f'], networks: ['front'], publish: 80},
 *     	},
 *     }
 */

import type {Many, NetworkOption, RunOptions} from '../options/run-options.js';

export interface LabNetwork {
	/** One of IPv4 and one of IPv6 at most; one of IPv4 is found where none is given. Labs may have the same ones. */
	subnet?: Many<string> | undefined;
	/** Its bridge's, and so the router's, address; the first of the subnet by default. */
	gateway?: Many<string> | undefined;
	/** A subnet of IPv6 is found, where none is given. */
	ipv6?: boolean | undefined;
	/** No way out, even where the lab has one. */
	internal?: boolean | undefined;
	/** Bytes; 1500 by default. */
	mtu?: number | undefined;
}

/** What a container is to have on one network. */
export type LabPlace = Omit<NetworkOption, 'name'>;

type Own = 'name' | 'network' | 'detach' | 'ip' | 'ip6' | 'macAddress' | 'networkAlias' | 'rm';

/** The options of `cloche run` as the library has them, and these. */
export interface LabContainer extends Omit<RunOptions, Own> {
	/** An image's name; or `rootfs` has a directory. */
	image?: string | undefined;
	/** Its command, word for word. */
	command?: readonly string[] | undefined;
	/** Those that it is on: eth0, eth1, … in that order. It may be left out where the lab has only one. */
	networks?: readonly string[] | Readonly<Record<string, LabPlace | null>> | undefined;
}

export interface LabDefinition {
	/** Of which its containers' and networks' names are made, `NAME-CONTAINER` and `NAME_NETWORK`; the library finds one where there is none. */
	name?: string | undefined;
	networks: Readonly<Record<string, LabNetwork | null>>;
	/** Between which of them packets are passed on, by their gateways: all of them (`true`), these, or none (the default). */
	router?: boolean | readonly string[] | undefined;
	/** A way out, by pasta; false by default. */
	outbound?: boolean | undefined;
	/** Started in this order. Each is reached by its name here. */
	containers?: Readonly<Record<string, LabContainer>> | undefined;
}
