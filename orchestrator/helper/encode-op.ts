/** One operation of a plan as fields of a frame: what each one takes stands in helper-c/protocol.def. Pure: no I/O. */

import type {CheckedWriter} from './checked-writer.js';
import type {CreateOp, Endpoint, MountAttribute, StartOp} from './plan.js';
import {Attribute, Flag, Op, Tag} from './protocol.js';

const ATTRIBUTES: Readonly<Record<MountAttribute, number>> = {
	rdonly: Attribute.RDONLY,
	nosuid: Attribute.NOSUID,
	nodev: Attribute.NODEV,
	noexec: Attribute.NOEXEC,
};

/** The number of each operation. */
const NUMBERS: Readonly<Record<CreateOp['op'] | StartOp['op'], number>> = {
	'propagation': Op.PROPAGATION,
	'mount': Op.MOUNT,
	'bind': Op.BIND,
	'overlay': Op.OVERLAY,
	'protect': Op.PROTECT,
	'mask': Op.MASK,
	'device': Op.DEVICE,
	'symlink': Op.SYMLINK,
	'mkdir': Op.MKDIR,
	'file': Op.FILE,
	'pivot': Op.PIVOT,
	'hostname': Op.HOSTNAME,
	'domainname': Op.DOMAINNAME,
	'sysctl': Op.SYSCTL,
	'loopback': Op.LOOPBACK,
	'time-offset': Op.TIME_OFFSET,
	'console': Op.CONSOLE,
	'rlimit': Op.RLIMIT,
	'credentials': Op.CREDENTIALS,
	'capabilities': Op.CAPABILITIES,
	'no-new-privs': Op.NO_NEW_PRIVS,
	'seccomp': Op.SECCOMP,
	'cwd': Op.CWD,
	'exec': Op.EXEC,
	'endpoint': Op.ENDPOINT,
	'link-delete': Op.LINK_DELETE,
	'resolver': Op.RESOLVER,
};

interface Flagged {
	root?: boolean;
	recursive?: boolean;
	create?: 'directory' | 'file';
	ifExists?: boolean;
	noSymlinks?: boolean;
	classic?: boolean;
	remount?: boolean;
	block?: boolean;
	replace?: boolean;
}

const flagsOf = (op: Flagged): number =>
	(op.root === true ? Flag.ROOT : 0)
	| (op.recursive === true ? Flag.RECURSIVE : 0)
	| (op.create === 'directory' ? Flag.CREATE_DIRECTORY : op.create === 'file' ? Flag.CREATE_FILE : 0)
	| (op.ifExists === true ? Flag.IF_EXISTS : 0)
	| (op.noSymlinks === true ? Flag.NO_SYMLINKS : 0)
	| (op.classic === true ? Flag.CLASSIC : 0)
	| (op.remount === true ? Flag.REMOUNT : 0)
	| (op.block === true ? Flag.BLOCK : 0)
	| (op.replace === true ? Flag.REPLACE : 0);

/** A mask that is zero is not sent: not every operation takes one. */
const writeFlags = (writer: CheckedWriter, op: Flagged): void => {
	const flags = flagsOf(op);
	writer.u32(Tag.FLAGS, flags === 0 ? undefined : flags);
};

const writeAttributes = (writer: CheckedWriter, attributes: readonly MountAttribute[] | undefined): void => {
	if (attributes !== undefined && attributes.length > 0) {
		writer.u32(Tag.ATTR, attributes.reduce((mask, name) => mask | ATTRIBUTES[name], 0));
	}
};

const writeOwned = (writer: CheckedWriter, op: {mode?: number; uid?: number; gid?: number}): void => {
	writer.u32(Tag.MODE, op.mode);
	writer.u32(Tag.UID, op.uid);
	writer.u32(Tag.GID, op.gid);
};

const MAC = /^[\da-f]{2}(?::[\da-f]{2}){5}$/i;

const writeEndpoint = (writer: CheckedWriter, op: Endpoint): void => {
	if (op.mac !== undefined && !MAC.test(op.mac)) {
		throw writer.refuse(`${JSON.stringify(op.mac)} is no MAC address`);
	}

	writer.string(Tag.VALUE, op.name);
	writer.string(Tag.PEER, op.peer);
	writer.string(Tag.BRIDGE, op.bridge);
	writer.strings(Tag.ADDRESS, op.addresses);
	writer.strings(Tag.GATEWAY, op.gateways);
	if (op.mac !== undefined) {
		writer.bytes(Tag.MAC, Buffer.from(op.mac.replaceAll(':', ''), 'hex'));
	}

	writer.u32(Tag.MTU, op.mtu);
};

