/**
 * The plan: what nsinit is asked to do, as plain data.
 *
 * A plan can be printed (`--explain`), compared in a test without root, and sent (`encode.ts`). Field by field it is
 * `helper-c/protocol.def`; docs/plan.md describes every operation.
 */

/** The namespaces of clone3(2). */
export type NamespaceName = 'mount' | 'uts' | 'ipc' | 'pid' | 'network' | 'user' | 'cgroup' | 'time';

/** Attributes of a mount, as in mount_setattr(2). */
export type MountAttribute = 'rdonly' | 'nosuid' | 'nodev' | 'noexec';

interface Common {
	/** One clause in words that teach: printed by `--explain` after the operation itself. */
	why?: string;
	/** The mount becomes the container's root: every later target is resolved inside it. */
	root?: boolean;
	/** What to make where the target is missing. */
	create?: 'directory' | 'file';
	/** A missing target is no error. */
	ifExists?: boolean;
	/** Refuse a symbolic link anywhere in the target. */
	noSymlinks?: boolean;
}

interface Owned {
	mode?: number;
	uid?: number;
	gid?: number;
}

/** A link to a bridge. Interface names have at most 15 bytes. */
export interface Endpoint {
	op: 'endpoint';
	/** Its end inside. */
	name: string;
	/** Its end outside. */
	peer: string;
	/** What the peer hangs on; on nothing where it isn't set. */
	bridge?: string;
	/** With prefixes: 10.89.0.2/24. */
	addresses: string[];
	/** Default routes; those of the link that was made first come first. */
	gateways?: string[];
	/** Six bytes in hex, with colons. */
	mac?: string;
	mtu?: number;
	/** A link outside that has the peer's name already is of one who is gone: it is deleted. */
	replace?: boolean;
}

/** An operation of CREATE: all that needs no knowledge of the command. */
export type CreateOp = Common & (
	| {op: 'propagation'; target: string}
	| {op: 'mount'; type: string; source?: string; target: string; options?: string[]; attributes?: MountAttribute[]; classic?: boolean; remount?: boolean}
	| {op: 'bind'; source: string; target: string; attributes?: MountAttribute[]; recursive?: boolean}
	| {op: 'overlay'; target: string; lowers: string[]; upper?: string; work?: string; options?: string[]; attributes?: MountAttribute[]}
	| {op: 'protect'; target: string; attributes: MountAttribute[]; recursive?: boolean}
	| {op: 'mask'; target: string}
	| {op: 'device'; target: string; major: number; minor: number; mode: number; block?: boolean}
	| {op: 'symlink'; target: string; text: string}
	| ({op: 'mkdir'; target: string} & Owned)
	| ({op: 'file'; target: string; data: Uint8Array | string} & Owned)
	| {op: 'pivot'}
	| {op: 'hostname'; name: string}
	| {op: 'domainname'; name: string}
	| {op: 'sysctl'; key: string; value: string}
	| {op: 'loopback'}
	| {op: 'time-offset'; monotonic?: bigint; boottime?: bigint}
	| {op: 'console'; target: string}
	| Endpoint
	| {op: 'link-delete'; name: string}
	| {op: 'resolver'; address: string}
);

/** An operation of START: what ends in exec. */
export type StartOp = {why?: string} & (
	| {op: 'rlimit'; resource: number; soft: bigint; hard: bigint}
	| {op: 'credentials'; uid?: number; gid?: number; groups?: number[]; user?: string}
	| {op: 'capabilities'; bounding: bigint; permitted: bigint; inheritable: bigint; ambient: bigint}
	| {op: 'no-new-privs'}
	| {op: 'seccomp'; program: Uint8Array}
	| {op: 'cwd'; target: string; create?: 'directory'}
	| {op: 'exec'; argv: string[]; env: string[]}
);

export type Op = CreateOp | StartOp;

/** A standard stream: the helper's own descriptor, nothing, a pipe whose end the orchestrator takes, or (with SERVE) the log and whoever is attached. */
export type Stream = number | 'null' | 'pipe' | 'served';

/** How ids inside map to ids outside: lines of user_namespaces(7). */
export interface IdMap {
	inside: number;
	outside: number;
	count: number;
}

/** A port of the container's that is reached from outside. */
export interface Port {
	protocol: 'tcp' | 'udp';
	/** Where it is reached, as numbers: of IPv4 or of IPv6. */
	address: string;
	/** The port there; 0: any that is free. Those that follow each other and ask for any, with one protocol and one port inside, at different addresses, get the same. */
	outside: number;
	inside: number;
}

export interface Plan {
	/** Namespaces to make. */
	namespaces: NamespaceName[];
	/** Namespace files to enter instead. */
	join: string[];
	/** Maps of a new user namespace; `mappers` are the paths of newuidmap and newgidmap where the kernel wants them. */
	userMap?: {uids: IdMap[]; gids: IdMap[]; denySetgroups: boolean; mappers?: {uid: string; gid: string}};
	streams: {stdin: Stream; stdout: Stream; stderr: Stream};
	/** A pty for the payload, relayed to stdin and stdout. */
	terminal: boolean;
	/** The first size of that pty. */
	size?: {rows: number; columns: number};
	/** nsinit stays as PID 1. */
	init: boolean;
	/** cgroup directories to enter. */
	cgroups: string[];
	/** Paths that are removed, tree and all, once the container is gone; in this order. */
	remove: string[];
	create: CreateOp[];
	start: StartOp[];
	/** JOIN: only these namespaces of the target; all where it isn't set. */
	enter?: NamespaceName[];
	/** What the operation `resolver` answers from. */
	names?: {
		/** A directory with a symbolic link for each network to its registry of names (docs/network.md). */
		directory?: string;
		/** Who is asked what isn't there: addresses, and `#PORT` unless that is 53. None: there are no other names. */
		servers: string[];
	};
	/** The process whose network namespace has the bridges, and below whose user namespace the container's is made; the helper itself where it isn't set. */
	parent?: TargetProcess;
	/** A FIFO, held open for writing until the container is gone. */
	presence?: string;
	/** Published ports; not of one that joins. */
	ports?: Port[];
	/** A program of this machine, a path, opened before any namespace is entered: exec runs it, whatever the root holds. */
	program?: string;
}

/** Who is joined where it is no container of the same supervisor. */
export interface TargetProcess {
	pid: number;
	/** Clock ticks since boot. */
	start: number;
}

/** SERVE: how the supervisor of a detached container keeps it. Durations in milliseconds, paths absolute. */
export interface Service {
	socket: string;
	log?: {directory: string; maxSize: number; maxFiles?: number};
	exitFile: string;
	initLink: string;
	/** The first part of the link's text: the boot. */
	boot: string;
	events?: {file: string; members: Readonly<Record<string, unknown>>};
	restart?: {when: 'on-failure' | 'always'; most?: number; backoff: number; backoffMost: number; steady: number};
	stopSignal: number;
	stopTimeout: number;
	/** How long it may run. */
	lifetime?: number;
	/** A plan that joins the container, run at each interval. */
	health?: {file: string; plan: Plan; interval: number; timeout: number; retries: number; startPeriod: number};
}
