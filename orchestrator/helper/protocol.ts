/**
 * The protocol between the orchestrator and nsinit, printed from helper-c/protocol.def by `make protocol`.
 * Never edited by hand: the checks fail when it is stale.
 */

/** The first 64 bits of protocol.def's sha256; HELLO carries the helper's, and a mismatch refuses to run. */
export const PROTOCOL_HASH = 0x949002e3528a665fn;

/** Limits, each with its reason. */
export const Limit = {
	/** execve(2) takes an argv and environment of at most a quarter of the stack limit, 2 MiB at the usual 8 MiB; half of that is past what commands use, and bounds what a peer can make the helper hold */
	PAYLOAD_IN: 1048576,
	/** an event is a few numbers and at most two paths of PATH_MAX */
	PAYLOAD_OUT: 65536,
	/** a command line that a shell expanded from thousands of file names fits; the field table, of which only what is used is ever touched, stays at half a MiB */
	FIELDS: 32768,
	/** one container or exec each; four descriptors for each stay under RLIMIT_NOFILE's usual hard limit */
	CHANNELS: 1024,
	/** PATH_MAX, its NUL included */
	PATH: 4096,
	/** who watches one container at once: a descriptor and a backlog for each */
	CLIENTS: 64,
	/** bytes of output kept for a client that reads slowly; what is past it is counted and dropped, so that nobody stops the payload */
	BACKLOG: 262144,
} as const;

/** Kinds of frames. */
export const Kind = {
	/** make a container: namespaces, id maps, streams, then the operations that build its root; the init then waits for START */
	CREATE: 1,
	/** the operations that end in exec: user, limits, capabilities, environment, argv; may be sent at once after CREATE */
	START: 2,
	/** send a signal to the container's init through its pidfd */
	SIGNAL: 3,
	/** set the size of the container's terminal */
	RESIZE: 4,
	/** go on after HELD */
	RESUME: 5,
	/** like CREATE, but the process enters the namespaces of the container on channel TARGET_CHANNEL, or of process TARGET_PID (exec), and ends with it */
	JOIN: 6,
	/** before CREATE, on its channel: keep that container's log, exit record and socket, start it again, check its health */
	SERVE: 7,
	/** on channel 0: from here on the end of the control socket ends nothing */
	DETACH: 8,
	/** end the container for good: SIGNAL, after TIMEOUT SIGKILL; without SIGNAL at once. A signal that process 1 can't receive isn't waited for */
	STOP: 9,
	/** from a client: OUTPUT from here on */
	ATTACH: 10,
	/** from a client: DATA for the container's stdin; without DATA its end */
	INPUT: 11,
	/** from a client: asks for REPORT */
	STATUS: 12,
	/** ENDPOINTs for the container on channel TARGET_CHANNEL, or of process TARGET_PID, which runs; on a free channel: CREATED or ERROR, then RELEASED */
	LINKS: 13,
	/** the first frame: HASH, VERSION, PID */
	HELLO: 64,
	/** piped streams are open in the helper under these numbers; take them from /proc/PID/fd, then send START, at which the helper closes its ends */
	STREAMS: 65,
	/** all operations of CREATE are done; PID is the init in the helper's pid namespace */
	CREATED: 66,
	/** the exec happened: the close-on-exec end of the init's socket closed */
	RUNNING: 67,
	/** something that doesn't end the container: STEP, INDEX, ERRNO, PATH, DETAIL */
	WARNING: 68,
	/** the container could not be made or started: STEP, INDEX, ERRNO, PATH, DETAIL; RELEASED follows. On channel 0: the peer broke the protocol, and the helper ends */
	ERROR: 69,
	/** the init ended: CODE or SIGNAL, and what the kernel accounted; AGAIN: it is started again */
	EXITED: 70,
	/** the container's mounts are gone, its REMOVE paths are removed, the channel number is free: always the last frame of a channel */
	RELEASED: 71,
	/** with TRACE: operation INDEX of phase STEP took NANOSECONDS */
	TRACED: 72,
	/** with HOLD: the init stands before operation INDEX and waits for RESUME */
	HELD: 73,
	/** to an attached client: DATA of STREAM 1 or 2 (0: neither, only LOST), before which LOST bytes were dropped, since the client was slow */
	OUTPUT: 74,
	/** the answer to STATUS: PID while there is an init, RESTARTS, LOST bytes of the log */
	REPORT: 75,
	/** before CREATED, where PORT was given: the sockets outside are bound, and each PORT has its real number */
	PUBLISHED: 76,
	/** from an init to its supervisor alone, with the two sockets of RESOLVER */
	LISTENING: 77,
} as const;
export type Kind = (typeof Kind)[keyof typeof Kind];

export interface KindEntry {
	readonly name: keyof typeof Kind;
	/** As the helper sees it. */
	readonly direction: 'in' | 'out';
}

