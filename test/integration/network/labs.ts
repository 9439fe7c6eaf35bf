/** Labs, as root and as an ordinary user, on a machine of a test's own: a network namespace whose links, routes and rules can be looked at. */

import {chownSync, existsSync, readdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {directoryOf, type Ended, present, remains, Running} from '../support/cloche.js';
import {command} from '../support/installed.js';
import {installLibrary} from '../support/library.js';
import {gone, killMarked, MARK, newMark, readProc, until} from '../support/marked.js';
import {isThere} from '../support/place.js';
import {type Person, skip} from '../support/who.js';
import {kernelOf, lacking, Namespace} from './scene.js';

type Env = Readonly<Record<string, string>>;

export interface LabScene {
	t: ExecutionContext;
	as: Person;
	/** This machine, for its commands. */
	net: Namespace;
	root: string;
	/** A directory of the person's own. */
	directory: string;
	run: (words: readonly string[], env?: Env) => Promise<Ended>;
	/** One that has to end well, and to say nothing; what it printed. */
	well: (...words: string[]) => Promise<string>;
	/** One that has to fail as ours, and to print nothing; its line. */
	ill: (...words: string[]) => Promise<string>;
	begin: (...words: string[]) => Running;
	/** A command with its standard input. */
	feed: (input: string | Uint8Array, ...words: string[]) => Promise<Ended>;
	/** A program that has `cloche` and `openCloche` of the library. */
	program: (source: string) => Running;
	/** A file in that directory; its path. */
	write: (name: string, content: unknown) => string;
	/** All that the kernel holds of networks on this machine. */
	kernel: () => string;
	/** The keepers of this state root's labs. */
	keepers: () => number[];
	/** What the state root holds of networks. */
	networks: () => string[];
	/** Wait until nothing of labs and containers is left. */
	nothing: () => Promise<void>;
}

const namesIn = (path: string): string[] => existsSync(path) ? readdirSync(path) : [];

export interface LabOptions {
	/** Words that root says before the person's commands. */
	before?: (as: Person) => readonly string[];
	/** What isn't here, of what it needs. */
	lacks?: string | undefined;
}

const makeScene = (t: ExecutionContext, as: Person, net: Namespace, before: readonly string[]): LabScene & {mark: string} => {
	const directory = directoryOf(as);
	const root = join(directory, 'state');
	const mark = newMark();
	const person = as.other ? ['/usr/bin/setpriv', `--reuid=${as.uid}`, `--regid=${as.gid}`, '--clear-groups', '--'] : [];
	const invocation = (env: Env = {}, program: readonly string[] = [command]) => ({as: {...as, other: false}, program: [...net.enter, ...before, ...person, ...program], env: {CLOCHE_ROOT: root, [MARK]: mark, ...env}, cwd: directory});
	const run: LabScene['run'] = async (words, env) => new Running(words, invocation(env)).ended;
	const keepers = (): number[] => readdirSync('/proc').filter(name => /^\d/.test(name)).map(Number)
		.filter(pid => readProc(`${pid}/cmdline`).startsWith(`nsinit\0--keep\0${root}/`) && isThere(pid));
	const networks = (): string[] => namesIn(join(root, 'networks')).filter(name => !name.startsWith('.'));
	return {
		t, as, net, root, directory, mark, run, keepers, networks,
		async well(...words) {
			const {status, stdout, stderr} = await run(words);
			t.deepEqual([status, stderr], [0, ''], words.join(' '));
			return stdout.trim();
		},
		async ill(...words) {
			const {status, stdout, stderr} = await run(words);
			t.deepEqual([status, stdout], [125, ''], `${words.join(' ')}\n${stderr}`);
			t.regex(stderr, /^cloche: [^\n]+\n$/);
			return stderr;
		},
		begin: (...words) => new Running(words, invocation()),
		feed: async (input, ...words) => new Running(words, {...invocation(), input}).ended,
		program: source => new Running(['--input-type=module', '-e', `import {cloche, openCloche} from ${JSON.stringify(installLibrary())};\n${source}`], invocation({}, [process.execPath])),
		write(name, content) {
			const path = join(directory, name);
			writeFileSync(path, typeof content === 'string' || content instanceof Uint8Array ? content : JSON.stringify(content));
			chownSync(path, as.uid, as.gid);
			return path;
		},
		kernel: () => kernelOf(net),
		async nothing() {
			await until(() => keepers().length === 0, () => `keepers ${keepers().join(', ')}`);
			await until(() => remains(root).length === 0, () => remains(root).join(', '));
			await gone(mark);
			t.deepEqual(networks(), []);
		},
	};
};

/** A test for root and one for an ordinary user; when it has ended nothing of it is left, and the machine is as it was. */
export const labs = (title: string, show: (scene: LabScene) => Promise<void>, {before = () => [], lacks}: LabOptions = {}): void => {
	const missing = lacking ?? lacks;
	for (const as of present) {
		if (missing !== undefined) {
			skip(`${as.who}: ${title}`, `it needs ${missing}`);
			continue;
		}

		test(`${as.who}: ${title}`, async t => {
			const net = await Namespace.make();
			const made = makeScene(t, as, net, before(as));
			try {
				const kernel = made.kernel();
				await show(made);
				await made.nothing();
				t.is(made.kernel(), kernel, 'the machine is as it was');
			} finally {
				await end(made);
				net.end();
			}
		});
	}
};

/** Where a test has failed: supervisors bear no mark. */
const end = async ({root, mark, run}: LabScene & {mark: string}): Promise<void> => {
	killMarked(mark);
	const ids = namesIn(join(root, 'containers')).filter(name => !name.includes('.'));
	if (ids.length > 0) {
		await run(['rm', '-f', ...ids]);
	}

	killMarked(mark);
};

export const SERVER = ['httpd', '-f', '-p', '[::]:80', '-h', '/etc'] as const;

/** What a container serves there, so that it is told from others: its host name. */
const GET = (host: string): string => `http://${host}/hostname`;

/** Not wget's own: busybox-static 1.35 crashes by -T. */
const getWithin = (seconds: number, host: string): string[] => ['timeout', `${seconds}`, 'wget', '-qO-', GET(host)];

/** What one container gets from another, as soon as that serves; its host name. */
export const gets = async ({run}: LabScene, from: string, host: string): Promise<string> => {
	let ended: Ended | undefined;
	await until(async () => {
		ended = await run(['exec', from, ...getWithin(10, host)]);
		return ended.status === 0;
	}, () => `${from} gets nothing from ${host}: ${ended?.status ?? ''} ${ended?.stderr ?? ''}`);
	return ended?.stdout.trim() ?? '';
};

/** That nothing comes from there, which serves by now: wget says no, or waits in vain. */
export const misses = async ({t, run}: LabScene, from: string, host: string): Promise<boolean> => {
	const {status, stdout} = await run(['exec', from, ...getWithin(1, host)]);
	t.true(status === 1 || status === 143, `${from} to ${host}: ${status ?? ''}`);
	return stdout === '';
};

/** Three networks: two that are routed, one of which is internal, and one by itself. Each container has a fixed address. */
export const TOPOLOGY = {
	name: 'demo',
	networks: {
		front: {subnet: ['10.1.0.0/24', 'fd01::/64']},
		back: {subnet: ['10.2.0.0/24', 'fd02::/64'], internal: true},
		side: {subnet: '10.3.0.0/24'},
	},
	router: ['front', 'back'],
	containers: {
		db: {image: 'busybox', command: SERVER, networks: {back: {ip: '10.2.0.10', ip6: 'fd02::10', alias: 'primary'}}},
		web: {image: 'busybox', command: SERVER, networks: {front: {ip: '10.1.0.10', ip6: 'fd01::10'}}},
		lone: {image: 'busybox', command: SERVER, networks: {side: {ip: '10.3.0.10'}}},
		both: {image: 'busybox', command: SERVER, networks: {side: {ip: '10.3.0.20'}, front: {ip: '10.1.0.20'}}},
	},
};

/** The smallest one. */
export const small = (members: object = {}): object => ({
	name: 'demo', networks: {net: {subnet: '10.1.0.0/24'}},
	containers: {one: {image: 'busybox', command: ['sleep', '1000'], networks: {net: {ip: '10.1.0.10'}}}, two: {image: 'busybox', command: ['sleep', '1000'], ...members}},
});
