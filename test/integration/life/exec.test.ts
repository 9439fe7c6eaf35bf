/** `cloche exec`, and exec in the library: one more command in a container, as the container's own. */

import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {openCloche} from '../../../orchestrator/index.js';
import {cloche, directoryOf, type Invocation, present, remains, Running, withProbe} from '../support/cloche.js';
import {gone, MARK, marked, newMark, until} from '../support/marked.js';
import {Terminal} from '../support/terminal.js';
import type {Person} from '../support/who.js';

interface Scene {
	as: Person;
	/** How its commands are called. */
	invocation: Invocation;
	/** Run `cloche exec` with these words in the container `c`. */
	exec: (flags: readonly string[], ...command: readonly string[]) => Promise<{status: number | null; stdout: string; stderr: string}>;
	/** What such a command prints; it has to end well. */
	told: (flags: readonly string[], ...command: readonly string[]) => Promise<string>;
}

/** A test of everybody's with a container `c` of its own, which sleeps. */
const inside = (title: string, flags: readonly string[], show: (t: ExecutionContext, scene: Scene) => Promise<void>): void => {
	for (const as of present) {
		test(`${as.who}: ${title}`, async t => {
			const root = join(directoryOf(as), 'state');
			const invocation = {as, env: {CLOCHE_ROOT: root}};
			const began = await cloche(['run', '--detach', '--rm', '--name', 'c', ...withProbe, ...flags, 'busybox', 'sleep', '1000'], invocation);
			t.is(began.stderr, '');
			try {
				const exec: Scene['exec'] = (own, ...command) => cloche(['exec', ...own, 'c', ...command], invocation);
				await show(t, {as, invocation, exec, told: async (own, ...command) => {
					const {status, stdout, stderr} = await exec(own, ...command);
					t.is(stderr, '', command.join(' '));
					t.is(status, 0, command.join(' '));
					return stdout;
				}});
			} finally {
				await cloche(['kill', 'c'], invocation);
			}

			// What is written down of it is gone when nothing of it is left; the empty directory of its name is the next start's to remove.
			const left = (): string[] => remains(root).filter(path => !path.startsWith('names/'));
			await until(() => left().length === 0, () => left().join(' '));
			await cloche(['gc'], invocation);
			t.deepEqual(remains(root), []);
		});
	}
};

inside('it is in every namespace and every cgroup of the container', ['--time-offset', 'boottime=+2d'], async (t, {told}) => {
	const look = 'for n in user mnt pid net ipc uts cgroup time; do readlink /proc/$0/ns/$n; done; cat /proc/$0/cgroup';
	const own = await told([], 'sh', '-c', look, 'self');
	t.is(own, await told([], 'sh', '-c', look, '1'));
	t.is(own.match(/:\[\d+\]/g)?.length, 8);
});

inside('its rights, limits and filter are the container\'s', ['--cap-add', 'NET_RAW', '--cap-drop', 'CHOWN', '--ulimit', 'nofile=77:88', '--security-opt', 'no-new-privileges'], async (t, {told}) => {
	const look = 'grep -E "^(Cap|NoNewPrivs|Seccomp:)" /proc/$0/status; grep "open files" /proc/$0/limits';
	const own = await told([], 'sh', '-c', look, 'self');
	t.is(own, await told([], 'sh', '-c', look, '1'));
	t.regex(own, /NoNewPrivs:\t1/);
	t.regex(own, /77 +88/);
});

inside('its environment, directory and user are the container\'s, unless it is given others', ['-e', 'A=1', '-e', 'B=2', '-w', '/usr', '-u', '0:0'], async (t, {as, told}) => {
	t.is(await told(['-e', 'B=3', '-e', 'C=4'], 'sh', '-c', 'echo $A $B $C; pwd; id -u; id -g'), '1 3 4\n/usr\n0\n0\n');
	t.is(await told(['-w', '/etc'], 'pwd'), '/etc\n');
	if (as.who === 'root') {
		t.is(await told(['-u', '33:44'], 'sh', '-c', 'id -u; id -g'), '33\n44\n');
	}
});

