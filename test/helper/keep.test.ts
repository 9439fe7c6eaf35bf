/** `nsinit --keep FIFO`, which lasts as long as somebody has the FIFO open for writing, and PRESENCE, by which a supervisor does. */

import {execFileSync, spawn} from 'node:child_process';
import {chownSync, closeSync, constants, existsSync, fstatSync, mkdirSync, openSync, readFileSync, readSync, readdirSync, readlinkSync, renameSync, rmdirSync, statSync, symlinkSync, unlinkSync, writeFileSync, writeSync} from 'node:fs';
import {createServer} from 'node:net';
import {once} from 'node:events';
import {join} from 'node:path';
import {text} from 'node:stream/consumers';
import test, {type ExecutionContext} from 'ava';
import {ClocheError} from '../../orchestrator/base/errors.js';
import {encodeCreateAndStart} from '../../orchestrator/helper/encode.js';
import type {Plan} from '../../orchestrator/helper/plan.js';
import {Kind} from '../../orchestrator/helper/protocol.js';
import {fullPlan, marked} from './full-plan.js';
import {Marked} from './marked.js';
import {Raw} from './raw.js';
import {Served} from './served.js';
import {faulty} from './strace.js';
import {directoryFor, nsinit, type Privilege, privileges, probe, until} from './support.js';

const NULLS = {stdin: 'null', stdout: 'null', stderr: 'null'} as const;
const LATE = 3_600_000;

interface Keeper {
	pid: number;
	/** Its exit status, and what it said about why. */
	ended: Promise<[number | null, string]>;
	readonly isThere: boolean;
}

/** Start one; resolves when it is ready, or has ended. */
const keeperOf = async (t: ExecutionContext, path: string): Promise<Keeper> => {
	const child = spawn(nsinit, ['--keep', path], {stdio: ['ignore', 'pipe', 'pipe']});
	t.teardown(() => child.kill('SIGKILL'));
	const said = text(child.stderr);
	const ended = once(child, 'close').then(async ([code]): Promise<[number | null, string]> => [code as number | null, await said]);
	await Promise.race([once(child.stdout, 'data').then(([data]) => t.is(String(data), '\n')), ended]);
	return {pid: child.pid ?? 0, ended, get isThere() {
		return child.exitCode === null && child.signalCode === null;
	}};
};

const orNothing = (path: string): string => existsSync(path) ? readFileSync(path, 'utf8') : '';

const attend = (path: string): number => openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);

/** As who started a keeper does: it has the FIFO open before anybody else can. */
const begin = (path: string): number => {
	const file = attend(`${path}~`);
	renameSync(`${path}~`, path);
	return file;
};

const codeOf = (act: () => unknown): string | undefined => {
	try {
		act();
	} catch (error) {
		return (error as NodeJS.ErrnoException).code;
	}

	return undefined;
};

/** More than a pipe holds: it goes in only while somebody reads. */
const isHeard = async (t: ExecutionContext, fd: number): Promise<void> => {
	let left = 300_000;
	await until(t, () => {
		try {
			left -= writeSync(fd, Buffer.alloc(Math.min(left, 4096)));
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') {
				throw error;
			}
		}

		return left === 0;
	});
};

