/** The options of `run` as data, under the names of the command line (in camel case); the library takes the same. */

/** A value or several: options that can be given more than once. */
export type Many<T> = T | readonly T[];

/** A length of time: text as on the command line (`'30s'`), or a number of milliseconds, as is the custom in JavaScript. */
export type Duration = string | number;

export interface RunOptions {
	/** Keep stdin open; without it the payload reads end of file. */
	interactive?: boolean | undefined;
	/** Give the payload a terminal. */
	tty?: boolean | undefined;
	/** Remove a named container at its end. One without a name always is. */
	rm?: boolean | undefined;
	/** Keep the container under this name. */
	name?: string | undefined;
	hostname?: string | undefined;
	domainname?: string | undefined;
	/** `{NAME: 'value'}`, or `NAME=value`, or `NAME` for this process's own value. */
	env?: Many<string> | Readonly<Record<string, string | number | boolean | undefined>> | undefined;
	/** Files of `NAME=value` lines. */
	envFile?: Many<string> | undefined;
	workdir?: string | undefined;
	/** `NAME|UID[:GROUP|GID]`. */
	user?: string | number | undefined;
	/** `SRC:DST[:ro]`. */
	volume?: Many<string> | undefined;
	/** `type=bind,src=…,dst=…`, or the same as an object. */
	mount?: Many<string | MountOption> | undefined;
	/** `DST[:size=64m,mode=1777]`. */
	tmpfs?: Many<string> | undefined;
	readOnly?: boolean | undefined;
	init?: boolean | undefined;
	/** Replaces the image's; `''` takes it away. */
	entrypoint?: string | readonly string[] | undefined;
	/** `none` (the default), `host`, `container:NAME`, or networks: `NAME`, `NAME:ip=…,alias=…`, or the same as an object. `bridge` is the default network. */
	network?: Many<string | NetworkOption> | undefined;
	/** Its address on its network. */
	ip?: string | undefined;
	ip6?: string | undefined;
	macAddress?: string | undefined;
	/** More names on its networks. */
	networkAlias?: Many<string> | undefined;
	/** Name servers instead of the host's. */
	dns?: Many<string> | undefined;
	dnsSearch?: Many<string> | undefined;
	dnsOption?: Many<string> | undefined;
	/** `NAME:ADDRESS`, or `{NAME: ADDRESS}`; `host-gateway` is this machine. */
	addHost?: Many<string> | Readonly<Record<string, string>> | undefined;
	/** `[IP:][HOST:]CONTAINER[/udp]`, or a port inside alone: outside it gets one that is free. */
	publish?: Many<string | number> | undefined;
	/** Ports that it serves, as `80`, `53/udp` or `8000-8009`: told, and published by `publishAll`. */
	expose?: Many<string | number> | undefined;
	/** Publish each of these that `publish` doesn't, at a port that is free. */
	publishAll?: boolean | undefined;
	uts?: 'private' | 'host' | undefined;
	ipc?: 'private' | 'host' | undefined;
	pid?: 'private' | 'host' | undefined;
	userns?: 'private' | 'host' | undefined;
	cgroupns?: 'private' | 'host' | undefined;
	/** `monotonic=+2d`, `boottime=-5s`. */
	timeOffset?: Many<string> | undefined;
	/** `NAME=SOFT[:HARD]`. */
	ulimit?: Many<string> | undefined;
	/** `NAME=VALUE`, or `{NAME: VALUE}`. */
	sysctl?: Many<string> | Readonly<Record<string, string | number>> | undefined;
	capAdd?: Many<string> | undefined;
	capDrop?: Many<string> | undefined;
	/** `no-new-privileges`. */
	securityOpt?: Many<string> | undefined;
	/** A file with a compiled filter. */
	seccomp?: string | undefined;
	/** A name or a number. */
	stopSignal?: string | number | undefined;
	stopTimeout?: Duration | undefined;
	/** How long the payload may run. */
	timeout?: Duration | undefined;
	/** A storage driver's name. */
	storage?: string | undefined;
	/** Where what the container writes lies: in memory by default where it is thrown away. */
	branch?: 'memory' | 'disk' | undefined;
	/** Let it outlive whoever starts it. */
	detach?: boolean | undefined;
	/** `no`, `on-failure[:MOST]`, `always`, `unless-stopped`. */
	restart?: string | undefined;
	/** A command that tells whether it is well: text for a shell, or argv. */
	healthCmd?: string | readonly string[] | undefined;
	/** Between the end of one check and the next. */
	healthInterval?: Duration | undefined;
	/** How long a check may take. */
	healthTimeout?: Duration | undefined;
	/** How many failures in a row make it unhealthy. */
	healthRetries?: number | string | undefined;
	/** Failures this early don't count. */
	healthStartPeriod?: Duration | undefined;
	/** No check, whatever the image says. */
	noHealthcheck?: boolean | undefined;
	/** `KEY=VALUE`, or `{KEY: VALUE}`. */
	label?: Many<string> | Readonly<Record<string, string | number>> | undefined;
	/** Files of `KEY=VALUE` lines. */
	labelFile?: Many<string> | undefined;
	/** `max-size=10m`, `max-file=3`, or the same as an object. */
	logOpt?: Many<string> | Readonly<Record<string, string | number>> | undefined;
	/** A directory instead of an image. */
	rootfs?: string | undefined;
}

/** A network as an object; the fields are those of `--network`. */
export interface NetworkOption {
	name: string;
	alias?: Many<string> | undefined;
	ip?: string | undefined;
	ip6?: string | undefined;
	mac?: string | undefined;
}

/** A mount as an object; the fields are those of `--mount`. */
export type MountOption =
	| {type: 'bind'; source: string; target: string; readonly?: boolean; recursive?: boolean}
	| {type: 'tmpfs'; target: string; size?: number | string; mode?: number; readonly?: boolean};