/** Every kind by its number. */
export const kindTable: Readonly<Record<Kind, KindEntry>> = {
	[Kind.CREATE]: {name: 'CREATE', direction: 'in'},
	[Kind.START]: {name: 'START', direction: 'in'},
	[Kind.SIGNAL]: {name: 'SIGNAL', direction: 'in'},
	[Kind.RESIZE]: {name: 'RESIZE', direction: 'in'},
	[Kind.RESUME]: {name: 'RESUME', direction: 'in'},
	[Kind.JOIN]: {name: 'JOIN', direction: 'in'},
	[Kind.SERVE]: {name: 'SERVE', direction: 'in'},
	[Kind.DETACH]: {name: 'DETACH', direction: 'in'},
	[Kind.STOP]: {name: 'STOP', direction: 'in'},
	[Kind.ATTACH]: {name: 'ATTACH', direction: 'in'},
	[Kind.INPUT]: {name: 'INPUT', direction: 'in'},
	[Kind.STATUS]: {name: 'STATUS', direction: 'in'},
	[Kind.LINKS]: {name: 'LINKS', direction: 'in'},
	[Kind.HELLO]: {name: 'HELLO', direction: 'out'},
	[Kind.STREAMS]: {name: 'STREAMS', direction: 'out'},
	[Kind.CREATED]: {name: 'CREATED', direction: 'out'},
	[Kind.RUNNING]: {name: 'RUNNING', direction: 'out'},
	[Kind.WARNING]: {name: 'WARNING', direction: 'out'},
	[Kind.ERROR]: {name: 'ERROR', direction: 'out'},
	[Kind.EXITED]: {name: 'EXITED', direction: 'out'},
	[Kind.RELEASED]: {name: 'RELEASED', direction: 'out'},
	[Kind.TRACED]: {name: 'TRACED', direction: 'out'},
	[Kind.HELD]: {name: 'HELD', direction: 'out'},
	[Kind.OUTPUT]: {name: 'OUTPUT', direction: 'out'},
	[Kind.REPORT]: {name: 'REPORT', direction: 'out'},
	[Kind.PUBLISHED]: {name: 'PUBLISHED', direction: 'out'},
	[Kind.LISTENING]: {name: 'LISTENING', direction: 'out'},
};

