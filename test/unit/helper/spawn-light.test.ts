/** The helper without child_process: it must be the same to a supervisor. */

import {chmodSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {deprecate} from 'node:util';
import test, {type ExecutionContext} from 'ava';
import {ClocheError} from '../../../orchestrator/base/errors.js';
import {findBindings, isKnown} from '../../../orchestrator/helper/bindings.js';
import type {HelperEnd, HelperProcess} from '../../../orchestrator/helper/helper-process.js';
import {Kind, Tag} from '../../../orchestrator/helper/protocol.js';
import {spawnHelper} from '../../../orchestrator/helper/spawn.js';
import {spawnLight} from '../../../orchestrator/helper/spawn-light.js';
import {Supervisor} from '../../../orchestrator/helper/supervisor.js';
import {frame, hello, planOf} from './fake.js';

/** An executable that plays a helper: JavaScript, `socket` being its descriptor 3. */
const program = (t: ExecutionContext, code: string): string => {
	const directory = mkdtempSync(join(tmpdir(), 'cloche-light-'));
	t.teardown(() => {
		rmSync(directory, {recursive: true});
	});
	const path = join(directory, 'nsinit');
	writeFileSync(path, `#!${process.execPath}\nconst socket = new (require('net').Socket)({fd: 3});\n${code}\n`);
	chmodSync(path, 0o755);
	return path;
};

const light = (path: string): HelperProcess => {
	const child = spawnLight({path, stdin: 'ignore', stdout: 'ignore', stderr: 'inherit'});
	if (child === undefined) {
		throw new Error('this Node has other bindings: the fallback is all there is');
	}

	return child;
};

const endOf = (child: HelperProcess): Promise<HelperEnd> => new Promise(resolve => {
	child.onEnd(resolve);
});

test('a Node that is newer than any that was tried is not known, nor is one of another kind', t => {
	for (const version of ['v20.16.0', 'v20.20.2', 'v22.0.0', 'v22.23.3']) {
		t.true(isKnown(version), version);
	}

	for (const version of ['v18.20.8', 'v20.21.0', 'v21.7.3', 'v22.24.0', 'v23.0.0', 'v24.0.0', 'v24.21.0', 'v25.0.0', 'v22.0.0-nightly2024', '']) {
		t.false(isKnown(version), version);
	}
});

test('a Node that is known has the bindings', t => {
	t.is(findBindings() !== undefined, isKnown(process.version));
});

test.serial('a switch does without them', t => {
	process.env['CLOCHE_FORGO_BINDINGS'] = '1';
	t.teardown(() => {
		delete process.env['CLOCHE_FORGO_BINDINGS'];
	});
	t.is(spawnLight({path: '/bin/true'}), undefined);
});

test.serial('where Node would warn of them, or throw, they are left alone', t => {
	const binding: unknown = Reflect.get(process, 'binding');
	t.teardown(() => {
		Reflect.set(process, 'binding', binding);
	});
	// As --pending-deprecation does (lib/internal/process/pre_execution.js).
	Reflect.set(process, 'binding', deprecate(() => {
		t.fail('used');
	}, 'process.binding() is deprecated', 'DEP0111'));
	t.is(findBindings(), undefined);
});

test.serial('where they are others than they were, they are left alone', t => {
	const binding: unknown = Reflect.get(process, 'binding');
	t.teardown(() => {
		Reflect.set(process, 'binding', binding);
	});
	const fakes: Array<() => unknown> = [() => ({}), () => undefined, () => ({Process: {}, Pipe: {}, constants: {}}), () => {
		throw new Error('No such module');
	}];
	for (const fake of fakes) {
		Reflect.set(process, 'binding', fake);
		t.is(findBindings(), undefined);
	}
});

const common = (path: string): HelperProcess => spawnHelper({path, stdin: 'ignore', stdout: 'ignore'});

const kinds = [...(isKnown(process.version) ? [['light', light] as const] : []), ['common', common] as const];

for (const [kind, spawn] of kinds) {
	test(`${kind}: bytes go both ways, however many, and the end is told once, after all was heard`, async t => {
		const child = spawn(program(t, 'socket.on("data", chunk => socket.write(chunk)); socket.on("end", () => socket.end("bye", () => process.exit(7)));'));
		t.true(child.pid > 0);
		const chunks: Buffer[] = [];
		const sent = Buffer.alloc(300_000, 'cloche');
		child.socket.on('data', chunk => {
			chunks.push(Buffer.from(chunk));
			if (Buffer.concat(chunks).length === sent.length) {
				child.socket.end();
			}
		});
		child.socket.write(sent.subarray(0, 10));
		child.socket.write(sent.subarray(10));
		const end = await endOf(child);
		t.like(end, {code: 7, signal: null});
		t.is(Buffer.concat(chunks).toString(), `${sent.toString()}bye`);
	});

	test(`${kind}: a killed one`, async t => {
		const child = spawn(program(t, 'socket.resume();'));
		child.kill();
		t.like(await endOf(child), {code: null, signal: 'SIGKILL'});
	});

	test(`${kind}: one that isn't there`, async t => {
		const child = spawn('/nowhere/nsinit');
		t.is(child.pid, 0);
		const {error} = await endOf(child);
		t.like(error, {code: 'ENOENT'});
	});

	test(`${kind}: a supervisor over it`, async t => {
		const frames = Buffer.concat([
			hello(),
			frame(Kind.CREATED, 1, [Tag.PID, 42]),
			frame(Kind.RUNNING, 1),
			frame(Kind.EXITED, 1, [Tag.CODE, 3], [Tag.USER_TIME, 1n], [Tag.SYSTEM_TIME, 2n], [Tag.MAX_RSS, 3n]),
			frame(Kind.RELEASED, 1),
		]);
		const path = program(t, `socket.write(Buffer.from('${frames.toString('hex')}', 'hex')); socket.on('end', () => process.exit(0)); socket.resume();`);
		const supervisor = new Supervisor(spawn(path), {path});
		const launch = supervisor.launch(planOf());
		t.is((await launch.exited).code, 3);
		await launch.released;
		await supervisor.close();
		t.false(supervisor.alive);
	});

	test(`${kind}: a supervisor over nothing says what to do`, async t => {
		const path = '/nowhere/nsinit';
		const supervisor = new Supervisor(spawn(path), {path, remedy: 'run make helper'});
		const error = await t.throwsAsync(supervisor.launch(planOf()).running, {instanceOf: ClocheError});
		t.is(error.message, 'cannot start nsinit: /nowhere/nsinit: no such file or directory; run make helper');
	});

	test(`${kind}: a helper that ends by itself fails what is pending`, async t => {
		const path = program(t, 'process.exit(4);');
		const supervisor = new Supervisor(spawn(path), {path});
		await t.throwsAsync(supervisor.launch(planOf()).exited, {message: /^nsinit is gone: it ended with status 4/});
	});
}
