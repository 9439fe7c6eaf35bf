/** `cloche run -it` at a real terminal: it works as one, and is given back as it was. */

import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {cloche, directoryOf, present, remains, stateOf, withProbe} from '../support/cloche.js';
import {command} from '../support/installed.js';
import {childrenOf, gone, MARK, marked, nameOf, newMark, until} from '../support/marked.js';
import {Terminal} from '../support/terminal.js';
import type {Person} from '../support/who.js';

const everybody = (title: string, show: (t: ExecutionContext, as: Person) => Promise<void>): void => {
	for (const as of present) {
		test(`${as.who}: ${title}`, async t => {
			await show(t, as);
		});
	}
};

/** At a terminal, before the command: a shell that becomes it when Enter is pressed. How the terminal is set until then. */
const beforehand = async (t: ExecutionContext, as: Person, words: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<{terminal: Terminal; before: string}> => {
	const terminal = new Terminal(t, as, words, {program: ['/bin/sh', '-c', 'read enter; exec "$0" "$@"', command], env});
	const before = await terminal.attributes();
	terminal.type('\r');
	return {terminal, before};
};

everybody('the payload has a controlling terminal of its own, of the user\'s size', async (t, as) => {
	const terminal = new Terminal(t, as, ['run', '-it', ...withProbe, 'busybox', '/probe', 'ttyname', ',', 'winsize', ',', 'ctty', ',', 'session', ',', 'env', 'TERM'], {rows: 33, columns: 99});
	t.is(await terminal.ended, 'exit 0');
	await terminal.sees(/"xterm"/);
	t.deepEqual(terminal.shown.split('\r\n'), ['/dev/pts/0', '33 99', 'ok', '1 1 1', '"xterm"', '']);
});

everybody('without -t the user\'s own terminal is the payload\'s, the same file', async (t, as) => {
	const look = 'stat -L -c %t:%T /proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2';
	const terminal = new Terminal(t, as, ['run', '-i', 'busybox', 'sh', '-c', `${look}; test -t 0 && echo yes`], {
		program: ['/bin/sh', '-c', `${look}; exec "$0" "$@"`, command],
	});
	t.is(await terminal.ended, 'exit 0');
	await terminal.sees(/yes\r\n/);
	const lines = terminal.shown.split('\r\n');
	t.deepEqual(lines.slice(3, 6), lines.slice(0, 3));
});

everybody('job control: Ctrl-Z stops, fg goes on, Ctrl-C ends the job and not the shell', async (t, as) => {
	const terminal = new Terminal(t, as, ['run', '-it', 'busybox', 'sh']);
	await terminal.sees(/# /);
	// A key is for whom the terminal has in its foreground at that moment: the job itself says that this is it.
	terminal.type('sh -c \'trap "echo conti""nued" CONT; echo read""y; while :; do sleep 0.1; done\'\r');
	await terminal.sees(/\nready\r\n/);
	terminal.type('\u001A');
	await terminal.sees(/Stopped +sh -c/);
	terminal.type('jobs; echo jobs $?\r');
	await terminal.sees(/\[1\]\+ +Stopped[^]*jobs 0\r\n/);
	terminal.type('fg\r');
	await terminal.sees(/\nsh -c [^]*\ncontinued\r\n/);
	terminal.type('\u0003');
	await terminal.sees(/# /);
	terminal.type('echo status $?\r');
	await terminal.sees(/status 130\r\n/);
	terminal.type('exit 7\r');
	t.is(await terminal.ended, 'exit 7');
});

everybody('Ctrl-C ends a command that doesn\'t care, Ctrl-\\ too, and Ctrl-D is the end of input', async (t, as) => {
	for (const [keys, status] of [['\u0003', 130], ['\u001C', 131]] as const) {
		// Not process 1, which no key reaches without a handler: its child.
		const terminal = new Terminal(t, as, ['run', '-it', '--init', 'busybox', 'sh', '-c', 'echo read""y; exec sleep 1000']);
		await terminal.sees(/ready\r\n/);
		terminal.type(keys);
		t.is(await terminal.ended, `exit ${status}`);
	}

	const terminal = new Terminal(t, as, ['run', '-it', 'busybox', 'cat']);
	terminal.type('line\r');
	await terminal.sees(/line\r\nline\r\n/);
	terminal.type('\u0004');
	t.is(await terminal.ended, 'exit 0');
});

everybody('a new size of the window reaches the payload', async (t, as) => {
	const terminal = new Terminal(t, as, ['run', '-it', 'busybox', 'sh', '-c', 'trap "stty size; got=1" WINCH; stty size; while test -z "$got"; do read -t 1 x; done; true'], {rows: 24, columns: 80});
	await terminal.sees(/24 80\r\n/);
	await terminal.resize(50, 132);
	await terminal.sees(/50 132\r\n/);
	t.is(await terminal.ended, 'exit 0');
});

everybody('a raw program: vi opens, edits, writes and leaves the screen', async (t, as) => {
	const directory = directoryOf(as);
	const terminal = new Terminal(t, as, ['run', '-it', '-v', `${directory}:/work`, 'busybox', 'vi', '/work/letter']);
	await terminal.sees(/letter/);
	terminal.type('iDear Cloche,\rhello\u001B');
	await terminal.sees(/hello/);
	terminal.type(':wq\r');
	t.is(await terminal.ended, 'exit 0');
	t.is(readFileSync(join(directory, 'letter'), 'utf8'), 'Dear Cloche,\nhello\n');
});

everybody('every key comes through as it is: arrows, control characters, UTF-8', async (t, as) => {
	const keys = '\u0001\u0002\u0003\u001A\u001B[A\u007F ü日\t';
	const terminal = new Terminal(t, as, ['run', '-it', 'busybox', 'sh', '-c', `stty raw -echo; echo read""y; head -c ${Buffer.byteLength(keys)} | od -An -tx1 -v`]);
	await terminal.sees(/ready/);
	terminal.type(keys);
	t.is(await terminal.ended, 'exit 0');
	const seen = (await terminal.sees(new RegExp(`(?:\\s+[\\da-f]{2}){${Buffer.byteLength(keys)}}`))).split(/\s+/);
	t.is(Buffer.from(seen.join(''), 'hex').toString(), keys);
});

everybody('the user\'s terminal is raw meanwhile, and as before at the end', async (t, as) => {
	const {terminal, before} = await beforehand(t, as, ['run', '-it', 'busybox', 'sh', '-c', 'echo read""y; read x']);
	await terminal.sees(/ready/);
	t.not(await terminal.attributes(), before);
	terminal.type('\r');
	t.is(await terminal.ended, 'exit 0');
	t.is(await terminal.attributes(), before);
});

const KILLED = ['orchestrator', 'supervisor', 'first process'] as const;

for (const victim of KILLED) {
	everybody(`the user's terminal is as before when the ${victim} is killed, and nothing is left`, async (t, as) => {
		const mark = newMark();
		const root = join(directoryOf(as), 'state');
		const {terminal, before} = await beforehand(t, as, ['run', '-it', '-e', `${MARK}=${mark}`, 'busybox', 'sh', '-c', 'echo read""y; read x'], {[MARK]: mark, CLOCHE_ROOT: root});
		await terminal.sees(/ready/);
		t.not(await terminal.attributes(), before);
		const processes = marked(mark);
		const orchestrator = processes.find(pid => nameOf(pid) === 'node' || nameOf(pid) === 'MainThread') ?? 0;
		const supervisor = childrenOf(orchestrator).find(pid => nameOf(pid) === 'nsinit') ?? 0;
		const first = processes.find(pid => nameOf(pid) === 'sh') ?? 0;
		const pid = {'orchestrator': orchestrator, 'supervisor': supervisor, 'first process': first}[victim];
		t.true(pid > 0, processes.map(one => nameOf(one)).join(' '));
		process.kill(pid, 'SIGKILL');
		t.is(await terminal.ended, {'orchestrator': 'killed 9', 'supervisor': 'exit 125', 'first process': 'exit 137'}[victim]);
		await until(() => marked(mark).filter(one => nameOf(one) !== 'terminal').length === 0);
		t.is(await terminal.attributes(), before);
		await terminal.close();
		await gone(mark);
		t.is((await cloche(['--root', root, 'gc'], {as})).status, 0);
		t.deepEqual(remains(root), []);
	});
}

everybody('-t without a terminal of the user\'s gives the payload one all the same', async (t, as) => {
	const {status, stdout} = await cloche(['run', '-t', 'busybox', 'sh', '-c', 'test -t 0 && test -t 1 && echo yes'], {as});
	t.deepEqual({status, stdout}, {status: 0, stdout: 'yes\r\n'});
	const piped = await cloche(['run', '-it', 'busybox', 'sh', '-c', 'read line; echo "got $line"'], {as, input: 'words\n'});
	t.is(piped.status, 0);
	t.regex(piped.stdout, /got words\r\n$/);
});

test('what a closed window leaves behind is nothing', async t => {
	const [as] = present;
	if (as === undefined) {
		throw new Error('nobody is here');
	}

	const mark = newMark();
	const terminal = new Terminal(t, as, ['run', '-it', '-e', `${MARK}=${mark}`, 'busybox', 'sh', '-c', 'echo read""y; read x'], {env: {[MARK]: mark}});
	await terminal.sees(/ready/);
	await terminal.close();
	await gone(mark);
	t.deepEqual(marked(mark), []);
});

test.after('nothing is left of any of them', t => {
	for (const as of present) {
		t.deepEqual(remains(stateOf(as)), []);
	}
});
