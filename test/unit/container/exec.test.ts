import test from 'ava';
import {planExec} from '../../../orchestrator/container/exec.js';
import {normalizeOptions} from '../../../orchestrator/container/normalize.js';
import type {RunOptions} from '../../../orchestrator/container/options/run-options.js';

const ALL = 2n ** 41n - 1n;

const specOf = (options: RunOptions = {}) => normalizeOptions('busybox', ['sleep', '9'], options, {label: String, cwd: '/', env: {}, uptime: 0n});

const around = {id: 'abc', cgroups: ['/sys/fs/cgroup/x'], capabilities: ALL};

test('it makes nothing, joins, and enters the container\'s cgroups', t => {
	const plan = planExec(specOf(), undefined, {command: ['true']}, around);
	t.like(plan, {namespaces: [], join: [], create: [], remove: [], cgroups: ['/sys/fs/cgroup/x'], terminal: false, init: false});
	t.deepEqual(plan.start.at(-1), {op: 'exec', argv: ['true'], env: ['HOSTNAME=abc', 'HOME=/root']});
});

test('the process part is the container\'s, unless it is given its own', t => {
	const spec = specOf({env: {A: 1, B: 2}, user: '5:6', workdir: '/w', ulimit: 'nofile=7:8', securityOpt: 'no-new-privileges', tty: true});
	const plain = planExec(spec, undefined, {command: ['true']}, around).start;
	t.deepEqual(plain.map(({op}) => op), ['rlimit', 'cwd', 'capabilities', 'credentials', 'no-new-privs', 'exec']);
	t.deepEqual(plain[1], {op: 'cwd', target: '/w'});
	t.like(plain[3], {user: '5:6'});
	t.deepEqual(plain.at(-1), {op: 'exec', argv: ['true'], env: ['HOSTNAME=abc', 'A=1', 'B=2']});
	const changed = planExec(spec, undefined, {command: ['id'], env: ['B=3'], cwd: '/x', user: '9', terminal: true}, around);
	t.like(changed.start[1], {target: '/x'});
	t.like(changed.start[3], {user: '9'});
	t.like(changed, {terminal: true, create: [{op: 'console', target: '/dev/console'}]});
	t.deepEqual(changed.start.at(-1), {op: 'exec', argv: ['id'], env: ['HOSTNAME=abc', 'TERM=xterm', 'A=1', 'B=3']});
});

test('privileged: all that we have ourselves, all there is in a user namespace, and no filter', t => {
	const spec = {...specOf({securityOpt: 'no-new-privileges'})};
	spec.linux = {...spec.linux, seccomp: new Uint8Array(8)};
	const own = 0b1011n;
	const ops = planExec(spec, undefined, {command: ['true'], privileged: true}, {...around, capabilities: own}).start;
	t.deepEqual(ops.map(({op}) => op), ['cwd', 'capabilities', 'credentials', 'exec'].filter(op => op !== 'cwd' || spec.process.cwd !== undefined));
	t.like(ops.find(({op}) => op === 'capabilities'), {bounding: own, permitted: own});
	const map = {uids: [{inside: 0, outside: 1000, count: 1}], gids: [{inside: 0, outside: 1000, count: 1}], denySetgroups: true};
	t.like(planExec(spec, map, {command: ['true'], privileged: true}, {...around, capabilities: own}).start.find(({op}) => op === 'capabilities'), {bounding: ALL});
});

test('what can\'t be is refused', t => {
	t.throws(() => planExec(specOf(), undefined, {command: []}, around), {message: /no command/});
	const map = {uids: [{inside: 0, outside: 1000, count: 1}], gids: [{inside: 0, outside: 1000, count: 1}], denySetgroups: true};
	t.throws(() => planExec(specOf(), map, {command: ['true'], user: '5'}, around), {message: /uid 5/});
});
