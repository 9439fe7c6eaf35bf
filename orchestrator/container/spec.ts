/**
 * The spec: what a container is to be, normalised, whoever asked for it (the command line, the library, a bundle).
 *
 * The parts bear the names of the OCI runtime spec (config.md, config-linux.md) where it has them. Nothing in here knows
 * this machine: that a value can be had here is the plan's question.
 */

import type {Capability} from './options/capabilities.js';
import type {ResourceLimit} from './options/limits.js';
import type {SpecMount} from './options/mounts.js';
import type {Sysctl} from './options/sysctl.js';
import type {TimeOffsets} from './options/time-offset.js';

/** Private: a new one. Host: that of whoever runs Cloche. */
export type Sharing = 'private' | 'host';

/** Private: with nothing but lo, or with what {@link NetworkSpec} adds. Container: that of another container. */
export type NetworkSharing = Sharing | 'container';

/** The user namespace is decided by the machine unless it was asked for: without privilege there has to be one. */
export type UserSharing = Sharing | 'auto';

export interface SpecProcess {
	/** Words before the command, instead of the image's. */
	entrypoint?: string[];
	/** The command and its words; where it is empty and there is no entrypoint of the caller's, the image's command runs. */
	args: string[];
	/** `NAME=value`, each name once. */
	env: string[];
	/** An absolute path inside, made where it is missing; the image's where it is not set. */
	cwd?: string;
	/** `NAME|UID[:GROUP|GID]`, looked up inside; the image's where it is not set, else root without looking. */
	user?: string;
	/** A pty for 0, 1 and 2. */
	terminal: boolean;
	/** Bounding and permitted set; nothing is inheritable or ambient. */
	capabilities: Capability[];
	/** Those of them that were asked for one by one: without them it doesn't run. */
	required: Capability[];
	rlimits: ResourceLimit[];
	noNewPrivileges: boolean;
}

export interface ContainerSpec {
	/** What kept containers are called by; one without a name is removed at its end. */
	name?: string;
	/** Remove a named one at its end, too. */
	remove: boolean;
	/** The container's id where it is not set. */
	hostname?: string;
	domainname?: string;
	root: {
		/** An image's name, unless `path` is set. */
		image?: string;
		/** A directory of the host that is the lower branch. */
		path?: string;
		readonly: boolean;
		/** A storage driver's name; the best one where it is not set. */
		driver?: string;
		/** Where the writable branch lies; in memory where it is thrown away and that can be had. */
		branch?: 'memory' | 'disk';
	};
	process: SpecProcess;
	/** Beside the default ones; a mount at a default one's place replaces it. */
	mounts: SpecMount[];
	linux: {
		namespaces: {uts: Sharing; ipc: Sharing; pid: Sharing; network: NetworkSharing; cgroup: Sharing; user: UserSharing};
		/** A time namespace is made only for these. */
		timeOffsets?: TimeOffsets;
		sysctl: Sysctl[];
		/** A compiled filter. */
		seccomp?: Uint8Array;
	};
	/** Only where something was asked for. */
	network?: NetworkSpec;
	/** nsinit stays as PID 1, reaps and forwards. */
	init: boolean;
	/** The signal's number that asks the payload to end. */
	stopSignal: number;
	/** Milliseconds between asking and killing. */
	stopTimeout: number;
	/** Milliseconds that the payload may run. */
	timeout?: number;
	/** It outlives whoever starts it: its supervisor keeps a log and listens (docs/state.md). */
	detach: boolean;
	/** Its stdin is kept open. */
	interactive: boolean;
	/** Only a detached one is started again. */
	restart?: RestartPolicy;
	health?: HealthCheck;
	/** Of a detached one. */
	log?: LogOptions;
	labels: Record<string, string>;
}

/** One network that a container is on. */
export interface Attachment {
	network: string;
	/** More names on it. */
	aliases: string[];
	/** Addresses of its own; else the next free ones. */
	ip?: string;
	ip6?: string;
	/** Hardware address; else one made of its address. */
	mac?: string;
}

/** A port of the container's that is reached from outside. */
export interface PublishedPort {
	protocol: 'tcp' | 'udp';
	/** Of this machine; all of them where it isn't set. */
	address?: string;
	/** 0: whichever is free. */
	outside: number;
	inside: number;
}

/** A port that it serves. */
export type ExposedPort = Pick<PublishedPort, 'protocol' | 'inside'>;

/** A line of /etc/hosts; the address may be `host-gateway`, this machine as it is reached from inside. */
export interface HostEntry {
	name: string;
	address: string;
}

export interface NetworkSpec {
	/** In the order of its links: eth0, eth1, … */
	attachments: Attachment[];
	/** Whose network namespace it shares: a name or an id. */
	container?: string;
	ports: PublishedPort[];
	/** Those that it serves, published or not. */
	exposed: ExposedPort[];
	/** Name servers instead of the host's, domains and options of resolv.conf beside its. */
	dns: string[];
	dnsSearch: string[];
	dnsOptions: string[];
	hosts: HostEntry[];
}

export const noNetwork = (): NetworkSpec => ({attachments: [], ports: [], exposed: [], dns: [], dnsSearch: [], dnsOptions: [], hosts: []});

/** As docker run --restart. */
export interface RestartPolicy {
	policy: 'on-failure' | 'always' | 'unless-stopped';
	/** How often at most; only with on-failure. */
	most?: number;
}

/** As docker run --health-…; durations in milliseconds. */
export interface HealthCheck {
	/** argv; --health-cmd becomes /bin/sh -c. */
	command: string[];
	interval: number;
	timeout: number;
	retries: number;
	startPeriod: number;
}

export interface LogOptions {
	/** Bytes, after which a new file is begun. */
	maxSize: number;
	/** How many are kept; all where it isn't set, so that nothing is lost. */
	maxFiles?: number;
}

/** SIGTERM, as docker stop sends. */
export const DEFAULT_STOP_SIGNAL = 15;

/** Ten seconds, as docker stop waits. */
export const DEFAULT_STOP_TIMEOUT = 10_000;
