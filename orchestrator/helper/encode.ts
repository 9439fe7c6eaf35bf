/** Requests as bytes: what the helper is asked, one buffer for each write. Pure: no I/O. */

import {encodeCreateOp, encodeStartOp} from './encode-op.js';
import type {IdMap, NamespaceName, Plan, Port, StartOp, Stream, TargetProcess} from './plan.js';
import {portText} from './port-text.js';
import {Kind, Tag, Stream as StreamValue} from './protocol.js';
import {writer, written} from './written.js';

/** CLONE_NEW* of linux/sched.h. */
const CLONE: Readonly<Record<NamespaceName, number>> = {
	time: 0x80,
	mount: 0x2_0000,
	cgroup: 0x200_0000,
	uts: 0x400_0000,
	ipc: 0x800_0000,
	user: 0x1000_0000,
	pid: 0x2000_0000,
	network: 0x4000_0000,
};

export interface CreateOptions {
	/** Join the container on this channel, or the one of this process (exec), instead of making one. */
	target?: number | TargetProcess | undefined;
	/** Report each operation's time. */
	trace?: boolean | undefined;
	/** Stop before this operation, counted through create and start. */
	hold?: number | undefined;
	/** Kernel features to do without: a mask of `Forgo`. */
	forgo?: number | undefined;
}

const mapLines = (maps: readonly IdMap[]): string => maps.map(({inside, outside, count}) => `${inside} ${outside} ${count}\n`).join('');

const streamValue = (stream: Stream): number =>
	stream === 'null' ? StreamValue.NULL : stream === 'pipe' ? StreamValue.PIPE : stream === 'served' ? StreamValue.SERVED : stream;

// | would make an int of it, and CLONE_NEWNET | CLONE_NEWTIME fits: the result stays under 2^31.
const namespaceMask = (names: readonly NamespaceName[]): bigint => BigInt(names.reduce((mask, name) => mask | CLONE[name], 0));

const writeTarget = (target: number | TargetProcess | undefined, enter: readonly NamespaceName[] | undefined): void => {
	if (typeof target === 'object') {
		writer.u32(Tag.TARGET_PID, target.pid);
		writer.u64(Tag.TARGET_START, BigInt(target.start));
	} else {
		writer.u32(Tag.TARGET_CHANNEL, target);
	}

	if (enter !== undefined) {
		if (target === undefined) {
			throw writer.refuse('only who joins can enter some namespaces');
		}

		writer.u64(Tag.ENTER, namespaceMask(enter));
	}
};

const writePorts = (ports: readonly Port[] = [], joins: boolean): void => {
	if (joins && ports.length > 0) {
		throw writer.refuse('who joins can publish no ports');
	}

	writer.strings(Tag.PORT, ports.map(portText));
};

const writeCreate = (channel: number, plan: Plan, options: CreateOptions): void => {
	const {userMap, streams} = plan;
	writer.begin(options.target === undefined ? Kind.CREATE : Kind.JOIN, channel);
	writer.where = 'plan';
	writeTarget(options.target, plan.enter);
	writer.u64(Tag.NAMESPACES, namespaceMask(plan.namespaces));
	writer.strings(Tag.JOIN_NAMESPACE, plan.join);
	if (userMap !== undefined) {
		writer.string(Tag.UID_MAP, mapLines(userMap.uids));
		writer.string(Tag.GID_MAP, mapLines(userMap.gids));
		writer.string(Tag.UID_MAPPER, userMap.mappers?.uid);
		writer.string(Tag.GID_MAPPER, userMap.mappers?.gid);
		writer.flag(Tag.DENY_SETGROUPS, userMap.denySetgroups);
	}

	writer.u32(Tag.STDIN, streamValue(streams.stdin));
	writer.u32(Tag.STDOUT, streamValue(streams.stdout));
	writer.u32(Tag.STDERR, streamValue(streams.stderr));
	writer.flag(Tag.TERMINAL, plan.terminal);
	writer.u32(Tag.ROWS, plan.size?.rows);
	writer.u32(Tag.COLUMNS, plan.size?.columns);
	writer.flag(Tag.INIT, plan.init);
	writer.flag(Tag.TRACE, options.trace);
	writer.u32(Tag.HOLD, options.hold);
	writer.strings(Tag.REMOVE, plan.remove);
	writer.u32(Tag.FORGO, options.forgo);
	writer.strings(Tag.CGROUP, plan.cgroups);
	writer.string(Tag.PROGRAM, plan.program);
	writeParent(plan);
	writer.string(Tag.PRESENCE, plan.presence);
	writePorts(plan.ports, options.target !== undefined);
	if (plan.names !== undefined && !plan.create.some(({op}) => op === 'resolver')) {
		throw writer.refuse('names are for its operation resolver, which is missing');
	}

	writer.string(Tag.NAMES, plan.names?.directory);
	writer.strings(Tag.NAMESERVER, plan.names?.servers);
	writeOps(plan.create);
	writer.end();
};

