/** A rootfs is hostile: what lies in it never leads out, and what stands where something else should be is refused in words. */

import {execFileSync} from 'node:child_process';
import {closeSync, copyFileSync, existsSync, mkdirSync, openSync, readFileSync, readdirSync, rmdirSync, symlinkSync, writeFileSync} from 'node:fs';
import {join, resolve} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import type {CreateOp, Plan, StartOp} from '../../orchestrator/helper/plan.js';
import {Marked} from './marked.js';
import {directoryFor, planFor, privileges, type Privilege, runPlan} from './support.js';

interface Scene {
	helper: Marked;
	/** The rootfs: a directory of its own with /probe and whatever is put there. */
	rootfs: string;
	/** A directory of the host that nothing may reach. */
	outside: string;
	plan: (ops: CreateOp[], argv?: string[], start?: StartOp[]) => Plan;
}

const scene = (t: ExecutionContext, privilege: Privilege): Scene => {
	const base = directoryFor(t, privilege);
	const rootfs = join(base, 'rootfs');
	const outside = join(base, 'outside');
	for (const directory of [rootfs, outside, join(rootfs, 'proc'), join(rootfs, 'etc')]) {
		mkdirSync(directory);
	}

	copyFileSync(resolve('build/probe'), join(rootfs, 'probe'));
	const helper = new Marked(t, privilege);
	const plan = (ops: CreateOp[], argv = ['/probe', 'print', 'fine'], start: StartOp[] = []): Plan => {
		if (process.getuid?.() === 0 && privilege === 'rootless') {
			execFileSync('chown', ['-Rh', '65534:65534', base]);
		}

		const rest = planFor(t, privilege, argv);
		return {
			...rest,
			create: [
				{op: 'propagation', target: '/'},
				{op: 'bind', source: rootfs, target: '/', recursive: true, root: true},
				...ops,
				{op: 'pivot'},
			],
			start: [...start, ...rest.start],
		};
	};

	return {helper, rootfs, outside, plan};
};

const proc: CreateOp = {op: 'mount', type: 'proc', target: '/proc', create: 'directory', noSymlinks: true};