/** Tags of fields. */
export const Tag = {
	/** begins an operation */
	OP: 1,
	/** where: inside the root once there is one, else on the host */
	TARGET: 2,
	/** a path on the host, or a mount's source */
	SOURCE: 3,
	/** a file system type, as in /proc/filesystems */
	FSTYPE: 4,
	/** a mount option, key or key=value */
	OPTION: 5,
	/** a small file's content, or a seccomp program (struct sock_filter) */
	DATA: 6,
	/** mount attributes, a mask of ATTR_* */
	ATTR: 7,
	/** a mask of FLAG_* */
	FLAGS: 8,
	/** a read-only branch, the topmost first */
	LOWER: 9,
	/** the writable branch */
	UPPER: 10,
	/** overlay's work directory */
	WORK: 11,
	/** permission bits */
	MODE: 12,
	/** major << 32 | minor */
	DEVICE: 13,
	/** a link's text, a name, a sysctl's value */
	VALUE: 14,
	/** a uid inside */
	UID: 15,
	/** a gid inside */
	GID: 16,
	/** a supplementary gid inside */
	GROUP: 17,
	/** user[:group], names or numbers, looked up in the root's /etc/passwd and /etc/group */
	USER: 18,
	/** a word of argv */
	ARG: 19,
	/** NAME=value */
	ENV: 20,
	/** an RLIMIT_ number */
	RESOURCE: 21,
	/** the soft limit */
	SOFT: 22,
	/** the hard limit */
	HARD: 23,
	/** a capability mask */
	BOUNDING: 24,
	/** a capability mask, effective too */
	PERMITTED: 25,
	/** a capability mask */
	INHERITABLE: 26,
	/** a capability mask */
	AMBIENT: 27,
	/** nanoseconds */
	MONOTONIC: 28,
	/** nanoseconds */
	BOOTTIME: 29,
	/** CLONE_NEW* flags of clone3 */
	NAMESPACES: 30,
	/** a namespace file to enter (setns tells its type) */
	JOIN_NAMESPACE: 31,
	/** lines for /proc/PID/uid_map */
	UID_MAP: 32,
	/** lines for /proc/PID/gid_map */
	GID_MAP: 33,
	/** newuidmap, where the map needs it */
	UID_MAPPER: 34,
	/** newgidmap, where the map needs it */
	GID_MAPPER: 35,
	/** write deny to /proc/PID/setgroups first (user_namespaces(7)) */
	DENY_SETGROUPS: 36,
	/** a descriptor of the helper, or STREAM_* */
	STDIN: 37,
	/** a descriptor of the helper, or STREAM_* */
	STDOUT: 38,
	/** a descriptor of the helper, or STREAM_* */
	STDERR: 39,
	/** a pty for 0, 1 and 2; the helper relays it to STDIN and STDOUT */
	TERMINAL: 40,
	/** stay as PID 1: reap, forward signals, exit as the payload does */
	INIT: 41,
	/** report each operation's time */
	TRACE: 42,
	/** stop before this operation (counted through CREATE and START) and send HELD */
	HOLD: 43,
	/** a path to remove, tree and all, once the container is gone */
	REMOVE: 44,
	/** kernel features to do without, a mask of FORGO_*: the fallbacks' test switch */
	FORGO: 45,
	/** a cgroup directory: v2 by clone3, v1 by its cgroup.procs before anything else runs */
	CGROUP: 46,
	/** the channel whose container is joined */
	TARGET_CHANNEL: 47,
	/** a signal's number */
	SIGNAL: 48,
	/** lines of a terminal */
	ROWS: 49,
	/** columns of a terminal */
	COLUMNS: 50,
	/** of protocol.def */
	HASH: 51,
	/** of the helper */
	VERSION: 52,
	/** a process id in the helper's pid namespace */
	PID: 53,
	/** a STEP_* */
	STEP: 54,
	/** an operation's place, counted through CREATE and START */
	INDEX: 55,
	/** an error number, 0 where none applies */
	ERRNO: 56,
	/** the path it happened at */
	PATH: 57,
	/** the system call, and what more is known */
	DETAIL: 58,
	/** an exit status */
	CODE: 59,
	/** microseconds */
	USER_TIME: 60,
	/** microseconds */
	SYSTEM_TIME: 61,
	/** KiB, the largest process */
	MAX_RSS: 62,
	/** a duration */
	NANOSECONDS: 63,
	/** the kernel's OOM killer ended a process of the container */
	OOM_KILLED: 64,
	/** bytes, the most that its cgroup held */
	MEMORY_PEAK: 65,
	/** by its restart policy it is started again */
	AGAIN: 66,
	/** 1: standard output, or a terminal's; 2: standard error */
	STREAM: 67,
	/** bytes that were dropped */
	LOST: 68,
	/** how often it was started again */
	RESTARTS: 69,
	/** a process of the container that is joined, in the helper's pid namespace */
	TARGET_PID: 70,
	/** its start time (proc_pid_stat(5), field 22), since a pid alone is reused */
	TARGET_START: 71,
	/** CLONE_NEW* flags: only these namespaces of the target; all where it isn't given */
	ENTER: 72,
	/** a program of this machine, opened before any namespace is entered: EXEC runs it, whatever the root holds */
	PROGRAM: 73,
	/** where to listen */
	SOCKET: 74,
	/** the log's directory: 0.log, 1.log, ... in the CRI format */
	LOG: 75,
	/** bytes, after which the next file is begun */
	LOG_SIZE: 76,
	/** how many files are kept; all where it isn't given */
	LOG_FILES: 77,
	/** where the exit record is written (docs/state.md) */
	EXIT_FILE: 78,
	/** a symbolic link whose text tells the init: BOOT-PID-START */
	INIT_LINK: 79,
	/** the first part of that text */
	BOOT: 80,
	/** a file to which a JSON line is appended at each turn */
	EVENTS: 81,
	/** JSON members that each such line has: who it is about */
	EVENT_FIELDS: 82,
	/** when to start it again: a RESTART_* */
	RESTART: 83,
	/** how often at most; without end where it isn't given */
	RESTART_MOST: 84,
	/** the wait before the first restart; each further one takes twice as long */
	BACKOFF: 85,
	/** the longest wait */
	BACKOFF_MOST: 86,
	/** who has run that long begins with the first wait again */
	STEADY: 87,
	/** between asking and killing */
	TIMEOUT: 88,
	/** how long it may run, then it is stopped by SIGNAL and TIMEOUT */
	LIFETIME: 89,
	/** where the health is written (docs/state.md) */
	HEALTH_FILE: 90,
	/** the health check: its JOIN and START frames, whole; channel and TARGET_CHANNEL are the supervisor's to fill */
	CHECK: 91,
	/** between the end of one check and the next */
	CHECK_INTERVAL: 92,
	/** after which a check is killed and has failed */
	CHECK_TIMEOUT: 93,
	/** how many failures in a row make it unhealthy */
	CHECK_RETRIES: 94,
	/** failures this early don't count */
	CHECK_START: 95,
	/** the name of an endpoint's end on the bridge's side */
	PEER: 96,
	/** the bridge's name; without it the peer hangs on none */
	BRIDGE: 97,
	/** an address, 10.89.0.2/24; without a prefix where the resolver listens */
	ADDRESS: 98,
	/** an address, to which the default route leads */
	GATEWAY: 99,
	/** six bytes */
	MAC: 100,
	/** bytes */
	MTU: 101,
	/** a process whose network namespace has the bridges, and below whose user namespace the container's is made; the helper itself where it isn't given */
	PARENT_PID: 102,
	/** a published port: tcp or udp, the address and the port outside, the port inside, with spaces between; 0 outside: any that is free */
	PORT: 103,
	/** a directory with one symbolic link for each network that the container is on, to its registry of names (docs/network.md) */
	NAMES: 104,
	/** an address, and #PORT unless that is 53: who is asked, from the helper's network namespace, what the registry doesn't know */
	NAMESERVER: 105,
	/** the parent's start time, as TARGET_START */
	PARENT_START: 106,
	/** a FIFO that is held open for writing until RELEASED: whoever reads it sees its end when nobody is left */
	PRESENCE: 107,
} as const;
export type Tag = (typeof Tag)[keyof typeof Tag];

