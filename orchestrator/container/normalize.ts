/** Options become a spec: parsed and checked here, once, whether they come from the command line or from the library. */

import {ClocheError} from '../base/errors.js';
import {chooseCapabilities, parseCapability} from './options/capabilities.js';
import {parseMilliseconds} from './options/duration.js';
import {type Environment, mergeEnv, parseEnv, readEnvFile} from './options/environment.js';
import {flattenMount, flattenRecord} from './options/flatten.js';
import {parseUlimit} from './options/limits.js';
import {parseMount, parseTmpfs, parseVolume, type SpecMount} from './options/mounts.js';
import {parseHostname, parseName, parseSecurityOption, parseUser, parseWorkdir} from './options/names.js';
import {type Label, OptionReader} from './options/reader.js';
import type {Duration, RunOptions} from './options/run-options.js';
import {readSeccomp} from './options/seccomp.js';
import {parseSignal} from './options/signals.js';
import {parseSysctl, type Sysctl} from './options/sysctl.js';
import {parseTimeOffsets} from './options/time-offset.js';
import {oneOf, outsidePath} from './options/unacceptable.js';
import {durationText, readLife} from './normalize-life.js';
import {readNetwork} from './normalize-network.js';
import {type ContainerSpec, DEFAULT_STOP_SIGNAL, DEFAULT_STOP_TIMEOUT, type NetworkSharing, type Sharing} from './spec.js';
import {validateSpec} from './validate.js';

/** What the caller's process lends to the options: all that they are read against. */
export interface Surroundings {
	label: Label;
	cwd: string;
	env: Environment;
	/** CLOCK_MONOTONIC in nanoseconds. */
	uptime: bigint;
}

const sharing = oneOf<Sharing>(['private', 'host']);

const readDuration = (read: OptionReader, option: 'timeout' | 'stopTimeout', value: Duration | undefined): number | undefined =>
	read.one(option, durationText(value), parseMilliseconds);

const readNamespaces = (read: OptionReader, options: RunOptions, network: NetworkSharing): ContainerSpec['linux']['namespaces'] => ({
	uts: read.one('uts', options.uts, sharing) ?? 'private',
	ipc: read.one('ipc', options.ipc, sharing) ?? 'private',
	pid: read.one('pid', options.pid, sharing) ?? 'private',
	network,
	cgroup: read.one('cgroupns', options.cgroupns, sharing) ?? 'private',
	user: read.one('userns', options.userns, sharing) ?? 'auto',
});

/** Where two mounts have one place the later one counts, as in docker run; `--tmpfs` comes after `--volume` and `--mount`. */
const readMounts = (read: OptionReader, options: RunOptions, cwd: string): SpecMount[] => {
	const mounts = [
		...read.many('volume', options.volume, value => parseVolume(value, cwd)),
		...read.many('mount', options.mount === undefined ? [] : [options.mount].flat().map(mount => flattenMount(mount)), value => parseMount(value, cwd)),
		...read.many('tmpfs', options.tmpfs, parseTmpfs),
	];
	const twice = mounts.find((mount, index) => mounts.findIndex(other => other.destination === mount.destination) !== index);
	if (twice !== undefined) {
		throw new ClocheError('two mounts', {where: twice.destination, why: 'one place inside can show only one', remedy: 'leave one of them out'});
	}

	return mounts;
};

const readSysctls = (read: OptionReader, options: RunOptions, namespaces: ContainerSpec['linux']['namespaces']): Sysctl[] => {
	const sysctls = read.many('sysctl', flattenRecord(options.sysctl), parseSysctl);
	const shared = sysctls.find(({namespace}) => namespaces[namespace] !== 'private');
	if (shared !== undefined) {
		const {key, namespace} = shared;
		const whose = namespaces[namespace];
		throw read.conflict('sysctl', `${key.replaceAll('/', '.')} would change ${whose === 'host' ? 'the host' : 'another container'}, whose ${namespace} namespace this container shares`, `leave out ${read.label(namespace)} ${whose}`);
	}

	return sysctls;
};

const readSecurity = (read: OptionReader, options: RunOptions): Pick<ContainerSpec['process'], 'capabilities' | 'required' | 'noNewPrivileges'> => {
	const added = read.many('capAdd', options.capAdd, parseCapability);
	const capabilities = chooseCapabilities(added, read.many('capDrop', options.capDrop, parseCapability));
	return {
		capabilities,
		required: added.filter(set => set.length === 1).flat().filter(capability => capabilities.includes(capability)),
		noNewPrivileges: read.many('securityOpt', options.securityOpt, parseSecurityOption).at(-1)?.noNewPrivileges ?? false,
	};
};

