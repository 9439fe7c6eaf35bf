/** The tour of the article that this project began with, sentence by sentence: as root and as an ordinary user. */

import {execFileSync} from 'node:child_process';
import {existsSync, readFileSync, readdirSync, readlinkSync, statSync, symlinkSync, writeFileSync} from 'node:fs';
import {hostname} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {directoryOf, present, probed, ran, Running} from './support/cloche.js';
import {busybox, probe} from './support/installed.js';
import {MARK, marked, newMark, readProc} from './support/marked.js';
import {people, type Person, skip} from './support/who.js';

const tour = (title: string, show: (t: ExecutionContext, as: Person) => Promise<void>): void => {
	for (const as of present) {
		test(`${as.who}: ${title}`, async t => {
			await show(t, as);
		});
	}
};

tour('`hostname westeros` inside leaves the host\'s name as it was', async (t, as) => {
	const before = hostname();
	t.is(await ran(t, ['--hostname', 'westeros', 'busybox', 'hostname'], {as}), 'westeros\n');
	t.is(await ran(t, ['--cap-add', 'SYS_ADMIN', 'busybox', 'sh', '-c', 'hostname westeros && hostname'], {as}), 'westeros\n');
	t.is(readProc('sys/kernel/hostname'), `${before}\n`);
});

tour('a System V queue made inside is not in the host\'s ipcs', async (t, as) => {
	const key = 0x4c_4f_00_00 + process.pid % 0xff_ff;
	const shown = `0x${key.toString(16).padStart(8, '0')}`;
	t.deepEqual(await probed(t, [], ['sysv-queue', 'create', String(key), ',', 'sysv-queue', 'list'], {as}), ['ok', shown]);
	t.false(execFileSync(probe, ['sysv-queue', 'list'], {encoding: 'utf8'}).includes(shown));
	t.false(readProc('sysvipc/msg').includes(String(key)));
});

tour('sh is process 1, and /proc shows it and its children alone', async (t, as) => {
	const [self, ...shown] = (await ran(t, ['busybox', 'sh', '-c', 'echo $$; ls /proc | grep "^[0-9]"; cat /proc/1/comm; true'], {as})).split('\n');
	t.is(self, '1');
	t.is(shown.at(-2), 'sh');
	const pids = shown.slice(0, -2).map(Number);
	t.true(pids.includes(1) && pids.length <= 3 && pids.every(pid => pid < 20), shown.join(' '));
});

tour('a mount made inside is not in the host\'s table', async (t, as) => {
	const name = `made-inside-${process.pid}`;
	const mark = newMark();
	const words = ['run', '-i', '--cap-add', 'SYS_ADMIN', '-e', `${MARK}=${mark}`, 'busybox', 'sh', '-c', `mkdir /${name} && mount -t tmpfs none /${name} && grep -c ${name} /proc/mounts && read wait`];
	const running = new Running(words, {as, stdio: ['pipe', 'pipe', 'pipe'], env: {[MARK]: mark}});
	const inside = new Promise<string>(resolve => running.child.stdout?.once('data', chunk => {
		resolve(String(chunk));
	}));
	t.is(await inside, '1\n');
	t.false(readProc('self/mountinfo').includes(name));
	t.false(readProc(`${running.pid}/mountinfo`).includes(name));
	running.child.stdin?.end('\n');
	const {status, stderr} = await running.ended;
	t.deepEqual({status, stderr}, {status: 0, stderr: ''});
});

tour('a fresh network namespace has only lo', async (t, as) => {
	t.deepEqual(await probed(t, [], ['netifs'], {as}), ['1 lo up']);
	t.is(await ran(t, ['busybox', 'ls', '/sys/class/net'], {as}), 'lo\n');
	t.deepEqual(await probed(t, [], ['connect', '192.0.2.1', '80'], {as}), ['ENETUNREACH']);
});

{
	const as = people.user;
	if (as === undefined) {
		skip('an ordinary user is uid 0 inside, and a file it makes is its own outside', 'there is no ordinary user');
	} else {
		test('user: an ordinary user is uid 0 inside, and a file it makes is its own outside', async t => {
			const directory = directoryOf(as);
			t.is(await ran(t, ['-v', `${directory}:/out`, 'busybox', 'sh', '-c', 'id -u; touch /out/made; stat -c %u /out/made'], {as}), '0\n0\n');
			const {uid, gid} = statSync(join(directory, 'made'));
			t.deepEqual({uid, gid}, {uid: as.uid, gid: as.gid});
		});
	}
}