/** What a field's bytes are. */
export type TagType = 'U32' | 'U64' | 'S64' | 'STR' | 'BYTES' | 'FLAG';

export interface TagEntry {
	readonly name: keyof typeof Tag;
	readonly type: TagType;
	/** May stand more than once. */
	readonly repeats: boolean;
}

/** Every tag by its number. */
export const tagTable: Readonly<Record<Tag, TagEntry>> = {
	[Tag.OP]: {name: 'OP', type: 'U32', repeats: true},
	[Tag.TARGET]: {name: 'TARGET', type: 'STR', repeats: false},
	[Tag.SOURCE]: {name: 'SOURCE', type: 'STR', repeats: false},
	[Tag.FSTYPE]: {name: 'FSTYPE', type: 'STR', repeats: false},
	[Tag.OPTION]: {name: 'OPTION', type: 'STR', repeats: true},
	[Tag.DATA]: {name: 'DATA', type: 'BYTES', repeats: false},
	[Tag.ATTR]: {name: 'ATTR', type: 'U32', repeats: false},
	[Tag.FLAGS]: {name: 'FLAGS', type: 'U32', repeats: false},
	[Tag.LOWER]: {name: 'LOWER', type: 'STR', repeats: true},
	[Tag.UPPER]: {name: 'UPPER', type: 'STR', repeats: false},
	[Tag.WORK]: {name: 'WORK', type: 'STR', repeats: false},
	[Tag.MODE]: {name: 'MODE', type: 'U32', repeats: false},
	[Tag.DEVICE]: {name: 'DEVICE', type: 'U64', repeats: false},
	[Tag.VALUE]: {name: 'VALUE', type: 'STR', repeats: false},
	[Tag.UID]: {name: 'UID', type: 'U32', repeats: false},
	[Tag.GID]: {name: 'GID', type: 'U32', repeats: false},
	[Tag.GROUP]: {name: 'GROUP', type: 'U32', repeats: true},
	[Tag.USER]: {name: 'USER', type: 'STR', repeats: false},
	[Tag.ARG]: {name: 'ARG', type: 'STR', repeats: true},
	[Tag.ENV]: {name: 'ENV', type: 'STR', repeats: true},
	[Tag.RESOURCE]: {name: 'RESOURCE', type: 'U32', repeats: false},
	[Tag.SOFT]: {name: 'SOFT', type: 'U64', repeats: false},
	[Tag.HARD]: {name: 'HARD', type: 'U64', repeats: false},
	[Tag.BOUNDING]: {name: 'BOUNDING', type: 'U64', repeats: false},
	[Tag.PERMITTED]: {name: 'PERMITTED', type: 'U64', repeats: false},
	[Tag.INHERITABLE]: {name: 'INHERITABLE', type: 'U64', repeats: false},
	[Tag.AMBIENT]: {name: 'AMBIENT', type: 'U64', repeats: false},
	[Tag.MONOTONIC]: {name: 'MONOTONIC', type: 'S64', repeats: false},
	[Tag.BOOTTIME]: {name: 'BOOTTIME', type: 'S64', repeats: false},
	[Tag.NAMESPACES]: {name: 'NAMESPACES', type: 'U64', repeats: false},
	[Tag.JOIN_NAMESPACE]: {name: 'JOIN_NAMESPACE', type: 'STR', repeats: true},
	[Tag.UID_MAP]: {name: 'UID_MAP', type: 'STR', repeats: false},
	[Tag.GID_MAP]: {name: 'GID_MAP', type: 'STR', repeats: false},
	[Tag.UID_MAPPER]: {name: 'UID_MAPPER', type: 'STR', repeats: false},
	[Tag.GID_MAPPER]: {name: 'GID_MAPPER', type: 'STR', repeats: false},
	[Tag.DENY_SETGROUPS]: {name: 'DENY_SETGROUPS', type: 'FLAG', repeats: false},
	[Tag.STDIN]: {name: 'STDIN', type: 'U32', repeats: false},
	[Tag.STDOUT]: {name: 'STDOUT', type: 'U32', repeats: false},
	[Tag.STDERR]: {name: 'STDERR', type: 'U32', repeats: false},
	[Tag.TERMINAL]: {name: 'TERMINAL', type: 'FLAG', repeats: false},
	[Tag.INIT]: {name: 'INIT', type: 'FLAG', repeats: false},
	[Tag.TRACE]: {name: 'TRACE', type: 'FLAG', repeats: false},
	[Tag.HOLD]: {name: 'HOLD', type: 'U32', repeats: false},
	[Tag.REMOVE]: {name: 'REMOVE', type: 'STR', repeats: true},
	[Tag.FORGO]: {name: 'FORGO', type: 'U32', repeats: false},
	[Tag.CGROUP]: {name: 'CGROUP', type: 'STR', repeats: true},
	[Tag.TARGET_CHANNEL]: {name: 'TARGET_CHANNEL', type: 'U32', repeats: false},
	[Tag.SIGNAL]: {name: 'SIGNAL', type: 'U32', repeats: false},
	[Tag.ROWS]: {name: 'ROWS', type: 'U32', repeats: false},
	[Tag.COLUMNS]: {name: 'COLUMNS', type: 'U32', repeats: false},
	[Tag.HASH]: {name: 'HASH', type: 'U64', repeats: false},
	[Tag.VERSION]: {name: 'VERSION', type: 'STR', repeats: false},
	[Tag.PID]: {name: 'PID', type: 'U32', repeats: false},
	[Tag.STEP]: {name: 'STEP', type: 'U32', repeats: false},
	[Tag.INDEX]: {name: 'INDEX', type: 'U32', repeats: false},
	[Tag.ERRNO]: {name: 'ERRNO', type: 'U32', repeats: false},
	[Tag.PATH]: {name: 'PATH', type: 'STR', repeats: false},
	[Tag.DETAIL]: {name: 'DETAIL', type: 'STR', repeats: false},
	[Tag.CODE]: {name: 'CODE', type: 'U32', repeats: false},
	[Tag.USER_TIME]: {name: 'USER_TIME', type: 'U64', repeats: false},
	[Tag.SYSTEM_TIME]: {name: 'SYSTEM_TIME', type: 'U64', repeats: false},
	[Tag.MAX_RSS]: {name: 'MAX_RSS', type: 'U64', repeats: false},
	[Tag.NANOSECONDS]: {name: 'NANOSECONDS', type: 'U64', repeats: false},
	[Tag.OOM_KILLED]: {name: 'OOM_KILLED', type: 'FLAG', repeats: false},
	[Tag.MEMORY_PEAK]: {name: 'MEMORY_PEAK', type: 'U64', repeats: false},
	[Tag.AGAIN]: {name: 'AGAIN', type: 'FLAG', repeats: false},
	[Tag.STREAM]: {name: 'STREAM', type: 'U32', repeats: false},
	[Tag.LOST]: {name: 'LOST', type: 'U64', repeats: false},
	[Tag.RESTARTS]: {name: 'RESTARTS', type: 'U32', repeats: false},
	[Tag.TARGET_PID]: {name: 'TARGET_PID', type: 'U32', repeats: false},
	[Tag.TARGET_START]: {name: 'TARGET_START', type: 'U64', repeats: false},
	[Tag.ENTER]: {name: 'ENTER', type: 'U64', repeats: false},
	[Tag.PROGRAM]: {name: 'PROGRAM', type: 'STR', repeats: false},
	[Tag.SOCKET]: {name: 'SOCKET', type: 'STR', repeats: false},
	[Tag.LOG]: {name: 'LOG', type: 'STR', repeats: false},
	[Tag.LOG_SIZE]: {name: 'LOG_SIZE', type: 'U64', repeats: false},
	[Tag.LOG_FILES]: {name: 'LOG_FILES', type: 'U32', repeats: false},
	[Tag.EXIT_FILE]: {name: 'EXIT_FILE', type: 'STR', repeats: false},
	[Tag.INIT_LINK]: {name: 'INIT_LINK', type: 'STR', repeats: false},
	[Tag.BOOT]: {name: 'BOOT', type: 'STR', repeats: false},
	[Tag.EVENTS]: {name: 'EVENTS', type: 'STR', repeats: false},
	[Tag.EVENT_FIELDS]: {name: 'EVENT_FIELDS', type: 'STR', repeats: false},
	[Tag.RESTART]: {name: 'RESTART', type: 'U32', repeats: false},
	[Tag.RESTART_MOST]: {name: 'RESTART_MOST', type: 'U32', repeats: false},
	[Tag.BACKOFF]: {name: 'BACKOFF', type: 'U32', repeats: false},
	[Tag.BACKOFF_MOST]: {name: 'BACKOFF_MOST', type: 'U32', repeats: false},
	[Tag.STEADY]: {name: 'STEADY', type: 'U32', repeats: false},
	[Tag.TIMEOUT]: {name: 'TIMEOUT', type: 'U32', repeats: false},
	[Tag.LIFETIME]: {name: 'LIFETIME', type: 'U32', repeats: false},
	[Tag.HEALTH_FILE]: {name: 'HEALTH_FILE', type: 'STR', repeats: false},
	[Tag.CHECK]: {name: 'CHECK', type: 'BYTES', repeats: false},
	[Tag.CHECK_INTERVAL]: {name: 'CHECK_INTERVAL', type: 'U32', repeats: false},
	[Tag.CHECK_TIMEOUT]: {name: 'CHECK_TIMEOUT', type: 'U32', repeats: false},
	[Tag.CHECK_RETRIES]: {name: 'CHECK_RETRIES', type: 'U32', repeats: false},
	[Tag.CHECK_START]: {name: 'CHECK_START', type: 'U32', repeats: false},
	[Tag.PEER]: {name: 'PEER', type: 'STR', repeats: false},
	[Tag.BRIDGE]: {name: 'BRIDGE', type: 'STR', repeats: false},
	[Tag.ADDRESS]: {name: 'ADDRESS', type: 'STR', repeats: true},
	[Tag.GATEWAY]: {name: 'GATEWAY', type: 'STR', repeats: true},
	[Tag.MAC]: {name: 'MAC', type: 'BYTES', repeats: false},
	[Tag.MTU]: {name: 'MTU', type: 'U32', repeats: false},
	[Tag.PARENT_PID]: {name: 'PARENT_PID', type: 'U32', repeats: false},
	[Tag.PORT]: {name: 'PORT', type: 'STR', repeats: true},
	[Tag.NAMES]: {name: 'NAMES', type: 'STR', repeats: false},
	[Tag.NAMESERVER]: {name: 'NAMESERVER', type: 'STR', repeats: true},
	[Tag.PARENT_START]: {name: 'PARENT_START', type: 'U64', repeats: false},
	[Tag.PRESENCE]: {name: 'PRESENCE', type: 'STR', repeats: false},
};

