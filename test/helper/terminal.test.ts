/** A payload's terminal, relayed to pipes. */

import type {Socket} from 'node:net';
import test, {type ExecutionContext} from 'ava';
import type {Launch} from '../../orchestrator/helper/launch.js';
import type {Plan} from '../../orchestrator/helper/plan.js';
import {fullPlan, marked} from './full-plan.js';
import {commandOf, Marked, eventually} from './marked.js';
import {privileges, type Privilege, runPlan} from './support.js';

interface Session {
	launch: Launch;
	stdin: Socket;
	stdout: Socket;
	/** What has come so far. */
	said: () => string;
	/** Wait until that matches. */
	saw: (pattern: RegExp) => Promise<void>;
}

const open = async (t: ExecutionContext, helper: Marked, privilege: Privilege, argv: string[], {listen = true, ...changes}: Partial<Plan> & {listen?: boolean} = {}): Promise<Session> => {
	const plan = fullPlan(t, privilege, argv, {terminal: true, streams: {stdin: 'pipe', stdout: 'pipe', stderr: 'null'}, ...changes});
	const launch = helper.launch(marked(plan, helper.mark));
	const {stdin, stdout} = await launch.streams;
	if (stdin === undefined || stdout === undefined) {
		throw new Error('no pipes');
	}

	let text = '';
	if (listen) {
		stdout.on('data', (chunk: Buffer) => {
			text += chunk.toString('latin1');
		});
	}

	const saw = async (pattern: RegExp): Promise<void> => eventually(() => pattern.test(text), () => `${String(pattern)} in ${JSON.stringify(text.slice(-300))}`);
	return {launch, stdin, stdout, said: () => text, saw};
};

