/** What a payload sees and reaches, and what it can't; what operations set. */

import {existsSync, mkdirSync, readFileSync, readlinkSync, rmdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import type {CreateOp, NamespaceName, Plan} from '../../orchestrator/helper/plan.js';
import {Forgo} from '../../orchestrator/helper/protocol.js';
import type {Launch} from '../../orchestrator/helper/launch.js';
import {type FullPlan, fullPlan, marked} from './full-plan.js';
import {Marked, eventually} from './marked.js';
import {directoryFor, privileges, type Privilege, runPlan} from './support.js';

/** `ops` before the pivot. */
const withOps = (plan: FullPlan, ...ops: CreateOp[]): FullPlan => ({...plan, create: plan.create.toSpliced(-1, 0, ...ops)});

const without = (plan: FullPlan, ...names: NamespaceName[]): FullPlan => ({...plan, namespaces: plan.namespaces.filter(name => !names.includes(name))});

/** The user namespace that is joined has its map; setgroups(2) may be denied there, which the helper isn't told. */
const withoutMap = (plan: FullPlan): FullPlan => {
	const {userMap, ...rest} = plan;
	return userMap === undefined ? rest : {...rest, start: rest.start.filter(({op}) => op !== 'credentials' && op !== 'capabilities')};
};

/** What a process that joins has for itself: nothing. */
const joining = (argv: string[], changes: Partial<Plan> = {}): Plan => ({
	namespaces: [], join: [], streams: {stdin: 'null', stdout: 'pipe', stderr: 'pipe'}, terminal: false, init: false, cgroups: [], remove: [],
	create: [], start: [{op: 'exec', argv, env: ['PATH=/bin']}], ...changes,
});

/** A container that stays. */
const stay = async (t: ExecutionContext, helper: Marked, privilege: Privilege, change: (plan: FullPlan) => Plan = plan => plan): Promise<Launch> => {
	const launch = helper.launch(change(marked(fullPlan(t, privilege, ['/probe', 'sleep-forever'], {streams: {stdin: 'null', stdout: 'null', stderr: 'null'}}), helper.mark)));
	await launch.running;
	return launch;
};

const NAMES: Record<NamespaceName, string> = {mount: 'mnt', uts: 'uts', ipc: 'ipc', pid: 'pid', network: 'net', user: 'user', cgroup: 'cgroup', time: 'time'};

for (const privilege of privileges) {
	test(`${privilege}: exactly 0, 1 and 2 are open, for every kind of stream`, async t => {
		const helper = new Marked(t, privilege);
		for (const init of [false, true]) {
			const {stdout} = await runPlan(helper, fullPlan(t, privilege, ['/probe', 'fds'], {init}));
			t.regex(stdout, /^0 \/dev\/null\n1 pipe:\[\d+\]\n2 pipe:\[\d+\]\n$/);
		}
	});

	test(`${privilege}: a fresh process: no signal blocked or ignored, an umask, no death signal of its own to lose, a session`, async t => {
		const helper = new Marked(t, privilege);
		const {stdout} = await runPlan(helper, fullPlan(t, privilege, ['/probe', 'signal-state', ',', 'umask', ',', 'nnp', ',', 'dumpable', ',', 'cwd', ',', 'env']));
		t.regex(stdout, /^blocked\nignored\n0*22\n1\n1\n\/\n"PATH=[^\n]*"\n$/);
	});

	test(`${privilege}: the old root is out of reach`, async t => {
		const helper = new Marked(t, privilege);
		const state = directoryFor(t, privilege);
		writeFileSync(join(state, 'marker'), '');
		const {stdout} = await runPlan(helper, fullPlan(t, privilege, ['/bin/sh', '-c', `mkdir -p /tmp; exec /probe escape ${state.slice(1)}/marker`]));
		t.regex(stdout, /^dotdot ENOENT$/m);
		t.notRegex(stdout, /^\S+ (?:ok|found)$/m, stdout);
	});

	test(`${privilege}: nothing mounted on the host later shows inside`, async t => {
		const helper = new Marked(t, privilege);
		const launch = await stay(t, helper, privilege);
		const mounts = readFileSync(`/proc/${await launch.created}/mountinfo`, 'utf8');
		// No mount is in a peer group or follows one (proc_pid_mountinfo(5), optional fields).
		t.notRegex(mounts, / (?:shared|master|propagate_from):/);
		t.is(readFileSync('/proc/self/mountinfo', 'utf8').includes(launch.pid?.toString() ?? 'none/'), false);
	});

	test(`${privilege}: its namespaces are its own, and others are shared`, async t => {
		const helper = new Marked(t, privilege);
		const all: NamespaceName[] = ['mount', 'uts', 'ipc', 'pid', 'network', 'cgroup'];
		for (const shared of [undefined, 'uts', 'ipc', 'cgroup'] as const) {
			const launch = await stay(t, helper, privilege, plan => {
				const fewer = shared === undefined ? plan : without(plan, shared);
				const needs: Record<string, string[]> = {uts: ['hostname', 'domainname'], ipc: ['mount'], cgroup: []};
				const drop = shared === undefined ? [] : needs[shared] ?? [];
				// A pseudo file system belongs to who owns its namespace.
				return {...fewer, create: fewer.create.filter(op => !drop.includes(op.op) || (op.op === 'mount' && op.type !== 'mqueue'))};
			});
			const pid = await launch.created;
			for (const name of all) {
				const same = readlinkSync(`/proc/${pid}/ns/${NAMES[name]}`) === readlinkSync(`/proc/self/ns/${NAMES[name]}`);
				t.is(same, name === shared, `${name} while ${shared ?? 'nothing'} is shared`);
			}

			launch.signal(9);
			await launch.released;
		}
	});

	test(`${privilege}: clocks are shifted, for it and for what joins it`, async t => {
		const helper = new Marked(t, privilege);
		const hour = 3_600_000_000_000n;
		const read = ['/probe', 'clock', 'monotonic', ',', 'clock', 'boottime'];
		const shifted = {op: 'time-offset', monotonic: 5n * hour + 7n, boottime: 9n * hour} as const;
		const check = (stdout: string): void => {
			const now = process.hrtime.bigint();
			const [monotonic = 0n, boottime = 0n] = stdout.trim().split('\n').map(BigInt);
			t.is((monotonic - now + hour / 2n) / hour, 5n);
			t.is((boottime - now + hour / 2n) / hour, 9n); // The machine has not slept for half an hour.
		};

		const traced: number[] = [];
		const {stdout} = await runPlan(helper, withOps(fullPlan(t, privilege, read), shifted), {onTrace: ({op, nanoseconds}) => op.op === 'time-offset' && traced.push(nanoseconds)});
		check(stdout);
		t.true((traced[0] ?? -1) >= 0 && (traced[0] ?? Infinity) < 1e10, String(traced));
		const target = await stay(t, helper, privilege, plan => withOps(plan, shifted));
		check((await runPlan(helper, joining(read), {target})).stdout);
		t.is(readlinkSync(`/proc/${await target.created}/ns/time`) === readlinkSync('/proc/self/ns/time'), false);
	});

	test(`${privilege}: a clock may run behind`, async t => {
		const helper = new Marked(t, privilege);
		const {stdout} = await runPlan(helper, withOps(fullPlan(t, privilege, ['/probe', 'clock', 'monotonic']), {op: 'time-offset', monotonic: -1_500_000_001n}));
		const behind = process.hrtime.bigint() - BigInt(stdout.trim());
		t.true(behind > 1_500_000_000n && behind < 60_000_000_000n, String(behind));
	});

	test(`${privilege}: sysctls are the container's own; others are refused`, async t => {
		const helper = new Marked(t, privilege);
		const key = '/proc/sys/net/ipv4/ip_unprivileged_port_start';
		const before = readFileSync(key, 'utf8');
		const {stdout} = await runPlan(helper, fullPlan(t, privilege, ['/probe', 'read', key]));
		t.is(stdout, '80\n');
		t.is(readFileSync(key, 'utf8'), before);
		for (const [bad, code] of [['net/nowhere', 'ENOENT'], ['../../etc/passwd', 'EINVAL'], ['/etc/passwd', 'EINVAL']] as const) {
			const launch = helper.launch(withOps(fullPlan(t, privilege, ['x']), {op: 'sysctl', key: bad, value: '1'}));
			t.like(await t.throwsAsync(launch.exited), {op: 'sysctl', code});
			await launch.released;
		}
	});

	test(`${privilege}: a namespace of another container is joined when one is made`, async t => {
		const helper = new Marked(t, privilege);
		const first = await stay(t, helper, privilege);
		const pid = await first.created;
		const names: NamespaceName[] = ['network', 'uts', 'ipc'];
		// Without privilege they belong to the first one's user namespace, so that is entered before them.
		const files = [...(privilege === 'rootless' ? ['user'] : []), ...names.map(name => NAMES[name])].map(name => `/proc/${pid}/ns/${name}`);
		const second = await stay(t, helper, privilege, plan => {
			const rest = withoutMap(without(plan, ...names, 'user'));
			return {...rest, join: files, create: rest.create.filter(({op}) => !['hostname', 'domainname', 'sysctl', 'resolver'].includes(op))};
		});
		for (const name of names) {
			t.is(readlinkSync(`/proc/${await second.created}/ns/${NAMES[name]}`), readlinkSync(`/proc/${pid}/ns/${NAMES[name]}`));
		}

		t.not(readlinkSync(`/proc/${await second.created}/ns/mnt`), readlinkSync(`/proc/${pid}/ns/mnt`));
	});

	test(`${privilege}: a pid namespace of another container is joined, and what joined ends with it`, async t => {
		const helper = new Marked(t, privilege);
		const first = await stay(t, helper, privilege);
		const pid = await first.created;
		const files = [...(privilege === 'rootless' ? ['user'] : []), 'pid'].map(name => `/proc/${pid}/ns/${name}`);
		const second = await stay(t, helper, privilege, plan => {
			return {...withoutMap(without(plan, 'pid', 'user')), join: files};
		});
		t.is(readlinkSync(`/proc/${await second.created}/ns/pid`), readlinkSync(`/proc/${pid}/ns/pid`));
		first.signal(9);
		t.is((await second.exited).signal, 9);
		await second.released;
	});

	test(`${privilege}: what joins is where the container is, with its own limits, and its end is its own`, async t => {
		const helper = new Marked(t, privilege);
		const target = await stay(t, helper, privilege);
		const {stdout, stderr, exit} = await runPlan(helper, joining(['/bin/sh', '-c', '/probe hostname; /probe fds; cat /made/hostname; exit 9'], {
			start: [
				{op: 'credentials', uid: 0, gid: 0}, {op: 'no-new-privs'}, {op: 'cwd', target: '/made'},
				{op: 'exec', argv: ['/bin/sh', '-c', '/probe hostname; /probe fds; pwd; ls; exit 9'], env: ['PATH=/bin']},
			],
		}), {target});
		t.is(stderr, '');
		t.regex(stdout, /^westeros\n0 \/dev\/null\n1 pipe:\S+\n2 pipe:\S+\n\/made\nbelow\nhostname\n$/);
		t.is(exit.code, 9);
		for (const name of ['mnt', 'pid', 'net', 'uts', 'ipc', 'cgroup', 'user', 'time']) {
			const joined = await runPlan(helper, joining(['/bin/readlink', `/proc/self/ns/${name}`]), {target});
			t.is(joined.stdout.trim(), readlinkSync(`/proc/${await target.created}/ns/${name}`));
		}

		t.is(target.state, 'running');
	});

	test(`${privilege}: what joins can't be looked into from inside, not even when it has no more rights than they`, async t => {
		const helper = new Marked(t, privilege);
		const target = await stay(t, helper, privilege);
		const mask = 0x8004_05FBn;
		const confined = (argv: string[]): Plan => joining(argv, {
			start: [
				{op: 'capabilities', bounding: mask, permitted: mask, inheritable: 0n, ambient: 0n}, {op: 'credentials', uid: 0, gid: 0},
				{op: 'exec', argv, env: ['PATH=/bin']},
			],
			streams: {stdin: 'null', stdout: 'pipe', stderr: 'pipe'},
		});
		const held = await new Promise<Launch>((resolve, reject) => {
			const launch = helper.launch(confined(['/bin/true']), {target, hold: 2, onHeld: () => {
				resolve(launch);
			}});
			launch.exited.catch(reject);
		});
		const {stdout} = await runPlan(helper, confined(['/bin/sh', '-c', 'for p in /proc/[0-9]*; do echo "$(cat $p/comm): $(readlink $p/exe)|$(readlink $p/fd/3)|$(readlink $p/fd/0)|$(readlink $p/cwd)"; done']), {target});
		const lines = stdout.split('\n');
		t.is(lines.find(line => line.startsWith('nsinit')), 'nsinit: |||', stdout);
		t.true(lines.some(line => line.startsWith('probe: /probe||/dev/null|/')), stdout);
		held.resume();
		t.is((await held.exited).code, 0);
	});

	test(`${privilege}: what has joined ends with the container, and by itself`, async t => {
		const helper = new Marked(t, privilege);
		const target = await stay(t, helper, privilege);
		const one = helper.launch(joining(['/probe', 'ignore-term']), {target});
		const other = helper.launch(joining(['/probe', 'ignore-term']), {target});
		await Promise.all([one.running, other.running]);
		one.signal(9);
		t.is((await one.exited).signal, 9);
		target.signal(9);
		t.is((await other.exited).signal, 9);
		await Promise.all([target.released, other.released]);
	});

	test(`${privilege}: with --init, orphans are reaped, signals passed on, and the exit is the payload's`, async t => {
		const helper = new Marked(t, privilege);
		const run = async (...argv: string[]) => runPlan(helper, fullPlan(t, privilege, ['/probe', ...argv], {init: true}));
		t.is((await run('exit', '5')).exit.code, 5);
		t.is((await run('kill', '9')).exit.code, 137);
		t.is((await run('exec', '/bin/false')).exit.code, 1);
		const {stdout} = await runPlan(helper, fullPlan(t, privilege, ['/bin/sh', '-c', '/probe orphan 20; i=0; while [ $(/probe processes | grep -c " Z") -gt 0 ] && [ $i -lt 5000 ]; do i=$((i+1)); done; /probe pid; /probe processes'], {init: true}));
		t.notRegex(stdout, / Z/);
		const launch = helper.launch(fullPlan(t, privilege, ['/probe', 'print-signals', '4'], {init: true}));
		const {stdout: out} = await launch.streams;
		let said = '';
		out?.on('data', (chunk: Buffer) => {
			said += chunk.toString();
		});
		await eventually(() => said === 'ready\n', () => said);
		for (const [index, signal] of [15, 10, 1, 28].entries()) {
			t.true(launch.signal(signal));
			await eventually(() => said.trim().split('\n').length === index + 2, () => said);
		}

		t.is(said, 'ready\n15\n10\n1\n28\n');
		t.is((await launch.exited).code, 0);
	});

	test(`${privilege}: without the newer kernel features the result is the same`, async t => {
		const helper = new Marked(t, privilege);
		const source = directoryFor(t, privilege);
		mkdirSync(join(source, 'below'));
		const seen: string[] = [];
		for (const forgo of [0, Forgo.MOUNT_SETATTR, Forgo.LOWERDIR_PLUS, Forgo.MOUNT_SETATTR | Forgo.LOWERDIR_PLUS]) {
			const plan = withOps(fullPlan(t, privilege, ['/bin/sh', '-c', 'cut -d" " -f5,6 /proc/self/mountinfo; /probe write /probe x; /probe write /volume/x y; /probe write /volume/below/x y; /probe write /new z; cat /made/hostname']),
				{op: 'bind', source, target: '/volume', create: 'directory', recursive: true, attributes: ['rdonly', 'nosuid', 'nodev', 'noexec']},
				{op: 'mount', type: 'tmpfs', target: '/volume/below'},
				{op: 'protect', target: '/volume', recursive: true, attributes: ['rdonly']});
			const {stdout, stderr, exit} = await runPlan(helper, plan, {forgo});
			t.is(stderr, '');
			t.is(exit.code, 0);
			seen.push(stdout);
		}

		t.regex(seen[0] ?? '', /EROFS\nEROFS\nEROFS\nok\nwesteros\n$/);
		t.deepEqual(seen, seen.map(() => seen[0] ?? ''));
	});

	test(`${privilege}: two hundred at once through one helper`, async t => {
		const helper = new Marked(t, privilege);
		const plans = Array.from({length: 200}, (_, index) => fullPlan(t, privilege, ['/probe', 'exit', String(index)], {streams: {stdin: 'null', stdout: 'null', stderr: 'null'}}));
		const launches = plans.map(plan => helper.launch(plan));
		const exits = await Promise.all(launches.map(async launch => launch.exited));
		t.deepEqual(exits.map(({code}) => code), plans.map((_, index) => index));
		await Promise.all(launches.map(async launch => launch.released));
		t.deepEqual(helper.inits, []);
		t.is(await helper.close(), 'status 0');
		await helper.gone();
	});
}

const unified = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'].find(directory => existsSync(join(directory, 'cgroup.controllers')));
const legacy = ['pids', 'freezer'].map(name => join('/sys/fs/cgroup', name)).find(directory => existsSync(join(directory, 'tasks')));

for (const [version, parent] of Object.entries({2: unified, 1: legacy})) {
	const here = privileges.includes('root') && parent !== undefined;
	test(`a cgroup of version ${version} is entered before anything runs, and left empty${here ? '' : ' (skipped: it takes root, and that version)'}`, async t => {
		if (!here) {
			return t.pass();
		}

		const cgroup = join(parent, `cloche-test-${process.pid}`);
		mkdirSync(cgroup);
		t.teardown(() => {
			if (existsSync(cgroup)) {
				rmdirSync(cgroup);
			}
		});
		const helper = new Marked(t, 'root');
		const held = await new Promise<Launch>((resolve, reject) => {
			const launch = helper.launch({...fullPlan(t, 'root', ['/probe', 'sleep-forever'], {streams: {stdin: 'null', stdout: 'null', stderr: 'null'}}), cgroups: [cgroup]}, {hold: 0, onHeld: () => {
				resolve(launch);
			}});
			launch.exited.catch(reject);
		});
		t.deepEqual(readFileSync(join(cgroup, 'cgroup.procs'), 'utf8').trim(), String(helper.inits[0]));
		held.resume();
		await held.running;
		t.true(readFileSync(`/proc/${await held.created}/cgroup`, 'utf8').includes(`/cloche-test-${process.pid}`));
		held.signal(9);
		await held.released;
		rmdirSync(cgroup); // EBUSY where something is in it.
		const gone = helper.launch({...fullPlan(t, 'root', ['x']), cgroups: [cgroup]});
		t.like(await t.throwsAsync(gone.exited), {step: 'cgroup', code: 'ENOENT'});
		await gone.released;
	});
}

const seccompTitle = 'a seccomp program is the last thing before exec, and what is none is refused';
(process.arch === 'x64' ? test : test.skip)(process.arch === 'x64' ? seccompTitle : `${seccompTitle} (its filters are written in x64's call numbers)`, async t => {
	const [privilege = 'rootless'] = privileges;
	const helper = new Marked(t, privilege);
	const instruction = (code: number, yes: number, no: number, value: number): Buffer => {
		const bytes = Buffer.alloc(8);
		bytes.writeUInt16LE(code, 0);
		bytes.writeUInt8(yes, 2);
		bytes.writeUInt8(no, 3);
		bytes.writeUInt32LE(value, 4);
		return bytes;
	};
	// sethostname (170), of which no operation of START makes use, fails with EXDEV (18).
	const program = Buffer.concat([instruction(0x20, 0, 0, 0), instruction(0x15, 0, 1, 170), instruction(6, 0, 0, 0x0005_0012), instruction(6, 0, 0, 0x7FFF_0000)]);
	const withProgram = (bytes: Uint8Array, noNewPrivs: boolean): Plan => {
		const plan = fullPlan(t, privilege, ['/probe', 'sethostname', 'x']);
		const start = noNewPrivs ? plan.start : plan.start.filter(({op}) => op !== 'no-new-privs');
		return {...plan, start: start.toSpliced(-1, 0, {op: 'seccomp', program: bytes})};
	};
	for (const noNewPrivs of [true, false]) {
		t.is((await runPlan(helper, withProgram(program, noNewPrivs))).stdout, 'EXDEV\n');
	}

	for (const bad of [Buffer.alloc(0), program.subarray(0, 7), program.subarray(0, 16), Buffer.alloc(8 * 4097)]) {
		const launch = helper.launch(withProgram(bad, true));
		t.like(await t.throwsAsync(launch.exited), {step: 'start', op: 'seccomp', code: 'EINVAL'});
		await launch.released;
	}
});

test('ids are mapped by newuidmap and newgidmap, where the user has ranges', async t => {
	const subordinate = (file: string): [string, number, number] | undefined => {
		try {
			const [name = '', start, count] = (readFileSync(file, 'utf8').split('\n')[0] ?? '').split(':');
			return start === undefined ? undefined : [name, Number(start), Number(count)];
		} catch {
			return undefined;
		}
	};
	const uids = subordinate('/etc/subuid');
	const gids = subordinate('/etc/subgid');
	const account = readFileSync('/etc/passwd', 'utf8').split('\n').map(line => line.split(':')).find(([name]) => name === uids?.[0]);
	if (process.getuid?.() !== 0 || uids === undefined || gids === undefined || account === undefined) {
		t.log('skipped: it needs root, an account in /etc/subuid, and newuidmap');
		return t.pass();
	}

	const [uid, gid] = [Number(account[2]), Number(account[3])];
	const helper = new Marked(t, 'root', {through: ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups']});
	const plan = fullPlan(t, 'rootless', ['/probe', 'read', '/proc/self/uid_map', ',', 'read', '/proc/self/gid_map']);
	const {stdout, stderr} = await runPlan(helper, {
		...plan,
		remove: [],
		namespaces: ['user', 'pid', 'mount'],
		userMap: {
			uids: [{inside: 0, outside: uid, count: 1}, {inside: 1, outside: uids[1], count: 1000}],
			gids: [{inside: 0, outside: gid, count: 1}, {inside: 1, outside: gids[1], count: 1000}],
			denySetgroups: false,
			mappers: {uid: '/usr/bin/newuidmap', gid: '/usr/bin/newgidmap'},
		},
		create: [],
		start: [{op: 'credentials', uid: 5, gid: 6, groups: [7]}, {op: 'exec', argv: ['/bin/sh', '-c', 'id -u; id -G; cat /proc/self/uid_map'], env: ['PATH=/bin:/usr/bin']}],
	});
	t.is(stderr, '');
	t.regex(stdout, new RegExp(`^5\n6 7\n\\s*0\\s+${uid}\\s+1\n\\s*1\\s+${uids[1]}\\s+1000\n$`));

	const refused = helper.launch({...plan, remove: [], create: [], userMap: {
		uids: [{inside: 0, outside: 0, count: 1}], gids: [{inside: 0, outside: gid, count: 1}], denySetgroups: false,
		mappers: {uid: '/usr/bin/newuidmap', gid: '/usr/bin/newgidmap'},
	}});
	const error = await t.throwsAsync(refused.exited);
	t.like(error, {step: 'id map', path: '/usr/bin/newuidmap'});
	await refused.released;
	const missing = helper.launch({...plan, remove: [], create: [], userMap: {
		uids: [{inside: 0, outside: uid, count: 1}], gids: [{inside: 0, outside: gid, count: 1}], denySetgroups: false, mappers: {uid: '/nowhere/newuidmap', gid: '/nowhere/newgidmap'},
	}});
	t.like(await t.throwsAsync(missing.exited), {step: 'id map', path: '/nowhere/newuidmap'});
	await missing.released;
});