inside('--privileged has every capability that there is, and no filter', [], async (t, {as, told}) => {
	const [mask = ''] = /(?<=CapEff:\t)\S+/.exec(await told(['--privileged'], 'cat', '/proc/self/status')) ?? [];
	const [bounding = ''] = /(?<=CapBnd:\t)\S+/.exec(await told(['--privileged'], 'cat', '/proc/self/status')) ?? [];
	t.is(mask, bounding);
	// CAP_SYS_ADMIN is what a container never has by default.
	t.true((BigInt(`0x${mask}`) >> 21n & 1n) === 1n, `${as.who} ${mask}`);
	const [plain = ''] = /(?<=CapEff:\t)\S+/.exec(await told([], 'cat', '/proc/self/status')) ?? [];
	t.true((BigInt(`0x${plain}`) >> 21n & 1n) === 0n);
});

inside('its exit status tells how it ended, or that it never ran', [], async (t, {exec}) => {
	for (const [command, status] of [[['sh', '-c', 'exit 7'], 7], [['sh', '-c', 'kill -9 $$'], 137], [['/etc'], 126], [['nosuch'], 127]] as const) {
		const ended = await exec([], ...command);
		t.is(ended.status, status, command.join(' '));
		t.is(ended.stdout, '');
	}

	for (const [flags, pattern] of [[['-w', '/nowhere'], /\/nowhere/], [['-u', 'nosuchuser'], /nosuchuser/], [['-e', '=x'], /--env =x/], [['--nonsense'], /--nonsense/], [['-d', '-i'], /--interactive/]] as const) {
		const {status, stderr} = await exec([...flags], 'true');
		t.is(status, 125);
		t.regex(stderr, /^cloche: [^\n]+\n$/);
		t.regex(stderr, pattern);
	}
});

inside('its streams are ours: bytes as they are, end of file without -i', [], async (t, {invocation, told}) => {
	const bytes = Buffer.from(Array.from({length: 100_000}, (_, index) => index * 31 & 0xFF));
	const echoed = await cloche(['exec', '-i', 'c', 'cat'], {...invocation, input: bytes});
	t.deepEqual(echoed.bytes.stdout, bytes);
	t.is(await told([], 'cat'), '');
	const split = await cloche(['exec', 'c', 'sh', '-c', 'echo out; echo error >&2'], invocation);
	t.is(split.stdout, 'out\n');
	t.is(split.stderr, 'error\n');
});

inside('a signal that is sent to us reaches it and not the container', [], async (t, {invocation, told}) => {
	const running = new Running(['exec', 'c', '/probe', 'exit-on-term'], invocation);
	await new Promise(resolve => {
		running.child.stdout?.once('data', resolve);
	});
	running.child.kill('SIGTERM');
	t.is((await running.ended).status, 0);
	t.is(await told([], 'echo', 'there'), 'there\n');
	const deaf = new Running(['exec', 'c', 'sh', '-c', 'echo ready; exec sleep 1000'], invocation);
	await new Promise(resolve => {
		deaf.child.stdout?.once('data', resolve);
	});
	deaf.child.kill('SIGINT');
	t.is((await deaf.ended).status, 130);
});

inside('-t is a terminal of the container\'s own, of the user\'s size', [], async (t, {as, invocation}) => {
	const terminal = new Terminal(t, as, ['exec', '-it', 'c', '/probe', 'ttyname', ',', 'winsize', ',', 'ctty', ',', 'env', 'TERM'], {rows: 33, columns: 99, env: invocation.env ?? {}});
	t.is(await terminal.ended, 'exit 0');
	await terminal.sees(/"xterm"/);
	t.deepEqual(terminal.shown.split('\r\n'), ['/dev/pts/0', '33 99', 'ok', '"xterm"', '']);
});

inside('-d leaves it alone, prints nothing, and it ends with the container', [], async (t, {exec, told, invocation}) => {
	const mark = newMark();
	const {status, stdout, stderr} = await exec(['-d', '-e', `${MARK}=${mark}`], 'sh', '-c', 'echo unheard; touch /run-by-exec; exec sleep 1000');
	t.deepEqual([status, stdout, stderr], [0, '', '']);
	await until(async () => (await exec([], 'test', '-e', '/run-by-exec')).status === 0);
	t.is(marked(mark).length, 1);
	t.is((await exec(['-d'], 'nosuch')).status, 127);
	await told([], 'true');
	await cloche(['kill', 'c'], invocation);
	await gone(mark);
});

