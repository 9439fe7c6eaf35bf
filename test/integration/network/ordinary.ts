/** An ordinary user of a test's own, whom nobody else is: so whatever process is his in the end, or whatever file, was left behind. */

import {readdirSync, readFileSync, statSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {directoryOf, type Ended, type Invocation, remains, Running} from '../support/cloche.js';
import {command} from '../support/installed.js';
import {readProc, until} from '../support/marked.js';
import {isThere} from '../support/place.js';
import {people, type Person, personOf, skip} from '../support/who.js';

/** What is told where there is no way out: most of these tests need none. */
export const NO_WAY_OUT = /^cloche: containers have no way out of their networks: [^\n]+; [^\n]+\n/;

export interface Ordinary {
	t: ExecutionContext;
	as: Person;
	/** His state root. */
	root: string;
	/** A path below that. */
	file: (...names: string[]) => string;
	/** How his commands are called. */
	invocation: (env?: Readonly<Record<string, string>>) => Invocation;
	/** A command to its end. */
	run: (words: readonly string[], env?: Readonly<Record<string, string>>) => Promise<Ended>;
	/** The same for one that has to end well, and to say nothing but that there is no way out; what it printed. */
	well: (...words: string[]) => Promise<string>;
	/** One that has to fail as ours; its line. */
	ill: (...words: string[]) => Promise<string>;
	begin: (...words: string[]) => Running;
	/** All his processes, but for those that only wait to be reaped. */
	processes: () => number[];
	/** Of these, the keepers of his networks. */
	keepers: () => number[];
	/** The FIFOs of keepers. */
	presences: () => string[];
}

/** Far from all accounts, and from the ids that are granted to some. */
const FIRST_UID = 2_000_000_000;
const FIRST_GRANTED = 1_000_000_000;
const GRANTED = 65_536;
let count = 0;

const newPerson = (): Person => {
	const uid = FIRST_UID + process.pid % 100_000 * 100 + count++;
	return personOf('user', `ordinary-${uid}`, {uid, gid: uid});
};

/** The ids that {@link granted} gives him beside his own. */
const grantOf = ({uid}: Person): number => FIRST_GRANTED + uid % 10_000 * GRANTED;

/**
 * What goes before his commands, so that for these alone he has an account, and ids beside his own: for who has /etc to himself
 * (newuidmap knows only who has an account).
 */
export const granted = (as: Person): string => {
	const directory = directoryOf('root');
	const lines = {
		passwd: `${readFileSync('/etc/passwd', 'utf8')}ordinary:x:${as.uid}:${as.gid}::${as.home}:/bin/sh\n`,
		subuid: `ordinary:${grantOf(as)}:${GRANTED}\n`,
		subgid: `ordinary:${grantOf(as)}:${GRANTED}\n`,
	};
	return Object.entries(lines).map(([name, text]) => {
		writeFileSync(join(directory, name), text, {mode: 0o644});
		return `mount --bind ${join(directory, name)} /etc/${name}`;
	}).join('\n');
};

/** Words that make a mount namespace, change what is seen in it as root, and go on as him. */
export const inMounts = ({uid, gid}: Person, script: string): string[] => ['unshare', '--mount', 'sh', '-ec', `${script}\nexec "$@"`, 'sh', 'setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--'];

const ownerOf = (pid: number): number => Number(/^Uid:\t(\d+)/m.exec(readProc(`${pid}/status`))?.[1] ?? -1);

const namesIn = (path: string): string[] => {
	try {
		return readdirSync(path);
	} catch {
		return [];
	}
};

/** @param before words that root says before his commands: they have to go on as him */
const ordinaryPlace = (t: ExecutionContext, as: Person, before: readonly string[]): Ordinary => {
	const root = join(directoryOf(as), 'state');
	const [first, last] = [grantOf(as), grantOf(as) + GRANTED];
	const isHis = (pid: number): boolean => {
		const owner = ownerOf(pid);
		return owner === as.uid || (owner >= first && owner < last);
	};
	const processes = (): number[] => readdirSync('/proc').filter(name => /^\d/.test(name)).map(Number).filter(pid => isHis(pid) && isThere(pid));
	const invocation: Ordinary['invocation'] = (env = {}) => ({
		...(before.length === 0 ? {as} : {as: {...as, other: false}, program: [...before, command]}),
		env: {CLOCHE_ROOT: root, ...env},
	});
	const run: Ordinary['run'] = async (words, env) => new Running(words, invocation(env)).ended;
	return {
		t, as, root, run, invocation, processes,
		file: (...names) => join(root, ...names),
		async well(...words) {
			const {status, stdout, stderr} = await run(words);
			t.deepEqual([status, stderr.replace(NO_WAY_OUT, '')], [0, ''], words.join(' '));
			return stdout.trim();
		},
		async ill(...words) {
			const {status, stderr} = await run(words);
			const line = stderr.replace(NO_WAY_OUT, '');
			t.is(status, 125, `${words.join(' ')}\n${stderr}`);
			t.regex(line, /^cloche: [^\n]+\n$/);
			return line;
		},
		begin: (...words) => new Running(words, invocation()),
		keepers: () => processes().filter(pid => readProc(`${pid}/cmdline`).startsWith('nsinit\0--keep\0')),
		presences: () => namesIn(join(root, 'networks/.parents')).filter(name => statSync(join(root, 'networks/.parents', name), {throwIfNoEntry: false})?.isFIFO()),
	};
};

const commandLine = (pid: number): string => `${pid} ${readProc(`${pid}/cmdline`).replaceAll('\0', ' ')}`;

/** Nothing of his runs any more. */
export const allGone = async ({processes}: Ordinary): Promise<void> => until(() => processes().length === 0, () => processes().map(pid => commandLine(pid)).join(', '));

/** Nobody else can become another. */
const lacking = people.root === undefined ? 'root, who becomes an ordinary user' : undefined;

export interface OrdinaryOptions {
	/** What goes before his commands; he is who runs them at the end. */
	before?: (as: Person) => Promise<string[]> | string[];
	/** What isn't here, of what it needs. */
	lacks?: string | undefined;
}

/** A test as an ordinary user: when it has ended no process is his, and his state root has no container. */
export const ordinary = (title: string, show: (scene: Ordinary) => Promise<void>, {before = () => [], lacks = lacking}: OrdinaryOptions = {}): void => {
	if (lacking !== undefined || lacks !== undefined) {
		skip(title, `it needs ${lacking ?? lacks ?? ''}`);
		return;
	}

	test(title, async t => {
		const as = newPerson();
		const place = ordinaryPlace(t, as, await before(as));
		try {
			await show(place);
			await allGone(place);
			t.deepEqual(place.presences(), []);
			t.deepEqual(remains(place.root), []);
		} finally {
			for (const pid of place.processes()) {
				try {
					process.kill(pid, 'SIGKILL');
				} catch {
					// It went with another.
				}
			}
		}
	});
};
