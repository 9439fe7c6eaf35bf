/**
 * `leftovers.ts before FILE` writes down what the kernel and the disk hold; `leftovers.ts after FILE` compares.
 *
 * `make test` runs it around the tests: whatever they did, killed or broke, nothing may be left. The kernel ends mount
 * and network namespaces asynchronously, so `after` looks again until the difference is gone, for at most 20 seconds.
 */

import {lstat, readFile, readdir, readlink, writeFile} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {execa} from 'execa';

const PATIENCE_MS = 20_000;

/** What is there, each thing by its name; what is said of it helps a reader to find it. */
type Things = Map<string, string>;

const named = (names: Iterable<string>): Things => new Map([...names].map(name => [name, name]));

interface Collector {
	collect: () => Promise<Things>;
	/** Whether what has gone is a difference, too: nothing of the machine's own may vanish. */
	both?: boolean;
}

/** What isn't there, or isn't ours to see, holds nothing. */
async function orElse<Result>(result: Promise<Result>, otherwise: Result): Promise<Result> {
	try {
		return await result;
	} catch (error) {
		if (error instanceof Error && 'code' in error && ['ENOENT', 'EACCES', 'EPERM', 'ESRCH', 'ENOTDIR', 'EINVAL'].includes(String(error.code))) {
			return otherwise;
		}

		throw error;
	}
}

const readText = async (file: string): Promise<string> => orElse(readFile(file, 'utf8'), '');
const list = async (directory: string): Promise<string[]> => orElse(readdir(directory), []);
const linesOf = (text: string): string[] => text.split('\n').filter(line => line !== '');

/** Mount points with their file systems: proc_pid_mountinfo(5), without the numbers. */
async function collectMounts(): Promise<Things> {
	const lines = linesOf(await readText('/proc/self/mountinfo'));
	// The same mount may stand there twice, and one of the two be left: they are counted.
	const counts = new Map<string, number>();
	return named(lines.map(line => {
		const [, , , root = '', point = '', ...rest] = line.split(' ');
		const [type = '', source = ''] = rest.slice(rest.indexOf('-') + 1);
		const mount = `${point} (${type} ${source}${root === '/' ? '' : ` ${root}`})`;
		const count = (counts.get(mount) ?? 0) + 1;
		counts.set(mount, count);
		return count === 1 ? mount : `${mount} × ${count}`;
	}));
}

interface Process {
	pid: string;
	command: string;
}

/** Processes that may be ours: in our own cgroup, or in one that we made. What a machine does beside us doesn't count. */
async function listProcesses(): Promise<Process[]> {
	const ours = await readText('/proc/self/cgroup');
	const pids = (await list('/proc')).filter(name => /^\d+$/.test(name));
	const processes = await Promise.all(pids.map(async pid => {
		const cgroup = await readText(`/proc/${pid}/cgroup`);
		const command = (await readText(`/proc/${pid}/cmdline`)).replaceAll('\0', ' ').trim();
		const mine = cgroup !== '' && (cgroup === ours || cgroup.includes('cloche'));
		return mine ? {pid, command} : undefined;
	}));
	return processes.filter(process => process !== undefined);
}