inside('a paused container isn\'t entered, and can be once it goes on', [], async (t, {as, exec, told, invocation}) => {
	const {status} = await cloche(['pause', 'c'], invocation);
	if (as.who === 'user' && status !== 0) {
		t.pass('without privilege and delegation nothing can be paused');
		return;
	}

	t.is(status, 0);
	const refused = await exec([], 'true');
	t.is(refused.status, 125);
	t.regex(refused.stderr, /^cloche: the container isn't running: c: it is paused; cloche unpause lets it go on\n$/);
	await cloche(['unpause', 'c'], invocation);
	await told([], 'true');
});

inside('what runs in it ends when the container does', [], async (t, {invocation}) => {
	const mark = newMark();
	const running = new Running(['exec', '-e', `${MARK}=${mark}`, 'c', 'sh', '-c', 'echo ready; sleep 1000 & wait'], invocation);
	await new Promise(resolve => {
		running.child.stdout?.once('data', resolve);
	});
	await cloche(['kill', 'c'], invocation);
	t.is((await running.ended).status, 137);
	await gone(mark);
});

for (const as of present) {
	test(`${as.who}: a container in the foreground can be entered, too; one that has ended or never was can't`, async t => {
		const root = join(directoryOf(as), 'state');
		const invocation = {as, env: {CLOCHE_ROOT: root}};
		const running = new Running(['run', '--name', 'front', 'busybox', 'sh', '-c', 'trap "exit 3" TERM; echo ready; while :; do sleep 0.05; done'], invocation);
		await new Promise(resolve => {
			running.child.stdout?.once('data', resolve);
		});
		t.is((await cloche(['exec', 'front', 'cat', '/proc/1/comm'], invocation)).stdout, 'sh\n');
		running.child.kill('SIGTERM');
		t.is((await running.ended).status, 3);
		const late = await cloche(['exec', 'front', 'true'], invocation);
		t.is(late.status, 125);
		t.regex(late.stderr, /^cloche: the container isn't running: front: it is exited; [^\n]+\n$/);
		const never = await cloche(['exec', 'nosuch', 'true'], invocation);
		t.is(never.status, 125);
		t.regex(never.stderr, /no such container/);
		await cloche(['rm', 'front'], invocation);
		t.deepEqual(remains(root), []);
	});
}

test('the library: a handle and a result as of run, in the same container', async t => {
	const root = join(directoryOf(), 'state');
	await using library = await openCloche({root});
	const server = library.run('busybox', ['sleep', '1000'], {env: {A: '1'}, reject: false});
	const {stdout, stderr, exitCode, id} = await server.exec(['sh', '-c', 'echo $A $B; cat; cat /proc/1/comm; exit 3'], {env: {B: 2}, input: 'typed\n', reject: false});
	t.deepEqual([stdout, stderr, exitCode], ['1 2\ntyped\nsleep', '', 3]);
	t.deepEqual((await server.exec(['printf', '\\377'], {encoding: 'buffer'})).stdout, Buffer.of(0xFF));
	t.true((await server.exec(['sleep', '1000'], {timeout: 50, stopTimeout: 0, reject: false})).timedOut);
	const nested = server.exec(['sleep', '1000'], {reject: false});
	t.is((await nested.exec(['echo', 'nested'])).stdout, 'nested');
	t.throws(() => server.exec(['true'], {nonsense: 1} as object), {message: /nonsense/});
	await nested.pid();
	server.kill('SIGKILL');
	t.is((await nested).signal, 'SIGKILL');
	t.is((await server).id, id);
	await t.throwsAsync(async () => server.exec(['true']), {message: /not running/});
});

test('the library: a sandbox is entered once it is started', async t => {
	await using library = await openCloche({root: join(directoryOf(), 'state')});
	await using box = await library.create({image: 'busybox'});
	t.throws(() => box.exec(['true']), {message: /start it first/});
	box.start(['sleep', '1000'], {reject: false});
	t.is((await box.exec(['hostname'])).stdout, box.id);
});