/** Operations. */
export const Op = {
	/** make every mount at and below TARGET private: nothing mounted inside shows outside */
	PROPAGATION: 1,
	/** mount a file system; CLASSIC: by mount(2), OPTIONs joined by commas; REMOUNT (classic): change one */
	MOUNT: 2,
	/** show a path of the host at TARGET */
	BIND: 3,
	/** union of branches by overlayfs */
	OVERLAY: 4,
	/** bind TARGET onto itself with attributes added: a read-only path inside */
	PROTECT: 5,
	/** hide TARGET: a file by the null device, a directory by an empty read-only tmpfs */
	MASK: 6,
	/** make a device node (character; FLAG_BLOCK: block) */
	DEVICE: 7,
	/** make a symbolic link at TARGET whose text is VALUE */
	SYMLINK: 8,
	/** make a directory and its parents; one that is there stays as it is */
	MKDIR: 9,
	/** write a small file */
	FILE: 10,
	/** pivot_root into the root, detach the old one, chdir to / */
	PIVOT: 11,
	/** sethostname */
	HOSTNAME: 12,
	/** setdomainname */
	DOMAINNAME: 13,
	/** write VALUE to /proc/sys/TARGET (slashes, not dots), before the root is pivoted */
	SYSCTL: 14,
	/** bring up lo */
	LOOPBACK: 15,
	/** a new time namespace whose clocks are shifted (time_namespaces(7)) */
	TIME_OFFSET: 16,
	/** open a pty in the new root's devpts, give the helper its master, bind the other end at TARGET */
	CONSOLE: 17,
	/** setrlimit */
	RLIMIT: 18,
	/** become this user: by numbers, or USER by the root's own passwd and group files (and HOME from there, if ENV has none) */
	CREDENTIALS: 19,
	/** drop to these sets; applied with CREDENTIALS, whatever stands first: bounding before the change of user, the rest after it */
	CAPABILITIES: 20,
	/** prctl PR_SET_NO_NEW_PRIVS */
	NO_NEW_PRIVS: 21,
	/** load a filter: struct sock_filter bytes; the last thing before exec */
	SECCOMP: 22,
	/** chdir; CREATE_DIRECTORY makes it first */
	CWD: 23,
	/** execve, the program sought in ENV's PATH where ARG 0 has no slash */
	EXEC: 24,
	/** a link to a bridge: VALUE is its end inside, with addresses, up, and default routes; PEER its end outside, on BRIDGE, up */
	ENDPOINT: 25,
	/** delete the link VALUE, and with it its peer */
	LINK_DELETE: 26,
	/** listen for name queries on port 53 of ADDRESS inside; the helper answers them from NAMES and NAMESERVER */
	RESOLVER: 27,
} as const;
export type Op = (typeof Op)[keyof typeof Op];