for (const privilege of privileges) {
	test(`${privilege}: a mount point of ours that is a link is refused`, async t => {
		for (const [name, ops] of [['proc', [proc]], ['dev', [{op: 'mount', type: 'tmpfs', target: '/dev', create: 'directory', noSymlinks: true}]]] as const) {
			for (const target of ['outside', '/', '..', '../../../../../../tmp', 'etc', 'nowhere']) {
				const {helper, rootfs, outside, plan} = scene(t, privilege);
				if (name === 'proc') {
					rmdirSync(join(rootfs, 'proc'));
				}

				symlinkSync(target === 'outside' ? outside : target, join(rootfs, name));
				const launch = helper.launch(plan([...ops]));
				const error = await t.throwsAsync(launch.exited);
				t.like(error, {step: 'create', code: 'ELOOP', path: `/${name}`});
				t.regex(error.message, /symbolic link/);
				await launch.released;
			}
		}
	});

	test(`${privilege}: links on the way to a target are followed inside the root only`, async t => {
		const {helper, rootfs, outside, plan} = scene(t, privilege);
		mkdirSync(join(rootfs, 'inside'));
		mkdirSync(join(rootfs, outside), {recursive: true});
		symlinkSync(outside, join(rootfs, 'absolute'));
		symlinkSync('../../../../../../../..', join(rootfs, 'inside', 'up'));
		symlinkSync('/proc/self/root', join(rootfs, 'magic'));
		const {stdout, exit} = await runPlan(helper, plan([
			proc,
			{op: 'mkdir', target: '/absolute/made'},
			{op: 'file', target: '/inside/up/file', data: 'x'},
			{op: 'file', target: '/absolute/../../../../file2', data: 'x'},
			{op: 'symlink', target: '/inside/up/link', text: '/'},
		], ['/probe', 'list', '/']));
		t.is(exit.code, 0, stdout);
		t.true(existsSync(join(rootfs, 'file')));
		t.true(existsSync(join(rootfs, outside, 'made')));
		t.deepEqual(readdirSync(outside), []);
		t.false(existsSync('/file2'));
	});

	test(`${privilege}: magic links are never followed`, async t => {
		for (const ops of [
			[{op: 'file', target: '/magic/file', data: 'x'}],
			[{op: 'mkdir', target: '/magic/directory'}],
			[{op: 'mount', type: 'tmpfs', target: '/magic'}],
			[{op: 'mask', target: '/magic'}],
		] satisfies CreateOp[][]) {
			const {helper, rootfs, plan} = scene(t, privilege);
			symlinkSync('/proc/self/root', join(rootfs, 'magic'));
			// The host's own /proc, in which self is the init: its root is the host's until the pivot.
			const launch = helper.launch(plan([{op: 'bind', source: '/proc', target: '/proc', recursive: true}, ...ops]));
			t.like(await t.throwsAsync(launch.exited), {step: 'create', code: 'ELOOP'});
			await launch.released;
		}
	});

	test(`${privilege}: loops, dangling links and files in the way are refused in words`, async t => {
		const cases: [put: (rootfs: string) => void, ops: CreateOp[], code: string | undefined][] = [
			[rootfs => symlinkSync('loop', join(rootfs, 'loop')), [{op: 'mount', type: 'tmpfs', target: '/loop', create: 'directory'}], 'ELOOP'],
			[rootfs => symlinkSync('b', join(rootfs, 'a')), [{op: 'symlink', target: '/b', text: 'a'}, {op: 'file', target: '/a/x', data: ''}], 'ELOOP'],
			[rootfs => writeFileSync(join(rootfs, 'file'), ''), [{op: 'mount', type: 'tmpfs', target: '/file', create: 'directory'}], 'ENOTDIR'],
			[rootfs => writeFileSync(join(rootfs, 'file'), ''), [{op: 'mkdir', target: '/file'}], 'ENOTDIR'],
			[rootfs => writeFileSync(join(rootfs, 'file'), ''), [{op: 'mkdir', target: '/file/below'}], 'ENOTDIR'],
			[rootfs => mkdirSync(join(rootfs, 'directory')), [{op: 'file', target: '/directory', data: ''}], 'EISDIR'],
			[rootfs => symlinkSync('/etc/elsewhere', join(rootfs, 'etc', 'hosts')), [{op: 'file', target: '/etc/hosts', data: ''}], 'ELOOP'],
			[rootfs => execFileSync('mkfifo', [join(rootfs, 'etc', 'hosts')]), [{op: 'file', target: '/etc/hosts', data: ''}], 'ENXIO'],
			[rootfs => mkdirSync(join(rootfs, 'x')), [{op: 'symlink', target: '/x', text: 'y'}], 'EEXIST'],
			[() => undefined, [{op: 'mkdir', target: '/..'}], 'EINVAL'],
			[() => undefined, [{op: 'mkdir', target: '/etc/'}], 'EINVAL'],
			[() => undefined, [{op: 'mask', target: '/nothing'}], 'ENOENT'],
			[() => undefined, [{op: 'protect', target: '/nothing', attributes: ['rdonly']}], 'ENOENT'],
			[() => undefined, [{op: 'mkdir', target: `/${'n'.repeat(300)}`}], 'ENAMETOOLONG'],
		];
		for (const [put, ops, code] of cases) {
			const {helper, rootfs, plan} = scene(t, privilege);
			put(rootfs);
			const launch = helper.launch(plan(ops));
			const error = await t.throwsAsync(launch.exited, undefined, JSON.stringify(ops));
			t.like(error, {step: 'create', code}, JSON.stringify(ops));
			t.false(error.message.includes('\n'));
			await launch.released;
		}
	});

	test(`${privilege}: a dangling link where a target is to be made makes nothing outside`, async t => {
		const {helper, rootfs, outside, plan} = scene(t, privilege);
		symlinkSync(join(outside, 'made'), join(rootfs, 'dangling'));
		for (const create of ['directory', 'file'] as const) {
			const launch = helper.launch(plan([{op: 'bind', source: create === 'file' ? '/dev/null' : '/proc', target: '/dangling', recursive: true, create}]));
			await launch.exited.catch(() => undefined);
			await launch.released;
		}

		t.deepEqual(readdirSync(outside), []);
	});

	const lookUp: StartOp[] = [{op: 'credentials', user: 'alice'}];

	test(`${privilege}: account files that are none are refused, and nothing waits for them`, async t => {
		const cases: [put: (etc: string, outside: string) => void, why: RegExp][] = [
			[etc => execFileSync('mkfifo', [join(etc, 'passwd')]), /not a regular file/],
			[etc => mkdirSync(join(etc, 'passwd')), /not a regular file/],
			[etc => symlinkSync('passwd', join(etc, 'passwd')), /symbolic link/],
			[etc => symlinkSync('/proc/self/fd/0', join(etc, 'passwd')), /symbolic link|no such user/],
			[etc => writeFileSync(join(etc, 'passwd'), 'alice:x:0:0::/:/bin/sh\n'.padEnd(10_000_000, '#')), /larger than/],
			[etc => writeFileSync(join(etc, 'passwd'), 'alice'), /no such user/],
			[(etc, outside) => {
				writeFileSync(join(outside, 'passwd'), 'alice:x:0:0::/:/bin/sh\n');
				symlinkSync(join(outside, 'passwd'), join(etc, 'passwd'));
			}, /no such user/],
			[etc => {
				writeFileSync(join(etc, 'passwd'), 'alice:x:0:0::/:/bin/sh\n');
				execFileSync('mkfifo', [join(etc, 'group')]);
			}, /not a regular file/],
			[etc => {
				writeFileSync(join(etc, 'passwd'), 'alice:x:0:0::/:/bin/sh\n');
				writeFileSync(join(etc, 'group'), Array.from({length: 257}, (_, group) => `g${group}:x:${group}:alice\n`).join(''));
			}, /more supplementary groups/],
		];
		for (const [put, why] of cases) {
			const {helper, rootfs, outside, plan} = scene(t, privilege);
			put(join(rootfs, 'etc'), outside);
			const launch = helper.launch(plan([proc], undefined, lookUp));
			const error = await t.throwsAsync(launch.exited);
			t.like(error, {step: 'start', op: 'credentials', exitCode: 125});
			t.regex(error.message, why);
			await launch.released;
		}
	});

	test(`${privilege}: a working directory by a descriptor's magic link is refused, however the root was made`, async t => {
		const {helper, rootfs} = scene(t, privilege);
		const long = join(rootfs, ...Array.from({length: 5}, () => 'l'.repeat(100)));
		mkdirSync(long, {recursive: true});
		for (const forgo of [0, 2]) {
			for (let descriptor = 0; descriptor < 24; descriptor += 1) {
				const plan = planFor(t, privilege, ['/bin/pwd']);
				for (const op of plan.create) {
					if (op.op === 'overlay') {
						op.lowers.push(long);
					}
				}

				plan.start.unshift({op: 'cwd', target: `/proc/self/fd/${descriptor}`});
				const launch = helper.launch(plan, {forgo});
				const error = await t.throwsAsync(launch.exited);
				t.like(error, {step: 'start', op: 'cwd'});
				t.regex(error.message, /symbolic link|no such file/i);
				await launch.released;
			}
		}
	});
}

test('a file of the host is read by nobody through a lent descriptor\'s name', async t => {
	const [privilege = 'rootless'] = privileges;
	const {helper, rootfs, plan} = scene(t, privilege);
	const kept = openSync(join(rootfs, 'etc'), 'r');
	const {stdout} = await runPlan(helper, plan([proc], ['/probe', 'fds']));
	closeSync(kept);
	t.deepEqual(stdout.trim().split('\n').map(line => line.split(' ')[0]), ['0', '1', '2']);
	t.is(readFileSync(join(rootfs, 'probe')).length, readFileSync(resolve('build/probe')).length);
});