/** Namespaces that such a process is in, or keeps open. */
async function collectNamespaces(): Promise<Things> {
	const found: Things = new Map();
	await Promise.all((await listProcesses()).map(async ({pid, command}) => {
		for (const directory of [`/proc/${pid}/ns`, `/proc/${pid}/fd`]) {
			for (const name of await list(directory)) {
				const target = await orElse(readlink(path.join(directory, name)), '');
				if (/^(?:mnt|net|pid|uts|ipc|user|cgroup|time):\[/.test(target)) {
					found.set(target, `${target} of process ${pid} (${command})`);
				}
			}
		}
	}));
	return found;
}

/** The helper and what tests run in containers. */
async function collectProcesses(): Promise<Things> {
	const found = await Promise.all((await listProcesses()).map(async ({pid, command}) => {
		const name = (await readText(`/proc/${pid}/comm`)).trim();
		const executable = path.basename((await orElse(readlink(`/proc/${pid}/exe`), '')).replace(/ \(deleted\)$/, ''));
		return [name, executable].some(word => word === 'nsinit' || word === 'probe') ? `${pid} ${name} (${command})` : undefined;
	}));
	return named(found.filter(line => line !== undefined));
}

/** Where packets go, and whether this machine passes them on. Routes say `linkdown` as carriers come and go. */
async function collectRoutes(): Promise<Things> {
	const routes = await Promise.all(['-4', '-6'].map(async family => {
		const {stdout, failed} = await execa('ip', [family, 'route', 'show', 'table', 'all'], {reject: false});
		return failed ? [] : linesOf(stdout).map(line => line.replaceAll(/ (?:linkdown|expires \S+)/g, '').trim());
	}));
	const forwarding = ['ipv4/ip_forward', 'ipv6/conf/all/forwarding'].map(async name => `${name} ${(await readText(`/proc/sys/net/${name}`)).trim()}`);
	return named([...routes.flat(), ...await Promise.all(forwarding)]);
}

async function collectRules(): Promise<Things> {
	if (process.geteuid?.() !== 0) {
		return new Map();
	}

	// -s: without counters, which change by themselves.
	const {stdout, failed, code} = await execa('nft', ['-s', 'list', 'ruleset'], {reject: false});
	if (failed && code !== 'ENOENT') {
		process.stderr.write('leftovers: nft lists nothing here, so rules are not compared\n');
	}

	let table = '';
	return named((failed ? [] : linesOf(stdout)).filter(line => line.trim() !== '}').map(line => {
		table = line.startsWith('table') ? line : table;
		return line === table ? line : `${table} ${line.trim()}`;
	}));
}

/** cgroup directories, but for those that systemd makes and removes as it likes. */
async function collectCgroups(directory = '/sys/fs/cgroup'): Promise<Things> {
	const entries = await orElse(readdir(directory, {withFileTypes: true}), []);
	const found = new Set<string>();
	for (const entry of entries) {
		if (entry.isDirectory() && !/\.(?:slice|scope|service|mount|socket|swap)$/.test(entry.name)) {
			const below = path.join(directory, entry.name);
			found.add(below);
			for (const deeper of (await collectCgroups(below)).keys()) {
				found.add(deeper);
			}
		}
	}

	return named(found);
}

/** Our state directories (claims, names, containers, branches), to a depth at which a container's own files begin. */
async function collectState(): Promise<Things> {
	const {env} = process;
	const roots = ['/var/lib/cloche', '/run/cloche', path.join(env['XDG_DATA_HOME'] ?? path.join(os.homedir(), '.local/share'), 'cloche')];
	roots.push(...[env['XDG_RUNTIME_DIR'], env['CLOCHE_ROOT']].filter(root => root !== undefined).map(root => path.join(root, 'cloche')));
	const found = new Set<string>();
	for (const root of roots) {
		// Layers that were built stay: they are a cache, and named by what is in them.
		for (const kind of (await list(root)).filter(name => name !== 'layers')) {
			for (const name of await list(path.join(root, kind))) {
				found.add(path.join(root, kind, name));
			}
		}
	}

	for (const directory of [os.tmpdir(), '/dev/shm', '/run']) {
		for (const name of (await list(directory)).filter(entry => /^\.?(?:cloche|nsinit|probe)/.test(entry) && path.join(directory, entry) !== '/run/cloche')) {
			const file = path.join(directory, name);
			const uid = await orElse(lstat(file).then(status => status.uid), undefined);
			// An ordinary user leaves nothing of somebody else's.
			if (uid === process.geteuid?.() || process.geteuid?.() === 0) {
				found.add(file);
			}
		}
	}

	return named(found);
}

async function collectIpc(): Promise<Things> {
	const found = new Set<string>();
	for (const kind of ['msg', 'sem', 'shm']) {
		for (const line of linesOf(await readText(`/proc/sysvipc/${kind}`)).slice(1)) {
			const [key, id] = line.trim().split(/\s+/);
			found.add(`${kind} key ${key ?? ''} id ${id ?? ''}`);
		}
	}

	return named(found);
}

/** What the machine is called: a test whose plan shares the uts namespace could rename it. */
async function collectNames(): Promise<Things> {
	const names = ['hostname', 'domainname'].map(async name => `${name} ${(await readText(`/proc/sys/kernel/${name}`)).trim()}`);
	return named(await Promise.all(names));
}

const collectors: Record<string, Collector> = {
	name: {collect: collectNames, both: true},
	mount: {collect: collectMounts, both: true},
	namespace: {collect: collectNamespaces},
	process: {collect: collectProcesses},
	link: {collect: async () => named(await list('/sys/class/net')), both: true},
	'route or forwarding': {collect: collectRoutes, both: true},
	'nft rule': {collect: collectRules, both: true},
	cgroup: {collect: async () => collectCgroups(), both: true},
	state: {collect: collectState},
	'System V object': {collect: collectIpc},
};

type Snapshot = Record<string, Record<string, string>>;

async function takeSnapshot(): Promise<Snapshot> {
	const entries = Object.entries(collectors).map(async ([kind, {collect}]) => [kind, Object.fromEntries(await collect())] as const);
	return Object.fromEntries(await Promise.all(entries));
}

function compare(before: Snapshot, after: Snapshot): string[] {
	return Object.entries(collectors).flatMap(([kind, {both}]) => {
		const [old, now] = [before[kind] ?? {}, after[kind] ?? {}];
		const added = Object.entries(now).filter(([name]) => !(name in old)).map(([, words]) => `  left over  ${kind}: ${words}`);
		const gone = Object.entries(old).filter(([name]) => !(name in now)).map(([, words]) => `  vanished   ${kind}: ${words}`);
		return both === true ? [...added, ...gone] : added;
	});
}

async function compareUntilClean(before: Snapshot): Promise<string[]> {
	const deadline = Date.now() + PATIENCE_MS;
	for (let pause = 20; ; pause = Math.min(2 * pause, 1000)) {
		const differences = compare(before, await takeSnapshot());
		if (differences.length === 0 || Date.now() > deadline) {
			return differences;
		}

		await sleep(pause);
	}
}

const [when, file] = process.argv.slice(2);
if (when === 'before' && file !== undefined) {
	await writeFile(file, JSON.stringify(await takeSnapshot()));
} else if (when === 'after' && file !== undefined) {
	const differences = await compareUntilClean(JSON.parse(await readFile(file, 'utf8')) as Snapshot);
	process.stdout.write(differences.length === 0 ? 'nothing is left over\n' : `not as before the tests:\n${differences.join('\n')}\n`);
	process.exitCode = differences.length === 0 ? 0 : 1;
} else {
	process.stderr.write('usage: leftovers.ts before|after FILE\n');
	process.exitCode = 2;
}