/** A busybox root that belongs to someone, with a file of its own. */
const lowerOf = (as: Person): string => {
	const lower = join(directoryOf(as), 'lower');
	execFileSync('cp', ['-a', busybox, lower]);
	writeFileSync(join(lower, 'below'), 'below');
	if (as.other) {
		execFileSync('chown', ['-hR', `${as.uid}:${as.gid}`, lower]);
	}

	return lower;
};

tour('`touch test123` in the union lands in the writable branch, and the lower one stays as it was', async (t, as) => {
	const lower = lowerOf(as);
	const before = execFileSync('find', [lower, '-printf', '%P %m %U %s %T@ %l\n'], {encoding: 'utf8'});
	const name = `union-${as.who}`;
	const root = join(directoryOf(as), 'state');
	const env = {CLOCHE_ROOT: root};
	t.is(await ran(t, ['--name', name, '--rootfs', lower, 'sh', '-c', 'touch test123; echo changed >below; rm /etc/hostname; ls /test123; cat /below'], {as, env}), '/test123\nchanged\n');
	t.is(execFileSync('find', [lower, '-printf', '%P %m %U %s %T@ %l\n'], {encoding: 'utf8'}), before);
	const [id = ''] = readdirSync(join(root, 'containers'));
	const branch = join(root, 'containers', id, 'upper');
	t.true(existsSync(join(branch, 'test123')));
	t.is(readFileSync(join(branch, 'below'), 'utf8'), 'changed\n');
});

/** Something at the host's root that no image has: a name to look for from inside. */
const hostOnly = (): string => {
	const known = new Set([...readdirSync(busybox), 'probe']);
	const name = readdirSync('/').find(entry => !known.has(entry));
	if (name === undefined) {
		throw new Error('the host\'s root has nothing that busybox hasn\'t');
	}

	return name;
};

tour('after pivot_root the host\'s root can\'t be reached: not by .., not by /proc/1/root, not by a descriptor', async (t, as) => {
	for (const flags of [[], ['--cap-add', 'ALL']]) {
		const lines = await probed(t, flags, ['escape', hostOnly()], {as});
		t.deepEqual(lines.filter(line => line.includes('escaped')), []);
		// Each way was tried: who can't look proves nothing.
		for (const way of ['dotdot', 'proc-1-root', 'proc-1-cwd', 'proc-self-root', 'chroot', 'umount']) {
			t.true(lines.some(line => line.startsWith(`${way} `)), way);
		}
	}
});

tour('nothing but 0, 1, 2 is open inside, and no mount of the host is left there', async (t, as) => {
	const lines = await probed(t, [], ['fds', ',', 'mounts'], {as});
	t.deepEqual(lines.filter(line => /^\d+ (?!\d)/.test(line)).map(line => line.split(' ')[0]), ['0', '1', '2']);
	t.false(lines.some(line => line.includes(` ${as.home}`) && !line.includes('/probe')), lines.join('\n'));
});

tour('a link in the image leads nowhere but into the image', async (t, as) => {
	const lower = lowerOf(as);
	const outside = directoryOf(as);
	writeFileSync(join(outside, 'secret'), 'secret');
	symlinkSync(outside, join(lower, 'way'));
	symlinkSync('../../../../../../../tmp', join(lower, 'climb'));
	const script = 'cat /way/secret 2>/dev/null || echo none; ls /tmp';
	t.is(await ran(t, ['--rootfs', lower, '-v', `${outside}:/climb/volume`, 'sh', '-c', script], {as}), 'none\nvolume\n');
	t.deepEqual(readdirSync(outside), ['secret']);
	t.is(readlinkSync(join(lower, 'way')), outside);
});

test('no process outlives the container\'s first', async t => {
	const mark = newMark();
	t.is(await ran(t, ['-e', `${MARK}=${mark}`, 'busybox', 'sh', '-c', 'sleep 1000 & echo started'], {env: {[MARK]: mark}}), 'started\n');
	t.deepEqual(marked(mark), []);
});
