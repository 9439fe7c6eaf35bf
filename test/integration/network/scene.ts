/** A network namespace and a state root of a test's own, so that the machine's links, rules and forwarding stay as they are. */

import {type ChildProcess, execFileSync, spawn} from 'node:child_process';
import {chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, symlinkSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {cloche, directoryOf, type Ended, Running} from '../support/cloche.js';
import {command} from '../support/installed.js';
import {until} from '../support/marked.js';
import {type Place, placeOf} from '../support/place.js';
import {base, people, type Person, skip} from '../support/who.js';

/** Where a program of the machine is. */
const find = (name: string): string | undefined => ['/usr/sbin', '/usr/bin', '/sbin', '/bin'].map(directory => `${directory}/${name}`).find(path => existsSync(path));

/** A process that does nothing but be in a network namespace of its own, with lo up and without forwarding. */
export class Namespace {
	readonly process: ChildProcess;

	private constructor() {
		this.process = spawn('unshare', ['--net', 'sleep', 'infinity'], {stdio: 'ignore'});
	}

	static async make(): Promise<Namespace> {
		const made = new Namespace();
		await until(() => existsSync(made.path) && readlinkSync(made.path) !== readlinkSync('/proc/self/ns/net') && readFileSync(`/proc/${made.pid}/comm`, 'latin1') === 'sleep\n');
		made.run('ip', 'link', 'set', 'lo', 'up');
		made.run('sh', '-c', 'echo 0 > /proc/sys/net/ipv4/ip_forward');
		return made;
	}

	get pid(): number {
		return this.process.pid ?? 0;
	}

	get path(): string {
		return `/proc/${this.pid}/ns/net`;
	}

	/** The words that go before a program's. */
	get enter(): string[] {
		return [find('nsenter') ?? 'nsenter', `--net=${this.path}`, '--'];
	}

	/** What a program prints in it. */
	run(...words: string[]): string {
		const [nsenter = '', ...rest] = [...this.enter, ...words];
		return execFileSync(nsenter, rest, {encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], env: {PATH: '/usr/sbin:/usr/bin:/sbin:/bin'}});
	}

	/** Whether it ends well. */
	succeeds(...words: string[]): boolean {
		try {
			this.run(...words);
			return true;
		} catch {
			return false;
		}
	}

	end(): void {
		this.process.kill('SIGKILL');
	}
}

export interface Scene {
	t: ExecutionContext;
	net: Namespace;
	root: string;
	/** Of processes that are in the namespace themselves; and it removes what containers are left where a test fails. */
	place: Place;
	run: (words: readonly string[], env?: Readonly<Record<string, string>>) => Promise<Ended>;
	well: (...words: string[]) => Promise<string>;
	/** One that has to fail as ours; its line. */
	ill: (...words: string[]) => Promise<string>;
	begin: (words: readonly string[], env?: Readonly<Record<string, string>>) => Running;
	/** All that the kernel holds of networks. */
	kernel: () => string;
	/** A directory in which programs of our own stand before those of the machine. */
	programs: (texts: Readonly<Record<string, string>>) => {PATH: string};
}

/** What changes by itself is left out: indices, and whether a bridge has a carrier. */
export const kernelOf = (net: Namespace): string => [
	net.run('ip', '-o', 'link').replaceAll(/^\d+: |<.*>|qdisc.*$/gm, ''),
	net.run('ip', 'route', 'show', 'table', 'all').replaceAll(/ linkdown|^.*fe80:.*\n|^multicast ff00.*\n/gm, ''),
	net.run('nft', '-s', 'list', 'ruleset'),
	net.run('cat', '/proc/sys/net/ipv4/ip_forward'),
].join('\n');

const makeScene = (t: ExecutionContext, net: Namespace, person: Person): Scene => {
	const directory = directoryOf('root');
	const root = join(directory, 'state');
	const invocation = (env: Readonly<Record<string, string>> = {}) => ({as: 'root' as const, program: [...net.enter, command], env: {CLOCHE_ROOT: root, ...env}});
	const run: Scene['run'] = async (words, env) => cloche(words, invocation(env));
	return {
		t, net, root, run,
		place: placeOf(t, person, root),
		async well(...words) {
			const {status, stdout, stderr} = await run(words);
			t.is(status, 0, `${words.join(' ')}\n${stderr}`);
			return stdout.trim();
		},
		async ill(...words) {
			const {status, stdout, stderr} = await run(words);
			t.is(status, 125, `${words.join(' ')}\n${stderr}`);
			t.is(stdout, '');
			t.regex(stderr, /^cloche: [^\n]+\n$/);
			return stderr;
		},
		begin: (words, env) => new Running(words, invocation(env)),
		kernel: () => kernelOf(net),
		programs(texts) {
			const bin = join(directoryOf('root'), 'bin');
			mkdirSync(bin);
			for (const [name, text] of Object.entries(texts)) {
				writeFileSync(join(bin, name), text);
				chmodSync(join(bin, name), 0o755);
			}

			return {PATH: `${bin}:/usr/sbin:/usr/bin:/sbin:/bin`};
		},
	};
};

/** A directory with links to some programs, and no other; anybody can read it. */
export const onlyPrograms = (...names: string[]): {PATH: string} => {
	const bin = mkdtempSync(join(base, 'bin-'));
	chmodSync(bin, 0o755);
	for (const name of names) {
		symlinkSync(name === 'node' ? process.execPath : find(name) ?? '', join(bin, name));
	}

	return {PATH: bin};
};

const missing = ['ip', 'nft', 'unshare', 'nsenter'].filter(name => find(name) === undefined);

/** What is lacking here for tests of networks. */
export const lacking = people.root === undefined ? 'root' : missing.length > 0 ? missing.join(', ') : undefined;

/** A test in a network namespace of its own, which has to be at its end as it was before. */
export const scene = (title: string, show: (scene: Scene) => Promise<void>): void => {
	const person = people.root;
	if (lacking !== undefined || person === undefined) {
		skip(title, `it needs ${lacking ?? 'root'}`);
		return;
	}

	test(title, async t => {
		const net = await Namespace.make();
		try {
			const made = makeScene(t, net, person);
			const before = made.kernel();
			await show(made);
			// Links to namespaces that have ended vanish a moment later.
			await until(() => made.kernel() === before, undefined, 10).catch(() => undefined);
			t.is(made.kernel(), before, 'the machine is as it was');
		} finally {
			net.end();
		}
	});
};