export interface OpEntry {
	readonly name: keyof typeof Op;
	readonly required: readonly Tag[];
	readonly optional: readonly Tag[];
}

/** Every operation by its number, and the fields it takes. */
export const opTable: Readonly<Record<Op, OpEntry>> = {
	[Op.PROPAGATION]: {name: 'PROPAGATION', required: [Tag.TARGET], optional: []},
	[Op.MOUNT]: {name: 'MOUNT', required: [Tag.TARGET, Tag.FSTYPE], optional: [Tag.SOURCE, Tag.OPTION, Tag.ATTR, Tag.FLAGS]},
	[Op.BIND]: {name: 'BIND', required: [Tag.TARGET, Tag.SOURCE], optional: [Tag.ATTR, Tag.FLAGS]},
	[Op.OVERLAY]: {name: 'OVERLAY', required: [Tag.TARGET, Tag.LOWER], optional: [Tag.OPTION, Tag.ATTR, Tag.FLAGS, Tag.UPPER, Tag.WORK]},
	[Op.PROTECT]: {name: 'PROTECT', required: [Tag.TARGET], optional: [Tag.ATTR, Tag.FLAGS]},
	[Op.MASK]: {name: 'MASK', required: [Tag.TARGET], optional: [Tag.FLAGS]},
	[Op.DEVICE]: {name: 'DEVICE', required: [Tag.TARGET, Tag.MODE, Tag.DEVICE], optional: [Tag.FLAGS]},
	[Op.SYMLINK]: {name: 'SYMLINK', required: [Tag.TARGET, Tag.VALUE], optional: [Tag.FLAGS]},
	[Op.MKDIR]: {name: 'MKDIR', required: [Tag.TARGET], optional: [Tag.FLAGS, Tag.MODE, Tag.UID, Tag.GID]},
	[Op.FILE]: {name: 'FILE', required: [Tag.TARGET, Tag.DATA], optional: [Tag.FLAGS, Tag.MODE, Tag.UID, Tag.GID]},
	[Op.PIVOT]: {name: 'PIVOT', required: [], optional: []},
	[Op.HOSTNAME]: {name: 'HOSTNAME', required: [Tag.VALUE], optional: []},
	[Op.DOMAINNAME]: {name: 'DOMAINNAME', required: [Tag.VALUE], optional: []},
	[Op.SYSCTL]: {name: 'SYSCTL', required: [Tag.TARGET, Tag.VALUE], optional: []},
	[Op.LOOPBACK]: {name: 'LOOPBACK', required: [], optional: []},
	[Op.TIME_OFFSET]: {name: 'TIME_OFFSET', required: [], optional: [Tag.MONOTONIC, Tag.BOOTTIME]},
	[Op.CONSOLE]: {name: 'CONSOLE', required: [Tag.TARGET], optional: [Tag.FLAGS]},
	[Op.RLIMIT]: {name: 'RLIMIT', required: [Tag.RESOURCE, Tag.SOFT, Tag.HARD], optional: []},
	[Op.CREDENTIALS]: {name: 'CREDENTIALS', required: [], optional: [Tag.UID, Tag.GID, Tag.GROUP, Tag.USER]},
	[Op.CAPABILITIES]: {name: 'CAPABILITIES', required: [Tag.BOUNDING, Tag.PERMITTED, Tag.INHERITABLE, Tag.AMBIENT], optional: []},
	[Op.NO_NEW_PRIVS]: {name: 'NO_NEW_PRIVS', required: [], optional: []},
	[Op.SECCOMP]: {name: 'SECCOMP', required: [Tag.DATA], optional: []},
	[Op.CWD]: {name: 'CWD', required: [Tag.TARGET], optional: [Tag.FLAGS]},
	[Op.EXEC]: {name: 'EXEC', required: [Tag.ARG], optional: [Tag.ENV]},
	[Op.ENDPOINT]: {name: 'ENDPOINT', required: [Tag.VALUE, Tag.PEER], optional: [Tag.FLAGS, Tag.BRIDGE, Tag.ADDRESS, Tag.GATEWAY, Tag.MAC, Tag.MTU]},
	[Op.LINK_DELETE]: {name: 'LINK_DELETE', required: [Tag.VALUE], optional: [Tag.FLAGS]},
	[Op.RESOLVER]: {name: 'RESOLVER', required: [Tag.ADDRESS], optional: []},
};