for (const privilege of privileges) {
	test(`${privilege}: a terminal echoes, has job control, and ends with its input`, async t => {
		const helper = new Marked(t, privilege);
		const {launch, stdin, said, saw} = await open(t, helper, privilege, ['/probe', 'ttyname', ',', 'session', ',', 'ctty', ',', 'fds', ',', 'cat']);
		await saw(/^0 .*\r\n1 .*\r\n2 .*\r\n/m);
		t.regex(said(), /^\/dev\/(console|pts\/0)\r\n/);
		stdin.write('hello\n');
		await saw(/hello\r\nhello\r\n/); // What was typed, and what cat says.
		stdin.end();
		t.is((await launch.exited).code, 0);
		await launch.released;
	});

	test(`${privilege}: input that ends in the middle of a line ends the reader, too`, async t => {
		const helper = new Marked(t, privilege);
		const {launch, stdin, saw} = await open(t, helper, privilege, ['/probe', 'cat']);
		stdin.end('half a line');
		t.is((await launch.exited).code, 0);
		await saw(/half a linehalf a line/);
	});

	test(`${privilege}: a terminal has the size it was made with, and takes another`, async t => {
		const helper = new Marked(t, privilege);
		const {launch, stdin, saw} = await open(t, helper, privilege, ['/bin/sh', '-c', '/probe winsize; read x; /probe winsize'], {size: {rows: 33, columns: 77}});
		await saw(/33 77\r\n/);
		t.true(launch.resize(11, 22));
		stdin.write('\n');
		await saw(/11 22\r\n/);
		t.is((await launch.exited).code, 0);
	});

	test(`${privilege}: a process that joins has a terminal of the container, which keeps its console`, async t => {
		const helper = new Marked(t, privilege);
		const target = await open(t, helper, privilege, ['/probe', 'cat']);
		await target.launch.running;
		const joined = helper.launch({
			namespaces: [], join: [], streams: {stdin: 'pipe', stdout: 'pipe', stderr: 'null'}, terminal: true, size: {rows: 5, columns: 6}, init: false, cgroups: [], remove: [],
			create: [{op: 'console', target: '/dev/console', ifExists: true}],
			start: [{op: 'exec', argv: ['/bin/sh', '-c', '/probe ttyname; /probe winsize; grep -c /dev/console /proc/self/mountinfo; read x; echo "got $x"'], env: ['PATH=/bin']}],
		}, {target: target.launch});
		const {stdin, stdout} = await joined.streams;
		let said = '';
		stdout?.on('data', (chunk: Buffer) => {
			said += chunk.toString();
		});
		await eventually(() => said.includes('/dev/pts/1\r\n5 6\r\n1\r\n'), () => said);
		stdin?.write('it\n');
		t.is((await joined.exited).code, 0);
		await joined.released;
		await eventually(() => said.endsWith('it\r\ngot it\r\n'), () => said);
		target.stdin.write('still here\n');
		await target.saw(/still here\r\nstill here/);
	});

	if (privilege === 'root') {
		test('root: the terminal belongs to the payload\'s user, who may open it again by name', async t => {
			const helper = new Marked(t, privilege);
			const plan = fullPlan(t, privilege, ['x'], {terminal: true});
			const {launch, said} = await open(t, helper, privilege, ['x'], {
				start: [{op: 'credentials', uid: 1000, gid: 1000}, {op: 'exec', argv: ['/bin/sh', '-c', 'echo again > /dev/console; id -u'], env: plan.start.flatMap(op => op.op === 'exec' ? op.env : [])}],
			});
			t.is((await launch.exited).code, 0, said());
			await eventually(() => said() === 'again\r\n1000\r\n', said);
			t.pass();
		});
	}

	test(`${privilege}: Ctrl-C on the terminal is a signal for the foreground`, async t => {
		const helper = new Marked(t, privilege);
		// PID 1 has no default action for signals (pid_namespaces(7)), so nsinit is that.
		const {launch, stdin, saw} = await open(t, helper, privilege, ['/bin/sh', '-c', 'echo up; exec sleep 60'], {init: true});
		await saw(/up/);
		stdin.write('\u0003');
		t.is((await launch.exited).code, 130);
	});

	test(`${privilege}: large output comes whole, the last of it after the payload's end`, async t => {
		const helper = new Marked(t, privilege);
		const {launch, said} = await open(t, helper, privilege, ['/bin/sh', '-c', 'stty raw; exec /probe flood 3000000']);
		t.is((await launch.exited).code, 0);
		await launch.released;
		await eventually(() => said().length === 3_000_000, () => `${said().length} bytes`);
		t.true(Buffer.from(said(), 'latin1').every((byte, index) => byte === index % 256));
	});

	test(`${privilege}: a reader that stops holds up its own container alone, at its end, too`, async t => {
		const helper = new Marked(t, privilege);
		const stuck = await open(t, helper, privilege, ['/bin/sh', '-c', 'stty raw; exec /probe flood 500000'], {listen: false});
		const ending = await open(t, helper, privilege, ['/bin/sh', '-c', 'stty raw; exec /probe flood 80000'], {listen: false});
		await Promise.all([stuck.launch.running, ending.launch.running]);
		// The one waits for its reader; the other has ended, but for what the pipe and the relay's buffer couldn't take.
		await eventually(() => helper.inits.length === 1, () => `${helper.inits.length} inits`);
		for (let round = 0; round < 3; round++) {
			const plan = fullPlan(t, privilege, ['/probe', 'print', 'free']);
			const {stdout, exit} = await runPlan(helper, plan);
			t.is(stdout, 'free\n');
			t.is(exit.code, 0);
		}

		t.is(stuck.launch.state, 'running');
		let size = 0;
		stuck.stdout.on('data', (chunk: Buffer) => {
			size += chunk.length;
		});
		ending.stdout.resume();
		t.is((await stuck.launch.exited).code, 0);
		t.is((await ending.launch.exited).code, 0);
		await eventually(() => size === 500_000, () => `${size} bytes`);
	});

	test(`${privilege}: a waiting reader costs the supervisor no time`, async t => {
		const helper = new Marked(t, privilege);
		const {launch} = await open(t, helper, privilege, ['/bin/sh', '-c', 'stty raw; exec /probe flood 500000'], {listen: false});
		await launch.running;
		process.kill(await launch.created, 'SIGKILL'); // Its terminal hangs up while output waits.
		await eventually(() => helper.inits.length === 0, () => 'its end');
		const before = helper.ticks();
		await new Promise(done => setTimeout(done, 300));
		t.true(helper.ticks() - before <= 5, `${helper.ticks() - before} ticks of 10 ms in 300 ms`);
	});

	test(`${privilege}: an orchestrator that goes while output waits is the end of it`, async t => {
		const helper = new Marked(t, privilege);
		const {launch} = await open(t, helper, privilege, ['/bin/sh', '-c', 'stty raw; exec /probe flood 500000'], {listen: false});
		await launch.running;
		process.kill(await launch.created, 'SIGKILL');
		await eventually(() => helper.inits.length === 0, () => 'its end');
		t.is(await helper.close(), 'status 0');
		await helper.gone();
	});

	test(`${privilege}: a reader that goes stops nobody`, async t => {
		const helper = new Marked(t, privilege);
		const {launch, stdout} = await open(t, helper, privilege, ['/bin/sh', '-c', 'stty raw; exec /probe flood 2000000'], {listen: false});
		stdout.destroy();
		t.is((await launch.exited).code, 0);
		await launch.released;
	});
}

// As with `su -c 'cloche run -t …' | less`: the pipe is another user's, so the helper can't open a description of its own.
if (privileges.includes('root')) {
	test('rootless: a pipe that can\'t be opened again holds up nobody, either', async t => {
		const helper = new Marked(t, 'root', {through: ['sh', '-c', 'setpriv --reuid=65534 --regid=65534 --clear-groups "$0" | sleep 300']});
		const reader = (): number | undefined => helper.processes().find(pid => commandOf(pid) === 'sleep\u0000300\u0000');
		await eventually(() => reader() !== undefined, () => 'the reader');
		const stuck = helper.launch(fullPlan(t, 'rootless', ['/bin/sh', '-c', 'stty raw; exec /probe flood 500000'], {terminal: true, streams: {stdin: 'null', stdout: 1, stderr: 'null'}}));
		await stuck.running;
		for (let round = 0; round < 20; round++) {
			const {exit} = await runPlan(helper, fullPlan(t, 'rootless', ['/probe', 'exit', '3'], {streams: {stdin: 'null', stdout: 'null', stderr: 'null'}}));
			t.is(exit.code, 3);
		}

		t.is(stuck.state, 'running');
		stuck.signal(9);
		helper.socket.end();
		await eventually(() => helper.processes().length <= 2, () => `${helper.processes().length} processes`);
		const pid = reader();
		t.truthy(pid);
		process.kill(pid ?? Number.NaN, 'SIGKILL');
		await helper.gone();
	});
}
