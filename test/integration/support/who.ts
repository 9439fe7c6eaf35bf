/** Who runs a test: root, and an ordinary user whom nobody else is, with a home of its own. */

import {chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'ava';
import {removeTree} from '../../../orchestrator/container/store/remove-tree.js';
import {isPrivileged} from '../../../orchestrator/host/privilege.js';

export type Who = 'root' | 'user';

export interface Person {
	who: Who;
	uid: number;
	gid: number;
	/** Whether this process has to become somebody else to be it. */
	other: boolean;
	/** A directory that only it can enter. */
	home: string;
	/** All of its environment. */
	env: Readonly<Record<string, string>>;
}

const own = {uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0};

const isTaken = (uid: number): boolean => ['/etc/passwd', '/etc/subuid', '/etc/group', '/etc/subgid'].some(path => existsSync(path)
	&& readFileSync(path, 'utf8').split('\n').some(line => line.split(':').includes(String(uid))));

/** No account has it, so that there is nobody whose processes or files could be confused with it. */
const unusedUid = (): number => {
	let uid = 47_110;
	while (isTaken(uid)) {
		uid++;
	}

	return uid;
};

/** The base of everything that this file's tests make; anybody may pass through. */
export const base = mkdtempSync(join(tmpdir(), 'cloche-test-'));
chmodSync(base, 0o711);
// Not test.after.always, which isn't called where a test ran into AVA's time limit.
process.once('exit', () => {
	removeTree(base);
});

/** A directory below the base that belongs to `uid` alone. */
const ownDirectory = (name: string, {uid, gid}: {uid: number; gid: number}): string => {
	const directory = join(base, name);
	mkdirSync(directory, {mode: 0o700});
	if (uid !== own.uid) {
		chownSync(directory, uid, gid);
	}

	return directory;
};

/** Someone with a home below the base. */
export const personOf = (who: Who, name: string, ids: {uid: number; gid: number}): Person => {
	const home = ownDirectory(name, ids);
	return {who, ...ids, home, other: ids.uid !== own.uid, env: {PATH: process.env['PATH'] ?? '/usr/bin:/bin', HOME: home}};
};

/** Root, where these tests are it; and an ordinary user: an unused uid, or where these tests aren't root, whoever runs them. */
export const people: Readonly<Partial<Record<Who, Person>>> = isPrivileged()
	? {root: personOf('root', 'root', own), user: personOf('user', 'user', {uid: unusedUid(), gid: unusedUid()})}
	: {user: personOf('user', 'user', own)};

/** A test that is told why it can't be run here: the title says it. */
export const skip = (title: string, why: string): void => {
	test.skip(`${title} (skipped: ${why})`, t => {
		t.fail();
	});
};
