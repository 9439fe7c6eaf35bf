/**
 * What the contract suite runs against: every driver with every privilege that can be had here. Payloads are busybox
 * scripts, run by the real helper in a root that the driver made.
 */

import {chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, statSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import type {LaunchOptions} from '../../../orchestrator/helper/launch-options.js';
import {removeTree} from '../../../orchestrator/container/store/remove-tree.js';
import type {RootRequest, StorageDriver} from '../../../orchestrator/storage/driver.js';
import type {BranchPlace} from '../../../orchestrator/storage/memory.js';
import {layOutRoot} from '../../../orchestrator/storage/root.js';
import {drivers} from '../../../orchestrator/storage/select.js';
import {reachable} from '../../helper/reachable.js';
import {type Privilege, privileges, runPlan, supervisorFor} from '../../helper/support.js';

const NOBODY = 65_534;
const asRoot = process.geteuid?.() === 0;

/** Readable for the user that the rootless ones run as, wherever this clone lies. */
export const busybox = reachable('build/layers/busybox');

export interface Subject {
	driver: StorageDriver;
	privilege: Privilege;
	privileged: boolean;
	/** As it is shown. */
	title: string;
	/** Why it can't be tested here. */
	unavailable: string | undefined;
}

export const subjects: Subject[] = drivers.flatMap(driver => (['root', 'rootless'] as const).map(privilege => {
	const privileged = privilege === 'root';
	return {
		driver, privilege, privileged,
		title: `${driver.name}, ${privileged ? 'as root' : 'in a user namespace'}`,
		unavailable: privileges.includes(privilege) ? driver.unavailable({dataRoot: tmpdir(), privileged}) : 'only root can test it',
	};
}));

const skip = (title: string, why: string): void => {
	test.skip(`${title} (${why})`, t => {
		t.pass();
	});
};

for (const {title, unavailable} of subjects) {
	if (unavailable !== undefined) {
		skip(`${title}: the whole contract`, unavailable);
	}
}

/** A test of the contract, for every subject that can be had. `unless` says for whom the rule isn't made, and why. */
export const contract = (title: string, run: (t: ExecutionContext, subject: Subject) => Promise<void>, unless: (subject: Subject) => string | undefined = () => undefined): void => {
	for (const subject of subjects.filter(({unavailable}) => unavailable === undefined)) {
		const why = unless(subject);
		if (why === undefined) {
			test(`${subject.title}: ${title}`, async t => {
				await run(t, subject);
			});
		} else {
			skip(`${subject.title}: ${title}`, why);
		}
	}
};

/** A directory of the test's own. */
export const scratch = (t: ExecutionContext, subject: Subject): string => {
	const directory = mkdtempSync(join(tmpdir(), 'cloche-storage-'));
	t.teardown(() => {
		removeTree(directory);
	});
	give(directory, subject);
	return directory;
};

/** Hand a tree that this process made to the user that the subject runs as. */
export const give = (path: string, {privileged}: Subject): void => {
	if (!asRoot || privileged) {
		return;
	}

	giveOne(path);
	for (const entry of readdirSync(path, {recursive: true, withFileTypes: true})) {
		if (!entry.isSymbolicLink()) {
			giveOne(join(entry.parentPath, entry.name));
		}
	}
};

/** chown(2) takes the set-user-ID bit away, so the mode is set again. */
const giveOne = (path: string): void => {
	const {mode} = statSync(path);
	chownSync(path, NOBODY, NOBODY);
	chmodSync(path, mode & 0o7777);
};

export interface Container {
	/** Its state directory, made if it isn't there. */
	directory: string;
	/** Topmost first; busybox is put below them unless `bare`. */
	lowers: string[];
	bare?: boolean;
	keep?: boolean;
	hidden?: string[];
	/** On disk, where a test can look at it, unless said otherwise. */
	branch?: BranchPlace;
	launch?: LaunchOptions;
}

/** The user namespace of a subject without privilege: one id, the caller's. */
const userMap = () => {
	const uid = asRoot ? NOBODY : process.geteuid?.() ?? 0;
	const gid = asRoot ? NOBODY : process.getegid?.() ?? 0;
	return {uids: [{inside: 0, outside: uid, count: 1}], gids: [{inside: 0, outside: gid, count: 1}], denySetgroups: true};
};

/** Run a script in a container whose root the driver makes; its output, which must not hold an error. */
export const inside = async (t: ExecutionContext, subject: Subject, {directory, lowers, bare = false, keep = false, hidden = [], branch = 'disk', launch}: Container, script: string): Promise<string> => {
	const {driver, privilege, privileged} = subject;
	mkdirSync(directory, {recursive: true});
	const request: RootRequest = {lowers: bare ? lowers : [...lowers, busybox], directory, keep, privileged, attributes: ['nodev']};
	const root = layOutRoot(request, {dataRoot: tmpdir(), privileged, wanted: driver.name, branch, hidden});
	await root.prepare();
	give(directory, subject);
	const {stdout, stderr, exit} = await runPlan(supervisorFor(t, privilege), {
		namespaces: ['mount', 'pid', ...(privileged ? [] : ['user' as const])],
		join: [],
		...(privileged ? {} : {userMap: userMap()}),
		streams: {stdin: 'null', stdout: 'pipe', stderr: 'pipe'},
		terminal: false,
		init: false,
		cgroups: [],
		remove: [],
		create: [{op: 'propagation', target: '/'}, ...root.operations, {op: 'pivot'}],
		start: [{op: 'exec', argv: ['sh', '-euc', script], env: ['PATH=/bin:/sbin:/usr/bin:/usr/sbin']}],
	}, launch);
	t.is(stderr, '');
	t.is(exit.code, 0, stdout);
	return stdout;
};