const waits = async (t: ExecutionContext, pid: number): Promise<void> => until(t, () => /^State:\s+S/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')));

test('a keeper ends with the last of those who have its FIFO open, and not before the first has come', async t => {
	const directory = directoryFor(t, 'root');
	const path = join(directory, 'fifo');
	const keeper = await keeperOf(t, path);
	t.is(statSync(`${path}~`).mode & 0o7777, 0o600);
	await waits(t, keeper.pid);
	t.false(existsSync(path));
	const first = begin(path);
	const second = attend(path);
	closeSync(first);
	await isHeard(t, second);
	const third = attend(path);
	closeSync(second);
	await isHeard(t, third);
	t.true(keeper.isThere);
	t.deepEqual(readdirSync(directory), ['fifo']);
	closeSync(third);
	t.deepEqual(await keeper.ended, [0, '']);
	t.deepEqual(readdirSync(directory), []);
});

test('who says something and goes is gone', async t => {
	const path = join(directoryFor(t, 'root'), 'fifo');
	const keeper = await keeperOf(t, path);
	const one = begin(path);
	writeSync(one, 'x'.repeat(5000));
	closeSync(one);
	t.deepEqual(await keeper.ended, [0, '']);
});

test('whoever has it open, and found its name once he had, never finds the keeper gone', async t => {
	const directory = directoryFor(t, 'root');
	const path = join(directory, 'fifo');
	const people = Array.from({length: 4}, () => spawn(probe, ['attend', path, '200'], {stdio: ['ignore', 'pipe', 'inherit']}));
	let left = people.length;
	const said = Promise.all(people.map(async person => {
		t.teardown(() => person.kill('SIGKILL'));
		const words = await text(person.stdout);
		left--;
		return words;
	}));
	let keepers = 0;
	for (; left > 0; keepers++) {
		const keeper = await keeperOf(t, path);
		closeSync(begin(path));
		t.deepEqual(await keeper.ended, [0, '']);
	}

	t.log(`${keepers} keepers; ${(await said).join('; ').replaceAll('\n', '')}`);
	for (const words of await said) {
		t.regex(words, /^\d+ \d+ 0\n$/);
	}

	t.deepEqual(readdirSync(directory), []);
});

test('a keeper that is killed leaves its FIFO, which nobody reads', async t => {
	const path = join(directoryFor(t, 'root'), 'fifo');
	const keeper = await keeperOf(t, path);
	const one = begin(path);
	process.kill(keeper.pid, 'SIGKILL');
	await keeper.ended;
	t.is(codeOf(() => writeSync(one, 'x')), 'EPIPE');
	t.is(codeOf(() => attend(path)), 'ENXIO');
	closeSync(one);
	t.true(statSync(path).isFIFO());
});

test('paths where no FIFO can be are refused before anything is made', async t => {
	const directory = directoryFor(t, 'root');
	writeFileSync(join(directory, 'file'), 'kept');
	const cases: Array<[path: string, why: RegExp]> = [
		[join(directory, 'nowhere', 'fifo'), /No such file/],
		[join(directory, 'file', 'fifo'), /Not a directory/],
		[join(directory, 'x'.repeat(255)), /name too long/i],
		[join(directory, 'x'.repeat(256)), /name too long/i],
		['/x'.repeat(2047) + '/', /name too long|No such file/i],
		['/x'.repeat(5000), /name too long/i],
		['', /No such file/],
	];
	for (const [path, why] of cases) {
		const [code, said] = await (await keeperOf(t, path)).ended;
		t.is(code, 125, path);
		t.regex(said, why);
	}

	t.deepEqual(readdirSync(directory), ['file']);
	t.is(readFileSync(join(directory, 'file'), 'utf8'), 'kept');
	const longest = await keeperOf(t, join(directory, 'x'.repeat(254)));
	closeSync(begin(join(directory, 'x'.repeat(254))));
	t.deepEqual(await longest.ended, [0, '']);
	t.deepEqual(readdirSync(directory), ['file']);
});

test('a keeper that can tell nobody that it is ready leaves nothing', async t => {
	const directory = directoryFor(t, 'root');
	for (const out of ['>&-', '>/dev/full', '']) {
		// Where it is a pipe, its other end is closed before the keeper begins.
		const child = spawn('sh', ['-c', `read go; exec "$0" --keep "$1" ${out}`, nsinit, join(directory, 'fifo')], {stdio: 'pipe'});
		const said = text(child.stderr);
		child.stdout.destroy();
		await once(child.stdout, 'close');
		child.stdin.end('\n');
		await once(child, 'exit');
		t.regex(await said, /^nsinit: /, out);
		t.deepEqual(readdirSync(directory), [], out);
	}
});

test('a keeper whose name is taken away, or given to another, lasts for those who are there, and leaves the other\'s alone', async t => {
	const directory = directoryFor(t, 'root');
	const path = join(directory, 'fifo');
	const first = await keeperOf(t, path);
	const one = begin(path);
	unlinkSync(path);
	const second = await keeperOf(t, path);
	const other = begin(path);
	t.not(fstatSync(one).ino, fstatSync(other).ino);
	closeSync(one);
	t.deepEqual(await first.ended, [0, '']);
	t.is(statSync(path).ino, fstatSync(other).ino);
	await isHeard(t, other);
	closeSync(other);
	t.deepEqual(await second.ended, [0, '']);
	t.deepEqual(readdirSync(directory), []);
});

test('what has the name already that a keeper begins with is left alone', async t => {
	const directory = directoryFor(t, 'root');
	const path = join(directory, 'fifo');
	for (const [make, remove] of [[() => writeFileSync(`${path}~`, ''), () => unlinkSync(`${path}~`)], [() => mkdirSync(`${path}~`), () => rmdirSync(`${path}~`)]] as const) {
		make();
		const [code, said] = await (await keeperOf(t, path)).ended;
		t.is(code, 125);
		t.regex(said, /File exists/);
		t.deepEqual(readdirSync(directory), ['fifo~']);
		remove();
	}
});

/** A FIFO that the test reads. */
interface Fifo {
	path: string;
	/** Whether somebody has it open for writing. */
	readonly held: boolean;
}

const fifoFor = (t: ExecutionContext, privilege: Privilege): Fifo => {
	const directory = directoryFor(t, privilege);
	const path = join(directory, 'fifo');
	execFileSync('mkfifo', [path]);
	const {uid, gid} = statSync(directory);
	chownSync(path, uid, gid);
	const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
	t.teardown(() => closeSync(reader));
	return {path, get held() {
		return codeOf(() => readSync(reader, Buffer.alloc(1))) === 'EAGAIN';
	}};
};

const planOf = (t: ExecutionContext, privilege: Privilege, mark: string, changes: Partial<Plan>, argv = ['/probe', 'sleep-forever']): Plan & {state: string} => marked(fullPlan(t, privilege, argv, {streams: NULLS, ...changes}), mark);

const endedOf = async ({helper}: Raw): Promise<void> => {
	helper.socket.end();
	await helper.ended;
	await helper.gone();
};

for (const privilege of privileges) {
	test(`${privilege}: a container's presence lasts until it is released, and its supervisor's other containers have none of it`, async t => {
		const fifo = fifoFor(t, privilege);
		const helper = new Marked(t, privilege);
		const other = helper.launch(planOf(t, privilege, helper.mark, {}));
		await other.running;
		t.false(fifo.held);
		const launch = helper.launch(planOf(t, privilege, helper.mark, {presence: fifo.path, init: true}));
		await launch.running;
		t.true(fifo.held);
		const has = (pid: number): boolean => readdirSync(`/proc/${pid}/fd`).some(fd => {
			let is = false;
			codeOf(() => {
				is = readlinkSync(`/proc/${pid}/fd/${fd}`) === fifo.path;
			});
			return is;
		});
		t.deepEqual(helper.processes().filter(has), [helper.pid]);
		const late = helper.launch(planOf(t, privilege, helper.mark, {}));
		await late.running;
		const joined = helper.launch({namespaces: [], join: [], streams: NULLS, terminal: false, init: false, cgroups: [], remove: [], create: [], presence: fifo.path, start: [{op: 'exec', argv: ['/bin/sleep', '1000'], env: [helper.mark]}]}, {target: other});
		await joined.running;
		launch.signal(9);
		await launch.released;
		t.true(fifo.held, 'by the exec');
		joined.signal(9);
		await joined.released;
		t.false(fifo.held);
		await helper.close();
		await helper.gone();
	});

	test(`${privilege}: it is there while a large tree is removed, and not a moment after RELEASED`, async t => {
		const fifo = fifoFor(t, privilege);
		let watched = false;
		for (let turn = 0; turn < 20 && !watched; turn++) {
			const raw = new Raw(t, privilege);
			const tree = join(directoryFor(t, privilege), 'tree');
			mkdirSync(tree);
			for (let file = 0; file < 5000; file++) {
				writeFileSync(join(tree, String(file)), '');
			}

			execFileSync('chown', ['-R', `--reference=${join(tree, '..')}`, tree]);
			const plan = planOf(t, privilege, raw.helper.mark, {presence: fifo.path}, ['/probe', 'exit', '0']);
			raw.helper.socket.write(encodeCreateAndStart(1, {...plan, remove: [tree, ...plan.remove]}));
			await raw.until(({kind}) => kind === Kind.EXITED);
			const [remover] = raw.helper.inits;
			if (remover !== undefined && codeOf(() => process.kill(remover, 'SIGSTOP')) === undefined) {
				await until(t, () => /^State:\s+[TXZ]/m.test(orNothing(`/proc/${remover}/status`)) || !existsSync(`/proc/${remover}`));
				watched = /^State:\s+T/m.test(orNothing(`/proc/${remover}/status`));
				t.true(!watched || fifo.held);
				t.false(watched && raw.frames.some(({kind}) => kind === Kind.RELEASED));
				codeOf(() => process.kill(remover, 'SIGCONT'));
			}

			await raw.until(({kind}) => kind === Kind.RELEASED);
			t.false(fifo.held);
			await endedOf(raw);
		}

		t.true(watched, 'no remover was caught');
	});

	test(`${privilege}: a served container's lasts from run to run, and until its helper ends`, async t => {
		const fifo = fifoFor(t, privilege);
		const served = new Served(t, privilege, ['/bin/false'], {service: {restart: {when: 'always', backoff: LATE, backoffMost: LATE, steady: LATE}}});
		served.plan.presence = fifo.path;
		await served.start();
		t.true(fifo.held);
		await served.raw.until(({kind}) => kind === Kind.EXITED);
		t.true(fifo.held);
		const client = await served.connect();
		client.stop();
		await served.raw.until(({kind}) => kind === Kind.RELEASED);
		t.true(fifo.held, 'the helper is there');
		served.detachNow();
		await served.ended();
		t.false(fifo.held);
	});

	test(`${privilege}: it is one and the same through all runs of a served container`, async t => {
		const fifo = fifoFor(t, privilege);
		const served = new Served(t, privilege, ['/bin/sh', '-c', 'echo run >> /runs; [ $(wc -l < /runs) = 5 ]'], {service: {restart: {when: 'on-failure', backoff: 1, backoffMost: 1, steady: LATE}}});
		served.plan.presence = fifo.path;
		await served.start();
		// Where it was opened again there would be nothing to open.
		unlinkSync(fifo.path);
		served.detachNow();
		t.is(await served.ended(), 'status 0');
		t.like(served.exit, {code: 0, restarts: 4});
		t.false(fifo.held);
	});

	for (const how of ['SIGKILL', 'SIGTERM'] as const) {
		test(`${privilege}: a supervisor that ends by ${how} is present no more`, async t => {
			const fifo = fifoFor(t, privilege);
			const helper = new Marked(t, privilege);
			const launch = helper.launch(planOf(t, privilege, helper.mark, {presence: fifo.path}));
			launch.exited.catch(() => undefined);
			await launch.running;
			helper.child.kill(how);
			if (how === 'SIGTERM') {
				await helper.close(); // It may ignore that.
			}

			await helper.ended;
			await helper.gone();
			t.false(fifo.held);
		});
	}

	const refusals: Array<[name: string, make: (path: string) => unknown, code: string]> = [
		['nothing', () => undefined, 'ENOENT'],
		['a regular file', path => writeFileSync(path, 'kept'), 'EINVAL'],
		['a directory', path => mkdirSync(path), 'EISDIR'],
		['a FIFO that nobody reads', path => execFileSync('mkfifo', [path]), 'ENXIO'],
		['a symbolic link', path => symlinkSync('/dev/null', path), 'ELOOP'],
		['a device', path => execFileSync('mknod', [path, 'c', '1', '3']), 'EINVAL'],
		['a socket', async path => once(createServer().listen(path).unref(), 'listening'), 'ENXIO'],
	];
	for (const [name, make, code] of refusals.filter(([name]) => name !== 'a device' || process.getuid?.() === 0)) {
		test(`${privilege}: ${name} for a FIFO is refused, and nothing is left`, async t => {
			const directory = directoryFor(t, privilege);
			const path = join(directory, 'presence');
			await make(path);
			if (existsSync(path)) {
				const {uid, gid} = statSync(directory);
				execFileSync('chown', ['-h', `${uid}:${gid}`, path]);
			}

			const helper = new Marked(t, privilege);
			const plan = planOf(t, privilege, helper.mark, {presence: path});
			const launch = helper.launch(plan);
			const error = await t.throwsAsync(launch.exited, {instanceOf: ClocheError});
			t.like(error, {step: 'parent', code, path});
			await launch.released;
			t.deepEqual(helper.inits, []);
			t.false(existsSync(plan.state));
			t.true(name !== 'a regular file' || readFileSync(path, 'utf8') === 'kept');
			const again = helper.launch(planOf(t, privilege, helper.mark, {}, ['/probe', 'exit', '0']));
			t.is((await again.exited).code, 0);
			await again.released;
			await helper.close();
			await helper.gone();
		});
	}

	test(`${privilege}: what can't be made for another reason lets go of it`, async t => {
		const fifo = fifoFor(t, privilege);
		const helper = new Marked(t, privilege);
		for (const changes of [{program: '/nowhere'}, {cgroups: ['/nowhere']}, {parent: {pid: process.pid, start: 1}}, {create: [{op: 'mkdir', target: '/proc/x', mode: 0o700}] satisfies Plan['create']}]) {
			const launch = helper.launch(planOf(t, privilege, helper.mark, {presence: fifo.path, ...changes}));
			await t.throwsAsync(launch.exited, {instanceOf: ClocheError});
			await launch.released;
			t.false(fifo.held);
		}
	});

	faulty(`${privilege}: a FIFO that has lost its name once it is open is refused: its keeper may have looked already`, async t => {
		const fifo = fifoFor(t, privilege);
		const helper = new Marked(t, privilege, {through: ['strace', '-f', '-qq', '-o', '/dev/null', '-P', fifo.path, '-e', 'trace=?open,openat', '-e', 'inject=?open,openat:signal=SIGSTOP:when=1']});
		const launch = helper.launch(planOf(t, privilege, helper.mark, {presence: fifo.path}));
		const {exited} = launch;
		exited.catch(() => undefined);
		const stopped = (): number | undefined => helper.processes().find(pid => pid !== helper.pid && /^State:\s+[Tt]/m.test(orNothing(`/proc/${pid}/status`)) && fifo.held);
		await until(t, () => stopped() !== undefined);
		renameSync(fifo.path, `${fifo.path}~`);
		process.kill(stopped() ?? 0, 'SIGCONT');
		t.like(await t.throwsAsync(exited, {instanceOf: ClocheError}), {step: 'parent', code: 'ENXIO', path: fifo.path});
		await launch.released;
		t.false(fifo.held);
		await helper.close();
		await helper.gone();
	});
}
