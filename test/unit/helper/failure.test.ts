import test from 'ava';
import type {Failure} from '../../../orchestrator/helper/events.js';
import {failureError} from '../../../orchestrator/helper/failure.js';
import type {ReadKernel} from '../../../orchestrator/helper/kernel-file.js';
import type {Op, Plan} from '../../../orchestrator/helper/plan.js';
import {Step} from '../../../orchestrator/helper/protocol.js';
import {findRemedy} from '../../../orchestrator/helper/remedies.js';
import {planOf} from './fake.js';

const failed = (failure: Partial<Failure>): Failure => ({step: Step.START, errno: 0, ...failure});

const exec = (errno: number, argv = ['nope']): ReturnType<typeof failureError> =>
	failureError(failed({index: 0, errno, path: argv[0], detail: 'execve'}), planOf({start: [{op: 'exec', argv, env: []}]}));

test('a command that is not there is 127, one that can\'t be executed 126', t => {
	t.is(exec(2).message, 'start: exec: nope: no such file or directory; check its name and that PATH inside the image leads to it');
	t.is(exec(2).exitCode, 127);
	t.is(exec(20).exitCode, 127);
	t.is(exec(13, ['/etc']).exitCode, 126);
	t.is(exec(8).message, 'start: exec: nope: exec format error; it is no program for this machine: a script needs a #! line, a binary the right architecture');
	t.is(exec(8).exitCode, 126);
	t.is(exec(7).exitCode, 126);
	t.regex(exec(7).message, /argument list too long; arguments and environment are larger/);
	t.regex(exec(2, ['/bin/x']).message, /and that its interpreter/);
});

test('an error without errno is its detail', t => {
	const error = failureError(failed({index: 0, path: 'bob', detail: 'no such user in the image\'s /etc/passwd'}), planOf({start: [{op: 'credentials', user: 'bob'}]}));
	t.is(error.message, 'start: credentials (operation 0): bob: no such user in the image\'s /etc/passwd');
	t.is(error.errno, undefined);
	t.is(error.exitCode, 125);
});

test('a step that has no operation is told in words', t => {
	t.is(failureError(failed({step: Step.INIT, errno: 0, detail: 'signal 9'}), planOf()).message, 'the init died before the payload ran: signal 9');
	t.is(failureError(failed({step: 4711, errno: 5, path: ''}), planOf()).message, 'step 4711: i/o error');
});

test('an index past the plan still gives an error', t => {
	t.is(failureError(failed({step: Step.CREATE, index: 99, errno: 5}), planOf()).message, 'an operation of CREATE: i/o error');
});

const rootless: ReadKernel = path => path === '/proc/self/status' ? 'Name:\tnode\nCapEff:\t0000000000000000\n' : undefined;
const kernel = (files: Record<string, string>): ReadKernel => path => files[path] ?? rootless(path);

const remedy = (failure: Partial<Failure>, read: ReadKernel, changes: Partial<Plan> = {namespaces: ['user', 'mount']}, op?: Op): string | undefined =>
	findRemedy({failure: failed(failure), plan: planOf(changes), op}, read);

const EPERM = 1;
const EACCES = 13;
const ENOSPC = 28;

test('who forbids user namespaces is named', t => {
	t.regex(remedy({step: Step.CLONE, errno: EPERM}, kernel({'/proc/sys/kernel/unprivileged_userns_clone': '0'})) ?? '', /sudo sysctl kernel\.unprivileged_userns_clone=1/);
	const apparmor = kernel({'/proc/sys/kernel/apparmor_restrict_unprivileged_userns': '1'});
	t.regex(remedy({step: Step.CLONE, errno: EPERM}, apparmor) ?? '', /^AppArmor restricts/);
	t.regex(remedy({step: Step.ID_MAP, errno: EACCES}, apparmor) ?? '', /^AppArmor restricts/);
	t.regex(remedy({step: Step.CREATE, index: 0, errno: EACCES}, apparmor, {namespaces: ['user', 'mount']}, {op: 'propagation', target: '/'}) ?? '', /^AppArmor restricts/);
	t.regex(remedy({step: Step.CLONE, errno: EPERM}, kernel({})) ?? '', /seccomp filter or security module of an outer container/);
});

