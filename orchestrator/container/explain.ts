/** A plan in words, in order: what `--explain` prints, and `--trace` with the time beside each step. */

import type {IdMap, NamespaceName, Op, Plan, Port} from '../helper/plan.js';
import {describeOp} from './explain/words.js';

/** clone(2)'s flags; one clause for each of what it keeps apart (namespaces(7)). */
const NAMESPACES: Readonly<Record<NamespaceName, readonly [flag: string, clause: string]>> = {
	user: ['CLONE_NEWUSER', 'users: ids and capabilities mean nothing outside'],
	mount: ['CLONE_NEWNS', 'mounts: a tree of its own'],
	pid: ['CLONE_NEWPID', 'processes: the first one is process 1, and when it ends all others are killed'],
	uts: ['CLONE_NEWUTS', 'host name and domain name'],
	ipc: ['CLONE_NEWIPC', 'shared memory, semaphores and message queues'],
	network: ['CLONE_NEWNET', 'interfaces, addresses, routes, ports: only lo at first'],
	cgroup: ['CLONE_NEWCGROUP', 'the cgroup tree is seen from its own place in it'],
	time: ['CLONE_NEWTIME', 'the clocks since boot'],
};

const explainMap = (kind: string, maps: readonly IdMap[]): string[] => maps.map(({inside, outside, count}) =>
	`  ${kind} ${count === 1 ? `${inside} inside is ${outside} outside` : `${inside} to ${inside + count - 1} inside are ${outside} to ${outside + count - 1} outside`}`);

const explainPorts = (ports: readonly Port[] = []): string[] => ports.length === 0 ? [] : [
	'Sockets outside are bound, before anything is made; a process in the container\'s network will forward what comes there:',
	...ports.map(({protocol, address, outside, inside}) =>
		`  ${address.includes(':') ? `[${address}]` : address}:${outside === 0 ? 'any' : outside}/${protocol} to ${inside}`),
	'',
];

/** The first section: what is bound outside, and what clone3(2) is asked for. */
export const explainNamespaces = ({namespaces, userMap, init, ports}: Plan): string[] => [
	...explainPorts(ports),
	'clone3 makes the container\'s first process, with new namespaces:',
	...namespaces.map(name => `  ${NAMESPACES[name][0].padEnd(17)}${NAMESPACES[name][1]}`),
	...(userMap === undefined ? [] : [
		'',
		userMap.mappers === undefined ? 'Its id maps are written:' : 'newuidmap and newgidmap write its id maps:',
		...explainMap('uid', userMap.uids),
		...explainMap('gid', userMap.gids),
		...(userMap.denySetgroups ? ['  setgroups is denied, as the kernel wants it for such a map'] : []),
	]),
	...(init ? ['', 'It stays as process 1, reaps orphans and forwards signals; a child of it becomes the command.'] : []),
];

export const CREATE_HEADING = 'It builds its root:';
export const START_HEADING = 'It becomes the command:';

/** An operation's lines; `margin` is what stands before the first one, and as many blanks before the others. */
export const explainOp = (op: Op, margin: string): string[] => {
	const {line, details} = describeOp(op);
	const blanks = ' '.repeat(margin.length);
	return [
		`${margin}${line}${op.why === undefined ? '' : `: ${op.why}`}`,
		...details.map(detail => `${blanks}    ${detail}`),
	];
};

/** The numbers are those in errors: through CREATE and START. */
const numbered = (ops: readonly Op[], first: number): string[] =>
	ops.flatMap((op, index) => explainOp(op, `${String(first + index).padStart(4)}  `));

const explainEnd = ({remove}: Plan): string[] => [
	'When it has ended, its namespaces are gone, and with them all mounts.',
	...(remove.length === 0 ? [] : ['Then these are removed:', ...remove.map(path => `  ${path}`)]),
];

/** The whole plan; ends in a newline. */
export const explainPlan = (plan: Plan): string => [
	...explainNamespaces(plan),
	'',
	CREATE_HEADING,
	...numbered(plan.create, 0),
	'',
	START_HEADING,
	...numbered(plan.start, plan.create.length),
	'',
	...explainEnd(plan),
	'',
].join('\n');