/** Write an operation of CREATE. */
export const encodeCreateOp = (writer: CheckedWriter, op: CreateOp): void => {
	writer.u32(Tag.OP, NUMBERS[op.op]);
	writeFlags(writer, op);
	if ('target' in op) {
		writer.string(Tag.TARGET, op.target);
	}

	switch (op.op) {
		case 'mount':
			writer.string(Tag.FSTYPE, op.type);
			writer.string(Tag.SOURCE, op.source);
			writer.strings(Tag.OPTION, op.options);
			return writeAttributes(writer, op.attributes);
		case 'bind':
			writer.string(Tag.SOURCE, op.source);
			return writeAttributes(writer, op.attributes);
		case 'overlay':
			if (op.lowers.length === 0) {
				throw writer.refuse('an overlay needs a lower');
			}

			writer.strings(Tag.LOWER, op.lowers);
			writer.string(Tag.UPPER, op.upper);
			writer.string(Tag.WORK, op.work);
			writer.strings(Tag.OPTION, op.options);
			return writeAttributes(writer, op.attributes);
		case 'protect':
			return writeAttributes(writer, op.attributes);
		case 'device':
			writer.u64(Tag.DEVICE, BigInt(op.major) << 32n | BigInt(op.minor));
			return writer.u32(Tag.MODE, op.mode);
		case 'symlink':
			return writer.string(Tag.VALUE, op.text);
		case 'mkdir':
			return writeOwned(writer, op);
		case 'file':
			writer.bytes(Tag.DATA, typeof op.data === 'string' ? Buffer.from(op.data) : op.data);
			return writeOwned(writer, op);
		case 'hostname':
		case 'domainname':
			return writer.string(Tag.VALUE, op.name);
		case 'sysctl':
			writer.string(Tag.TARGET, op.key);
			return writer.string(Tag.VALUE, op.value);
		case 'time-offset':
			writer.s64(Tag.MONOTONIC, op.monotonic);
			return writer.s64(Tag.BOOTTIME, op.boottime);
		case 'endpoint':
			return writeEndpoint(writer, op);
		case 'link-delete':
			return writer.string(Tag.VALUE, op.name);
		case 'resolver':
			return writer.string(Tag.ADDRESS, op.address);
		case 'propagation':
		case 'mask':
		case 'pivot':
		case 'loopback':
		case 'console':
	}
};

const writeExec = (writer: CheckedWriter, {argv, env}: {argv: readonly string[]; env: readonly string[]}): void => {
	if (argv.length === 0 || argv[0] === '') {
		throw writer.refuse('it is empty: there is no program to run');
	}

	const nameless = env.find(entry => entry.indexOf('=') < 1);
	if (nameless !== undefined) {
		throw writer.refuse(`the environment's ${JSON.stringify(nameless)} is not NAME=value`);
	}

	writer.strings(Tag.ARG, argv);
	writer.strings(Tag.ENV, env);
};

/** Write an operation of START. */
export const encodeStartOp = (writer: CheckedWriter, op: StartOp): void => {
	writer.u32(Tag.OP, NUMBERS[op.op]);
	switch (op.op) {
		case 'rlimit':
			writer.u32(Tag.RESOURCE, op.resource);
			writer.u64(Tag.SOFT, op.soft);
			return writer.u64(Tag.HARD, op.hard);
		case 'credentials':
			writer.u32(Tag.UID, op.uid);
			writer.u32(Tag.GID, op.gid);
			for (const group of op.groups ?? []) {
				writer.u32(Tag.GROUP, group);
			}

			return writer.string(Tag.USER, op.user);
		case 'capabilities':
			writer.u64(Tag.BOUNDING, op.bounding);
			writer.u64(Tag.PERMITTED, op.permitted);
			writer.u64(Tag.INHERITABLE, op.inheritable);
			return writer.u64(Tag.AMBIENT, op.ambient);
		case 'seccomp':
			return writer.bytes(Tag.DATA, op.program);
		case 'cwd':
			writeFlags(writer, op);
			return writer.string(Tag.TARGET, op.target);
		case 'exec':
			return writeExec(writer, op);
		case 'no-new-privs':
	}
};
