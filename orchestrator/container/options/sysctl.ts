/** `--sysctl`: only what a namespace keeps apart may be set, as in docker run (moby daemon/config opts: ValidateSysctl). */

import {Unacceptable} from './unacceptable.js';

/** A kernel parameter; the name with slashes, as under /proc/sys. */
export interface Sysctl {
	key: string;
	value: string;
	/** The namespace that keeps it apart from the host's. */
	namespace: 'ipc' | 'network';
}

/** Kept apart by the IPC namespace (ipc_namespaces(7)). */
const IPC = new Set(['msgmax', 'msgmnb', 'msgmni', 'sem', 'shmall', 'shmmax', 'shmmni', 'shm_rmid_forced'].map(name => `kernel/${name}`));

const ACCEPTED = 'NAME=VALUE, as net.ipv4.ip_forward=1';

/** sysctl(8): the first separator tells which kind the name is written with, so that `net/ipv4/conf/eth0.1/forwarding` can be said. */
const toPath = (name: string): string => {
	const dot = name.indexOf('.');
	const slash = name.indexOf('/');
	const dotted = slash === -1 || (dot !== -1 && dot < slash);
	return dotted ? name.replace(/[./]/g, character => character === '.' ? '/' : '.') : name;
};

const namespaceOf = (key: string): Sysctl['namespace'] | undefined => {
	if (IPC.has(key) || key.startsWith('fs/mqueue/')) {
		return 'ipc';
	}

	return key.startsWith('net/') ? 'network' : undefined;
};

/** `net.ipv4.ip_forward=1`, or with slashes. */
export const parseSysctl = (value: string): Sysctl => {
	const [, name = '', setting] = /^([^=]*)=(.*)$/s.exec(value) ?? [];
	if (setting === undefined || name === '') {
		throw new Unacceptable('not a name and a value', ACCEPTED);
	}

	const key = toPath(name);
	if (key.includes('\0') || key.split('/').some(part => part === '' || part === '.' || part === '..')) {
		throw new Unacceptable(`'${name}' is not a kernel parameter's name`, ACCEPTED);
	}

	const namespace = namespaceOf(key);
	if (namespace === undefined) {
		throw new Unacceptable('no namespace keeps this one apart: it would change the whole machine', `net.*, fs.mqueue.* or ${[...IPC].join(', ').replaceAll('/', '.')}`);
	}

	return {key, value: setting, namespace};
};