/** `--rootfs DIR` takes the image's place, so then there is no image. */
const readRoot = (read: OptionReader, image: string | undefined, {rootfs, readOnly, storage, branch: wanted}: RunOptions, cwd: string): ContainerSpec['root'] => {
	const path = read.one('rootfs', rootfs, value => outsidePath(value, cwd));
	const driver = read.one('storage', storage, oneOf(['aufs', 'overlay', 'copy']));
	const branch = read.one('branch', wanted, oneOf(['memory', 'disk']));
	const readonly = read.flag('readOnly', readOnly);
	if (path === undefined && (image === undefined || image === '')) {
		throw new ClocheError('no image', {why: 'a container needs a root', remedy: `name an image, as busybox or host, or give ${read.label('rootfs')} DIR`});
	}

	return {...(path === undefined ? {image: image ?? ''} : {path}), readonly, ...(driver === undefined ? {} : {driver}), ...(branch === undefined ? {} : {branch})};
};

/** One word, or in the library several; `''` takes the image's away. */
const readEntrypoint = (read: OptionReader, {entrypoint}: RunOptions): string[] | undefined =>
	entrypoint === undefined ? undefined : read.many('entrypoint', entrypoint === '' ? [] : entrypoint, word => word);

/** Plain JavaScript can pass what the types don't let. */
const isList = (value: unknown): boolean => Array.isArray(value);

/**
 * Check everything and bring it into one form.
 *
 * @param image an image's name; left out with `rootfs`
 * @param command the command and its words, after the entrypoint
 * @throws ClocheError naming the option, its value and what would be taken
 */
export const normalizeOptions = (image: string | undefined, command: readonly string[], options: RunOptions, around: Surroundings): ContainerSpec => {
	if (!isList(command)) {
		throw new ClocheError('command', {why: `it is a ${typeof command}`, remedy: 'give its words in an array'});
	}

	const read = new OptionReader(around.label);
	const {sharing: networkSharing, network} = readNetwork(read, options);
	const namespaces = readNamespaces(read, options, networkSharing);
	const hostname = read.one('hostname', options.hostname, parseHostname);
	const domainname = read.one('domainname', options.domainname, parseHostname);
	if (namespaces.uts === 'host' && (hostname ?? domainname) !== undefined) {
		throw read.conflict(hostname === undefined ? 'domainname' : 'hostname', 'it would rename the host, whose uts namespace this container shares', `leave out ${read.label('uts')} host`);
	}

	const timeOffset = read.many('timeOffset', options.timeOffset, value => value);
	const user = read.one('user', options.user, parseUser);
	const cwd = read.one('workdir', options.workdir, parseWorkdir);
	const seccomp = read.one('seccomp', options.seccomp, path => readSeccomp(outsidePath(path, around.cwd)));
	const timeout = readDuration(read, 'timeout', options.timeout);
	const entrypoint = readEntrypoint(read, options);
	const name = read.one('name', options.name, parseName);
	const spec: ContainerSpec = {
		...(name === undefined ? {} : {name}),
		remove: read.flag('rm', options.rm),
		...(hostname === undefined ? {} : {hostname}),
		...(domainname === undefined ? {} : {domainname}),
		root: readRoot(read, image, options, around.cwd),
		process: {
			...(entrypoint === undefined ? {} : {entrypoint}),
			args: [...command],
			env: mergeEnv(
				read.many('envFile', options.envFile, path => readEnvFile(outsidePath(path, around.cwd), around.env)).flat(),
				read.many('env', flattenRecord(options.env), value => parseEnv(value, around.env)).flat(),
			),
			...(cwd === undefined ? {} : {cwd}),
			...(user === undefined ? {} : {user}),
			terminal: read.flag('tty', options.tty),
			...readSecurity(read, options),
			rlimits: read.many('ulimit', options.ulimit, parseUlimit),
		},
		mounts: readMounts(read, options, around.cwd),
		linux: {
			namespaces,
			...(timeOffset.length === 0 ? {} : {timeOffsets: read.together('timeOffset', timeOffset.join(','), () => parseTimeOffsets(timeOffset, around.uptime))}),
			sysctl: readSysctls(read, options, namespaces),
			...(seccomp === undefined ? {} : {seccomp}),
		},
		...(network === undefined ? {} : {network}),
		init: read.flag('init', options.init),
		stopSignal: read.one('stopSignal', options.stopSignal, parseSignal) ?? DEFAULT_STOP_SIGNAL,
		stopTimeout: readDuration(read, 'stopTimeout', options.stopTimeout) ?? DEFAULT_STOP_TIMEOUT,
		...(timeout === undefined ? {} : {timeout}),
		...readLife(read, options, around.cwd),
	};
	validateSpec(spec);
	return spec;
};
