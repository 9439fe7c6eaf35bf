/** What a plan depends on beside the spec: the machine, and where the container is put. Plain data, so a test can make them up. */

import type {CreateOp, Endpoint, Plan, Port, TargetProcess} from '../../helper/plan.js';
import type {SubordinateIds} from '../../host/subordinate.js';
import type {EtcPlaces} from './etc.js';

/** This machine, as far as plans differ by it. */
export interface Facts {
	/** Effective, of this process. */
	uid: number;
	gid: number;
	/** Root with all that it means: uid 0 of the initial user namespace, and CAP_SYS_ADMIN. */
	privileged: boolean;
	/** The capabilities that this process has, a mask: without a user namespace no container can have others. */
	capabilities: bigint;
	/** Ranges that /etc/subuid and /etc/subgid grant, and the programs that may write them into a map. */
	subordinate?: SubordinateIds | undefined;
	/** /sys/fs/cgroup is a cgroup2: no v1 hierarchy beside it. */
	unifiedCgroups: boolean;
	/** Whether a path of the host is there. */
	exists: (path: string) => boolean;
}

/** Where the container is put: what was claimed for it. */
export interface Placement {
	id: string;
	/** The operations that mount the root, one of them with `root: true`, and hide in it what is ours. */
	root: CreateOp[];
	/** Paths to remove once the container is gone. */
	remove: string[];
	/** The root shows the machine's own tree. */
	host: boolean;
	/** Where what is the container's own in /etc goes; none where the root has no /etc. */
	etc?: EtcPlaces | undefined;
	/** What it has of networks; without it, nothing but what its namespace has by itself. */
	wiring?: Wiring | undefined;
}

/** What a container has of networks. */
export interface Wiring {
	/** The network namespace that it shares, a path. */
	join?: string;
	endpoints: Endpoint[];
	/** Whose network namespace has the bridges, where that isn't this machine's own. */
	parent?: {keeper: TargetProcess; presence: string};
	/** What its resolver answers from; none without networks. */
	names?: Plan['names'];
	ports: Port[];
	/** The text of /etc/hosts, and of /etc/resolv.conf; the usual ones where they aren't set. */
	hosts?: string;
	resolv?: string;
}