test('the limit that is too low is named with its value', t => {
	const read = kernel({'/proc/sys/user/max_user_namespaces': '15000', '/proc/sys/user/max_mnt_namespaces': '0'});
	t.is(remedy({step: Step.CLONE, errno: ENOSPC}, read), 'user.max_mnt_namespaces is 0: sudo sysctl user.max_mnt_namespaces=16384');
	t.is(remedy({step: Step.CLONE, errno: 87}, kernel({'/proc/sys/user/max_user_namespaces': '0'})), 'user.max_user_namespaces is 0: sudo sysctl user.max_user_namespaces=16384');
	t.regex(remedy({step: Step.CLONE, errno: ENOSPC}, kernel({})) ?? '', /nested 32 deep/);
});

test('without privilege and without a user namespace, the missing capability is named', t => {
	t.regex(remedy({step: Step.CLONE, errno: EPERM}, kernel({}), {namespaces: ['mount']}) ?? '', /no CAP_SYS_ADMIN: run as root, or with --userns private/);
});

test('a namespace that the kernel lacks is named', t => {
	const read = kernel({'/proc/self/ns/user': 'user:[1]', '/proc/self/ns/mnt': 'mnt:[1]'});
	t.is(remedy({step: Step.CLONE, errno: 22}, read, {namespaces: ['user', 'mount', 'time']}), 'the kernel was built without time namespaces');
});

test('ids that are not ours lead to subuid and newuidmap', t => {
	t.regex(remedy({step: Step.ID_MAP, errno: EPERM}, kernel({})) ?? '', /\/etc\/subuid/);
	t.regex(remedy({step: Step.ID_MAP, errno: 2}, kernel({})) ?? '', /install newuidmap/);
});

const overlay: Op = {op: 'overlay', target: '/', lowers: ['/l'], upper: '/u', work: '/w'};

test('overlay\'s errors have their reasons', t => {
	const said = (errno: number): string => remedy({step: Step.CREATE, index: 0, errno}, kernel({}), {}, overlay) ?? '';
	t.regex(said(22), /the file system of \/u can't be a writable branch/);
	t.regex(said(40), /lies inside a lower one/);
	t.regex(said(16), /another container has this writable branch/);
	t.regex(said(19), /no file system overlay .*--storage copy/);
});

test('a mount that doesn\'t fit its place says so, and not that an option is wrong', t => {
	const proc: Op = {op: 'mount', type: 'proc', target: '/proc'};
	t.regex(remedy({step: Step.CREATE, index: 0, errno: 22, detail: 'move_mount'}, kernel({}), {}, proc) ?? '', /^what the image has at \/proc is of another kind/);
	t.regex(remedy({step: Step.CREATE, index: 0, errno: 22, detail: 'fsconfig'}, kernel({}), {}, proc) ?? '', /^proc refuses an option/);
});

test('general errors have a remedy where one is known, and none where not', t => {
	const at = (errno: number, op?: Op): string | undefined => remedy({step: Step.CREATE, index: 0, errno}, kernel({}), {}, op);
	t.regex(at(24) ?? '', /ulimit -n/);
	t.regex(at(38) ?? '', /Linux 5\.11/);
	t.regex(at(11) ?? '', /pids\.max/);
	t.regex(at(40, {op: 'mkdir', target: '/etc', noSymlinks: true}) ?? '', /could lead out of the root/);
	t.is(at(5), undefined);
	t.is(at(0), undefined);
});

test('links to bridges and resolvers: what is in the way', t => {
	const link: Op = {op: 'endpoint', name: 'eth0', peer: 'vabc', bridge: 'clo1', addresses: ['10.89.0.2/24']};
	const at = (errno: number, detail: string, op: Op = link): string => remedy({step: Step.CREATE, index: 0, errno, detail}, () => undefined, {}, op) ?? '';
	t.regex(at(19, 'the bridge'), /clo1 was removed/);
	t.regex(at(17, 'RTM_NEWLINK'), /has a link eth0 already/);
	t.is(at(17, 'RTM_NEWADDR'), '');
	t.regex(at(95, 'RTM_NEWLINK: Operation not supported'), /CONFIG_VETH/);
	t.regex(at(101, 'RTM_NEWROUTE default: Nexthop has invalid gateway'), /gateway must lie in the subnet/);
	t.regex(at(98, 'bind', {op: 'resolver', address: '127.0.0.11'}), /has a resolver already/);
	t.regex(at(99, 'bind', {op: 'resolver', address: '127.0.0.11'}), /lo must be up/);
	t.regex(at(19, 'RTM_DELLINK', {op: 'link-delete', name: 'eth1'}), /not on that network/);
});
