/** An ordinary user whom /etc/subuid and /etc/subgid grant ranges of ids: more than one user inside, and all of it gone afterwards. */

import {execFileSync, spawnSync} from 'node:child_process';
import {existsSync, readdirSync, readFileSync, statSync} from 'node:fs';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {cloche, directoryOf, probed, ran, refused, remains, Running} from './support/cloche.js';
import {gone, killMarked, MARK, marked, nameOf, newMark, until} from './support/marked.js';
import {people, type Person, personOf, skip} from './support/who.js';

const lines = (path: string): string[][] => existsSync(path) ? readFileSync(path, 'utf8').split('\n').map(line => line.split(':')) : [];

/** Someone with an account, who was granted at least 65,536 ids of both kinds; us, where we aren't root. */
const grantee = (): Person | undefined => {
	const granted = (path: string): Set<string | undefined> => new Set(lines(path).filter(([, , count]) => Number(count) >= 65_536).map(([name]) => name));
	const [uids, gids] = [granted('/etc/subuid'), granted('/etc/subgid')];
	const accounts = lines('/etc/passwd').filter(([name]) => uids.has(name) && gids.has(name));
	const self = process.geteuid?.() ?? 0;
	const account = self === 0 ? accounts.find(([, , uid]) => Number(uid) > 0) : accounts.find(([, , uid]) => Number(uid) === self);
	return account === undefined ? undefined : personOf('user', 'grantee', {uid: Number(account[2]), gid: Number(account[3])});
};

const as = grantee();
const why = as === undefined ? 'nobody here is granted 65,536 ids in /etc/subuid and /etc/subgid'
	: spawnSync('newuidmap').error === undefined ? undefined : 'newuidmap isn\'t installed (package uidmap)';

const granted = (title: string, show: (t: ExecutionContext, as: Person) => Promise<void>): void => {
	if (as === undefined || why !== undefined) {
		skip(title, why ?? '');
	} else {
		test(title, async t => {
			await show(t, as);
		});
	}
};

granted('there are users beside root inside, each another one outside', async (t, person) => {
	const directory = directoryOf(person);
	execFileSync('chmod', ['777', directory]);
	t.deepEqual(await probed(t, ['-u', '1234:567'], ['uid', ',', 'gid', ',', 'gids'], {as: person}), ['1234 1234 1234', '567 567 567', '']);
	await ran(t, ['-u', '1234:567', '-v', `${directory}:/out`, 'busybox', 'touch', '/out/file'], {as: person});
	const {uid, gid} = statSync(join(directory, 'file'));
	const start = (path: string): number => Number(lines(path).find(([name]) => name === lines('/etc/passwd').find(([, , id]) => id === String(person.uid))?.[0])?.[1]);
	t.deepEqual([uid, gid], [start('/etc/subuid') + 1233, start('/etc/subgid') + 566]);
	await ran(t, ['-v', `${directory}:/out`, 'busybox', 'rm', '/out/file'], {as: person});
});

granted('root inside gives files away, changes groups, and becomes others', async (t, person) => {
	const script = 'touch /file && chown 33:8 /file && stat -c "%u %g" /file && su -s /bin/sh nobody -c "id -u" && su -s /bin/sh nobody -c "touch /etc/x" 2>/dev/null || echo denied';
	t.is(await ran(t, ['busybox', 'sh', '-c', script], {as: person}), '33 8\n65534\ndenied\n');
});

granted('what belongs to them is removed with the container, kept or killed', async (t, person) => {
	const root = join(directoryOf(person), 'state');
	const mark = newMark();
	const env = {CLOCHE_ROOT: root, [MARK]: mark};
	const script = 'mkdir -p /deep/er && touch /deep/er/file && chmod 700 /deep && chown -R 1234:1234 /deep';
	await ran(t, ['--name', 'kept', 'busybox', 'sh', '-c', script], {as: person, env});
	t.is((await cloche(['rm', 'kept'], {as: person, env})).stderr, '');
	await ran(t, ['--storage', 'copy', 'busybox', 'sh', '-c', script], {as: person, env});
	const running = new Running(['run', '--name', 'x', '--rm', '-e', `${MARK}=${mark}`, 'busybox', 'sh', '-c', `${script}; exec sleep 1000`], {as: person, env});
	await until(() => marked(mark).some(pid => nameOf(pid) === 'sleep'));
	killMarked(mark);
	await running.ended;
	await gone(mark);
	t.is((await cloche(['run', 'busybox', 'true'], {as: person, env})).stderr, '');
	t.is((await cloche(['gc'], {as: person, env})).status, 0);
	t.deepEqual(remains(root), []);
	t.deepEqual(readdirSync(join(root, 'containers')), []);
});

granted('an id past the granted ones is refused', async (t, person) => {
	await refused(t, ['run', '-u', '100000', 'busybox', 'true'], [/100000/, /subuid/], {as: person});
});

const single = people.user;
if (single === undefined) {
	skip('without a grant there is one id inside', 'there is no ordinary user');
} else {
	test('without a grant there is one id inside, and giving files away is refused by the kernel', async t => {
		const map = (await ran(t, ['busybox', 'cat', '/proc/self/uid_map'], {as: single})).trim().split(/\s+/);
		// Where these tests aren't root, the user may well have a grant.
		if (map.length === 3) {
			t.deepEqual(map, ['0', String(single.uid), '1']);
			t.deepEqual(await probed(t, [], ['chown', '/tmp', '1', '1'], {as: single}), ['EINVAL']);
		} else {
			t.is(map[1], String(single.uid));
		}
	});
}
