/** The real helper, as root and without, for tests: a supervisor, and plans with a layered root of their own. */

import {chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {text} from 'node:stream/consumers';
import type {ExecutionContext} from 'ava';
import type {Exit} from '../../orchestrator/helper/events.js';
import type {LaunchOptions} from '../../orchestrator/helper/launch-options.js';
import type {Plan} from '../../orchestrator/helper/plan.js';
import {startSupervisor} from '../../orchestrator/helper/start.js';
import type {Supervisor} from '../../orchestrator/helper/supervisor.js';
import {reachable} from './reachable.js';

/** `root`: with privilege. `rootless`: as nobody where the tests run as root, else as whoever runs them. */
export type Privilege = 'root' | 'rootless';

const NOBODY = 65_534;
const asRoot = process.getuid?.() === 0;

/** What can be tested here. */
export const privileges: Privilege[] = asRoot ? ['root', 'rootless'] : ['rootless'];

/** CLOCHE_NSINIT=build/nsinit-asan tests the build with sanitizers. */
export const nsinit = reachable(process.env['CLOCHE_NSINIT'] ?? 'build/nsinit');
export const probe = reachable('build/probe');
const layer = reachable('build/layers/busybox');
const outsideUid = asRoot ? NOBODY : process.getuid?.() ?? 0;
const outsideGid = asRoot ? NOBODY : process.getgid?.() ?? 0;

/** A directory of the test's own, which the payload's user may write; gone at the end. */
export const directoryFor = (t: ExecutionContext, privilege: Privilege): string => {
	const directory = mkdtempSync(join(tmpdir(), 'cloche-helper-'));
	t.teardown(() => rmSync(directory, {recursive: true, force: true}));
	if (asRoot && privilege === 'rootless') {
		chownSync(directory, NOBODY, NOBODY);
	}

	return directory;
};

const ownDirectory = (path: string, privilege: Privilege): string => {
	mkdirSync(path);
	if (asRoot && privilege === 'rootless') {
		chownSync(path, NOBODY, NOBODY);
	}

	return path;
};

/** The helper as nobody: a wrapper that changes the user and becomes it. */
const wrapper = (t: ExecutionContext): string => {
	const directory = mkdtempSync(join(tmpdir(), 'cloche-wrapper-'));
	t.teardown(() => rmSync(directory, {recursive: true, force: true}));
	const path = join(directory, 'nsinit');
	writeFileSync(path, `#!/bin/sh\nexec /usr/bin/setpriv --reuid=${NOBODY} --regid=${NOBODY} --clear-groups ${nsinit}\n`);
	chmodSync(path, 0o755);
	chmodSync(directory, 0o755);
	return path;
};

export const supervisorFor = (t: ExecutionContext, privilege: Privilege): Supervisor => {
	const path = asRoot && privilege === 'rootless' ? wrapper(t) : nsinit;
	const supervisor = startSupervisor({path, stdin: 'ignore', stdout: 'ignore', stderr: 'inherit'});
	t.teardown(async () => supervisor.close());
	return supervisor;
};

/** A container with an overlay root over busybox; `state` is removed with it. */
export const planFor = (t: ExecutionContext, privilege: Privilege, argv: string[], changes: Partial<Plan> = {}): Plan & {state: string} => {
	// One below the test's own: who removes a directory must be able to write the one above.
	const state = ownDirectory(join(directoryFor(t, privilege), 'state'), privilege);
	const upper = ownDirectory(join(state, 'upper'), privilege);
	const work = ownDirectory(join(state, 'work'), privilege);
	const rootless = privilege === 'rootless';
	return {
		state,
		namespaces: ['mount', 'uts', 'ipc', 'pid', 'network', ...(rootless ? ['user' as const] : [])],
		join: [],
		...(rootless ? {userMap: {uids: [{inside: 0, outside: outsideUid, count: 1}], gids: [{inside: 0, outside: outsideGid, count: 1}], denySetgroups: true}} : {}),
		streams: {stdin: 'null', stdout: 'pipe', stderr: 'pipe'},
		terminal: false,
		init: false,
		cgroups: [],
		remove: [state],
		create: [
			{op: 'propagation', target: '/'},
			{op: 'overlay', target: '/', lowers: [layer], upper, work, options: rootless ? ['userxattr'] : [], root: true},
			{op: 'mount', type: 'proc', target: '/proc', create: 'directory', attributes: ['nosuid', 'nodev', 'noexec']},
			{op: 'hostname', name: 'westeros'},
			{op: 'loopback'},
			{op: 'pivot'},
		],
		start: [{op: 'exec', argv, env: ['PATH=/bin:/sbin:/usr/bin']}],
		...changes,
	};
};

export interface Result {
	stdout: string;
	stderr: string;
	exit: Exit;
}

/** Run a plan whose outputs are pipes to its end. */
export const runPlan = async (supervisor: Pick<Supervisor, 'launch'>, plan: Plan, options: LaunchOptions = {}): Promise<Result> => {
	const launch = supervisor.launch(plan, options);
	const {stdout, stderr} = await launch.streams;
	const [out, err, exit] = await Promise.all([stdout === undefined ? '' : text(stdout), stderr === undefined ? '' : text(stderr), launch.exited]);
	await launch.released;
	return {stdout: out, stderr: err, exit};
};

/** Whether process `pid` is there and no zombie. */
export const isRunning = (pid: number): boolean => {
	try {
		return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
	} catch {
		return false;
	}
};

/** Wait until `condition` holds; fails the test after 120 s. */
export const until = async (t: ExecutionContext, condition: () => boolean): Promise<void> => {
	for (const deadline = Date.now() + 120_000; !condition();) {
		if (Date.now() > deadline) {
			return t.fail('waited 120 s in vain');
		}

		await new Promise(done => setTimeout(done, 10));
	}
};

/** The open descriptors of a process once it waits for something: after its last word it may still be closing some. */
export const descriptorsOf = async (t: ExecutionContext, pid: number): Promise<number> => {
	await until(t, () => /^State:\s+S/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')));
	return readdirSync(`/proc/${pid}/fd`).length;
};