const writeParent = ({parent}: Plan): void => {
	writer.u32(Tag.PARENT_PID, parent?.pid);
	writer.u64(Tag.PARENT_START, parent === undefined ? undefined : BigInt(parent.start));
};

const writeOps = (create: Plan['create']): void => {
	for (const [index, op] of create.entries()) {
		writer.where = `operation ${index} (${op.op})`;
		encodeCreateOp(writer, op);
	}
};

const writeStart = (channel: number, ops: readonly StartOp[], first: number): void => {
	writer.begin(Kind.START, channel);
	for (const [index, op] of ops.entries()) {
		writer.where = op.op === 'exec' ? 'command' : `operation ${first + index} (${op.op})`;
		encodeStartOp(writer, op);
	}

	writer.where = 'plan';
	if (ops.at(-1)?.op !== 'exec' || ops.filter(({op}) => op === 'exec').length > 1) {
		throw writer.refuse('start must end in its only exec');
	}

	writer.end();
};

/** CREATE, or JOIN where there is a `target`. Throws a ClocheError that names the item which can't be sent. */
export const encodeCreate = (channel: number, plan: Plan, options: CreateOptions = {}): Buffer =>
	written(() => {
		writeCreate(channel, plan, options);
	});

/** LINKS: the endpoints of the plan, for the container on this channel, or of this process. */
export const encodeLinks = (channel: number, plan: Plan, target: CreateOptions['target']): Buffer =>
	written(() => {
		writer.begin(Kind.LINKS, channel);
		writer.where = 'plan';
		writeTarget(target, undefined);
		writeParent(plan);
		writeOps(plan.create);
		writer.end();
	});

/** START; `first` is the number of operations in CREATE, from which the errors count on. */
export const encodeStart = (channel: number, ops: readonly StartOp[], first = 0): Buffer =>
	written(() => {
		writeStart(channel, ops, first);
	});

/** CREATE and START in one buffer: one write, one system call, for a plan that has no pipes to open in between. */
export const encodeCreateAndStart = (channel: number, plan: Plan, options: CreateOptions = {}): Buffer =>
	written(() => {
		writeCreate(channel, plan, options);
		writeStart(channel, plan.start, plan.create.length);
	});

/** SIGNAL: the container's init gets signal `number`. */
export const encodeSignal = (channel: number, number: number): Buffer =>
	written(() => {
		writer.begin(Kind.SIGNAL, channel);
		writer.where = 'signal';
		writer.u32(Tag.SIGNAL, number);
		writer.end();
	});

/** RESIZE: the container's terminal gets this size. */
export const encodeResize = (channel: number, rows: number, columns: number): Buffer =>
	written(() => {
		writer.begin(Kind.RESIZE, channel);
		writer.where = 'terminal size';
		writer.u32(Tag.ROWS, rows);
		writer.u32(Tag.COLUMNS, columns);
		writer.end();
	});

/** RESUME: go on after HELD. */
export const encodeResume = (channel: number): Buffer =>
	written(() => {
		writer.begin(Kind.RESUME, channel);
		writer.end();
	});
