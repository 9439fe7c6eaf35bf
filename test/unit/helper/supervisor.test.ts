import {execFile} from 'node:child_process';
import {chmodSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join, resolve} from 'node:path';
import {promisify} from 'node:util';
import test, {type ExecutionContext} from 'ava';
import {ClocheError} from '../../../orchestrator/base/errors.js';
import {startTime} from '../../../orchestrator/base/process.js';
import {Kind, Tag} from '../../../orchestrator/helper/protocol.js';
import {residentSupervisor} from '../../../orchestrator/helper/resident.js';
import {startSupervisor} from '../../../orchestrator/helper/start.js';
import type {Supervisor} from '../../../orchestrator/helper/supervisor.js';
import {frame, hello, planOf} from './fake.js';

const run = promisify(execFile);

// The working directory is the repository's root, whether the tests are bundled or not (AVA sees to it).

/** An executable that plays `frames` and then runs `then`: JavaScript, `socket` being its descriptor 3. */
const fakeHelper = (t: ExecutionContext, frames: Buffer[], then = 'socket.on(\'end\', () => process.exit(0)); socket.resume();'): string => {
	const directory = mkdtempSync(join(tmpdir(), 'cloche-fake-'));
	t.teardown(() => rmSync(directory, {recursive: true}));
	const path = join(directory, 'nsinit');
	writeFileSync(path, `#!${process.execPath}
const socket = new (require('net').Socket)({fd: 3});
socket.write(Buffer.from('${Buffer.concat(frames).toString('hex')}', 'hex'));
${then}
`);
	chmodSync(path, 0o755);
	return path;
};

const start = (path: string): Supervisor => startSupervisor({path, stdin: 'ignore', stdout: 'ignore'});

const LIFE = [
	hello(),
	frame(Kind.CREATED, 1, [Tag.PID, 42]),
	frame(Kind.RUNNING, 1),
	frame(Kind.EXITED, 1, [Tag.CODE, 7], [Tag.USER_TIME, 1n], [Tag.SYSTEM_TIME, 2n], [Tag.MAX_RSS, 3n]),
	frame(Kind.RELEASED, 1),
];

test('a launch through a process', async t => {
	const supervisor = start(fakeHelper(t, LIFE));
	const launch = supervisor.launch(planOf());
	t.is((await launch.exited).code, 7);
	await launch.released;
	t.is(supervisor.size, 0);
	t.true(supervisor.alive);
	await supervisor.close();
	t.false(supervisor.alive);
	t.throws(() => supervisor.launch(planOf()), {message: 'the supervisor is closed'});
	await supervisor.close();
});

test('a helper that is not there fails every launch with its path and what to do', async t => {
	const supervisor = startSupervisor({path: '/nowhere/nsinit', remedy: 'run make helper'});
	const launch = supervisor.launch(planOf());
	const error = await t.throwsAsync(launch.created, {instanceOf: ClocheError});
	t.is(error.message, 'cannot start nsinit: /nowhere/nsinit: no such file or directory; run make helper');
	await t.throwsAsync(launch.released, {is: error});
	t.throws(() => supervisor.launch(planOf()), {is: error});
	await supervisor.close();
});

test('a helper that ends by itself fails what is pending with its status', async t => {
	const supervisor = start(fakeHelper(t, LIFE.slice(0, 2), 'setTimeout(() => process.exit(3), 50);'));
	const launch = supervisor.launch(planOf());
	t.is(await launch.created, 42);
	t.is((await t.throwsAsync(launch.exited)).message, 'nsinit is gone: it ended with status 3');
	await supervisor.ended;
});

test('a helper that is killed fails what is pending with the signal', async t => {
	const supervisor = start(fakeHelper(t, LIFE.slice(0, 2)));
	const launch = supervisor.launch(planOf());
	await launch.created;
	process.kill(supervisor.pid, 'SIGKILL');
	t.is((await t.throwsAsync(launch.exited)).message, 'nsinit is gone: it was killed by SIGKILL (9)');
});

test('a helper that breaks the protocol is killed, and the reason is what it did', async t => {
	const supervisor = start(fakeHelper(t, [hello(5n)]));
	const launch = supervisor.launch(planOf());
	t.regex((await t.throwsAsync(launch.exited)).message, /^nsinit speaks another protocol/);
	await supervisor.ended;
	t.throws(() => process.kill(supervisor.pid, 0), {code: 'ESRCH'});
});

test('closing fails what is pending', async t => {
	const supervisor = start(fakeHelper(t, LIFE.slice(0, 2)));
	const launch = supervisor.launch(planOf());
	await launch.created;
	const closed = supervisor.close();
	t.is((await t.throwsAsync(launch.exited)).message, 'nsinit is gone: the supervisor was closed');
	await closed;
});

test('the resident supervisor is one, until it dies', async t => {
	const path = fakeHelper(t, [hello()]);
	const first = residentSupervisor({path});
	t.is(residentSupervisor({path}), first);
	await first.close();
	const second = residentSupervisor({path});
	t.not(second, first);
	await second.close();
});

test('an idle supervisor lets Node end, and ends with it', async t => {
	const path = fakeHelper(t, LIFE);
	const script = `
		import {startSupervisor} from ${JSON.stringify(resolve('orchestrator/helper/start.ts'))};
		import {planOf} from ${JSON.stringify(resolve('test/unit/helper/fake.ts'))};
		const supervisor = startSupervisor({path: ${JSON.stringify(path)}, stdin: 'ignore', stdout: 'ignore'});
		const {code} = await supervisor.launch(planOf()).exited;
		console.log(supervisor.pid, code);
	`;
	const {stdout} = await run(process.execPath, ['--import=tsx', '--input-type=module', '-e', script], {timeout: 55_000});
	const [pid, code] = stdout.trim().split(' ').map(Number);
	t.is(code, 7);
	while (startTime(pid ?? 0) !== undefined) { // It is, for a zombie, which stays where nobody reaps orphans.
		await new Promise(done => setTimeout(done, 5));
	}
});
