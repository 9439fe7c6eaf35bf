/** Processes whose namespaces are containers' parent, an ordinary user's: `nsinit --keep` with a bridge br0, as bridged.ts has it. */

import {execFileSync, spawn, spawnSync} from 'node:child_process';
import {existsSync, mkdirSync, readlinkSync, renameSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import type {ExecutionContext} from 'ava';
import {startTime} from '../../orchestrator/base/process.js';
import type {IdMap, TargetProcess} from '../../orchestrator/helper/plan.js';
import {directoryFor, isRunning, nsinit, type Privilege, until} from './support.js';

const NOBODY = 65_534;
const BRIDGE = ['link set lo up', 'link add br0 type bridge', 'addr add 10.77.0.1/24 dev br0', 'addr add fd77::1/64 dev br0 nodad', 'link set br0 up'].map(line => `ip ${line}`);
const BECOME = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'];

/** The first of the ids that `range` parents have beside their own, of which there are 65,536. */
export const SUBORDINATE = 200_000;

export interface Parent extends TargetProcess {
	/** The FIFO that whoever is present holds open. */
	presence: string;
	/** Run `ip` in its network namespace. */
	ip: (...argv: string[]) => string;
	/** How many links that has; with none of containers, two. */
	links: () => number;
	/** Kill it, and wait for its end. */
	kill: () => Promise<void>;
	/** Wait until it has ended by itself. */
	ended: Promise<number | null>;
}

/** `single`: a user namespace in which root is nobody outside; `range`: with subordinate ids; `network`: root's, and no user namespace at all. */
export type Kinship = 'single' | 'range' | 'network';

/** Why there can be no parent with a range of ids, if so. */
export const whyNoRange = spawnSync('newuidmap').error === undefined && existsSync('/etc/subuid') && existsSync('/etc/subgid')
	? undefined : 'it takes newuidmap (package uidmap), and the files /etc/subuid and /etc/subgid';

/** A map of a container below: root alone, or, in a `range`, a thousand ids; no line may span two of the parent's own (user_namespaces(7)). */
export const below = (kinship: Kinship): IdMap[] => [{inside: 0, outside: 0, count: 1}, ...(kinship === 'range' ? [{inside: 1, outside: 1, count: 999}] : [])];

const command = (kinship: Kinship, directory: string, last: string): string[] => {
	const script = ['sh', '-ec', `${BRIDGE.join('; ')}; exec ${last}`];
	switch (kinship) {
		case 'network': return ['unshare', '-n', ...script];
		case 'single': return [...BECOME, 'unshare', '-Urn', ...script];
		case 'range': {
			// The machine's own files stay as they are: newuidmap is shown others.
			const grant = join(directory, 'grant');
			writeFileSync(grant, `${NOBODY}:${SUBORDINATE}:65536\nnobody:${SUBORDINATE}:65536\n`);
			const show = `mount --bind ${grant} /etc/subuid; mount --bind ${grant} /etc/subgid; exec "$@"`;
			return ['unshare', '-m', 'sh', '-ec', show, 'sh', ...BECOME,
				'unshare', '-Un', '--map-root-user', `--map-users=${SUBORDINATE},1,65535`, `--map-groups=${SUBORDINATE},1,65535`, ...script];
		}
	}
};

export const parentFor = async (t: ExecutionContext, kinship: Kinship): Promise<Parent> => {
	const privilege: Privilege = kinship === 'network' ? 'root' : 'rootless';
	const directory = directoryFor(t, privilege);
	const presence = join(directory, 'presence');
	const [program = '', ...words] = command(kinship, directory, `${nsinit} --keep ${presence}`);
	const child = spawn(program, words, {stdio: ['ignore', 'pipe', 'inherit']});
	const pid = child.pid ?? 0;
	const ended = new Promise<number | null>(resolve => {
		child.once('exit', resolve);
	});
	const kill = async (): Promise<void> => {
		child.kill('SIGKILL');
		await ended;
	};
	t.teardown(kill);
	const [said] = await Promise.race([new Promise<[string]>(resolve => {
		child.stdout.once('data', (data: Buffer) => resolve([data.toString()]));
	}), ended.then((code): [string] => [`it ended, ${code}`])]);
	if (said !== '\n') {
		throw new Error(`no parent: ${said}`);
	}

	renameSync(`${presence}~`, presence);

	const ip = (...argv: string[]): string => execFileSync('nsenter', [`--net=/proc/${pid}/ns/net`, 'ip', ...argv], {encoding: 'utf8'});
	return {pid, start: startTime(pid) ?? 0, presence, ip, links: () => ip('-br', 'link').trim().split('\n').length, kill, ended};
};

/** A directory that every user may write. */
export const openDirectory = (t: ExecutionContext): string => {
	const directory = join(directoryFor(t, 'rootless'), 'open');
	mkdirSync(directory);
	execFileSync('chmod', ['777', directory]);
	return directory;
};

/** The user namespace above that of process `pid`, as /proc names them. */
export const userAbove = (pid: number): string => {
	// NS_GET_PARENT of ioctl_ns(2), for which Node has no call.
	const script = 'use Fcntl; sysopen(my $f, $ARGV[0], O_RDONLY) or die $!; my $p = ioctl($f, 0xb702, 0) or die $!; print readlink("/proc/self/fd/$p")';
	return execFileSync('perl', ['-e', script, `/proc/${pid}/ns/user`], {encoding: 'utf8'});
};

export const userOf = (pid: number): string => readlinkSync(`/proc/${pid}/ns/user`);

/** Run a program as nobody. */
export const asNobody = (...argv: string[]): string => execFileSync(BECOME[0] ?? '', [...BECOME.slice(1), ...argv], {encoding: 'utf8'});

export const goneFor = async (t: ExecutionContext, pid: number): Promise<void> => until(t, () => !isRunning(pid));