/** Steps named in errors. */
export const Step = {
	/** a frame was not acceptable */
	FRAME: 1,
	/** making the container's first process and its namespaces */
	CLONE: 2,
	/** writing the user namespace's id maps */
	ID_MAP: 3,
	/** entering a cgroup */
	CGROUP: 4,
	/** entering an existing namespace */
	JOIN: 5,
	/** preparing standard streams */
	STREAMS: 6,
	/** an operation of CREATE */
	CREATE: 7,
	/** an operation of START */
	START: 8,
	/** the init died before the payload ran */
	INIT: 9,
	/** supervising */
	SUPERVISE: 10,
	/** removing what the container left */
	REMOVE: 11,
	/** preparing the log, the socket or the exit record */
	SERVE: 12,
	/** writing the log */
	LOG: 13,
	/** publishing a port */
	PUBLISH: 14,
	/** entering the namespaces that its bridges are in */
	PARENT: 15,
} as const;
export type Step = (typeof Step)[keyof typeof Step];

export interface StepEntry {
	readonly name: keyof typeof Step;
	readonly doc: string;
}

/** Every step by its number, in words. */
export const stepTable: Readonly<Record<Step, StepEntry>> = {
	[Step.FRAME]: {name: 'FRAME', doc: 'a frame was not acceptable'},
	[Step.CLONE]: {name: 'CLONE', doc: 'making the container\'s first process and its namespaces'},
	[Step.ID_MAP]: {name: 'ID_MAP', doc: 'writing the user namespace\'s id maps'},
	[Step.CGROUP]: {name: 'CGROUP', doc: 'entering a cgroup'},
	[Step.JOIN]: {name: 'JOIN', doc: 'entering an existing namespace'},
	[Step.STREAMS]: {name: 'STREAMS', doc: 'preparing standard streams'},
	[Step.CREATE]: {name: 'CREATE', doc: 'an operation of CREATE'},
	[Step.START]: {name: 'START', doc: 'an operation of START'},
	[Step.INIT]: {name: 'INIT', doc: 'the init died before the payload ran'},
	[Step.SUPERVISE]: {name: 'SUPERVISE', doc: 'supervising'},
	[Step.REMOVE]: {name: 'REMOVE', doc: 'removing what the container left'},
	[Step.SERVE]: {name: 'SERVE', doc: 'preparing the log, the socket or the exit record'},
	[Step.LOG]: {name: 'LOG', doc: 'writing the log'},
	[Step.PUBLISH]: {name: 'PUBLISH', doc: 'publishing a port'},
	[Step.PARENT]: {name: 'PARENT', doc: 'entering the namespaces that its bridges are in'},
};

/** Mount attributes, as MOUNT_ATTR_* of mount_setattr(2). */
export const Attribute = {
	RDONLY: 1,
	NOSUID: 2,
	NODEV: 4,
	NOEXEC: 8,
} as const;
export type Attribute = (typeof Attribute)[keyof typeof Attribute];

/** Flags of operations. */
export const Flag = {
	/** this mount is the container's root: later TARGETs are inside it */
	ROOT: 1,
	/** with the mounts below; attributes too */
	RECURSIVE: 2,
	/** make the TARGET, a directory, where it is missing */
	CREATE_DIRECTORY: 4,
	/** make the TARGET, an empty file, where it is missing */
	CREATE_FILE: 8,
	/** a missing TARGET is no error: there is nothing to do */
	IF_EXISTS: 16,
	/** refuse a symbolic link anywhere in TARGET */
	NO_SYMLINKS: 32,
	/** mount(2) instead of fsopen(2) */
	CLASSIC: 64,
	/** change the mount at TARGET (classic) */
	REMOUNT: 128,
	/** a block device */
	BLOCK: 256,
	/** delete a link that has the PEER's name already: it is of one who is gone */
	REPLACE: 512,
} as const;
export type Flag = (typeof Flag)[keyof typeof Flag];

/** Values of STDIN, STDOUT, STDERR beside descriptor numbers. */
export const Stream = {
	/** /dev/null */
	NULL: 4294967295,
	/** an anonymous pipe; STREAMS tells the number of the helper's end */
	PIPE: 4294967294,
	/** with SERVE: from the clients' INPUT, or to the log and the attached clients */
	SERVED: 4294967293,
} as const;
export type Stream = (typeof Stream)[keyof typeof Stream];

/** Values of RESTART. */
export const Restart = {
	/** never */
	NO: 0,
	/** after an exit status that isn't 0, or a signal */
	ON_FAILURE: 1,
	/** whatever it ended with, unless it was stopped */
	ALWAYS: 2,
} as const;
export type Restart = (typeof Restart)[keyof typeof Restart];

/** Newer kernel features a test can do without. */
export const Forgo = {
	/** mount_setattr(2), Linux 5.12: bind remounts instead */
	MOUNT_SETATTR: 1,
	/** overlay's lowerdir+, Linux 6.5: the colon list instead */
	LOWERDIR_PLUS: 2,
} as const;
export type Forgo = (typeof Forgo)[keyof typeof Forgo];
