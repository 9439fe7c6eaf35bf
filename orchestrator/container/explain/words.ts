/** One operation of a plan in words. */

import type {CreateOp, Endpoint, MountAttribute, Op, StartOp} from '../../helper/plan.js';
import {CAPABILITIES} from '../options/capabilities.js';

/** A line, and lines below it that name the parts. */
export interface Words {
	line: string;
	details: string[];
}

const ATTRIBUTE_WORDS: Readonly<Record<MountAttribute, string>> = {rdonly: 'read-only', nosuid: 'nosuid', nodev: 'nodev', noexec: 'noexec'};

const inBrackets = (words: readonly string[]): string => words.length === 0 ? '' : ` (${words.join(', ')})`;

const attributes = (list: readonly MountAttribute[] = []): string[] => list.map(attribute => ATTRIBUTE_WORDS[attribute]);

/** A word of argv as a shell would need it written; only for reading. */
export const quote = (word: string): string => /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll('\'', '\'\\\'\'')}'`;

const octal = (mode: number): string => `0${mode.toString(8)}`;

const seconds = (nanoseconds: bigint): string => {
	const digits = String(nanoseconds < 0n ? -nanoseconds : nanoseconds).padStart(10, '0');
	const fraction = digits.slice(-9).replace(/0+$/, '');
	return `${nanoseconds < 0n ? '-' : '+'}${digits.slice(0, -9)}${fraction === '' ? '' : `.${fraction}`} s`;
};

type MountingOp = Extract<CreateOp, {op: 'mount' | 'bind' | 'overlay' | 'protect' | 'mask'}>;

const describeMounting = (op: MountingOp): Words => {
	switch (op.op) {
		case 'mount': {
			return {line: `mount a ${op.type} at ${op.target}${inBrackets([...attributes(op.attributes), ...op.options ?? []])}`, details: []};
		}

		case 'bind': {
			return {line: `bind ${op.source} to ${op.target}${inBrackets([...op.recursive === true ? ['with the mounts below'] : [], ...attributes(op.attributes)])}`, details: []};
		}

		case 'overlay': {
			return {
				line: `mount an overlay at ${op.target}${inBrackets([...attributes(op.attributes), ...op.options ?? []])}`,
				details: [
					...op.upper === undefined ? [] : [`writes go to   ${op.upper}`],
					...op.lowers.map((lower, index) => `${index === 0 ? 'above         ' : '              '} ${lower}`),
				],
			};
		}

		case 'protect': {
			return {line: `make ${op.target} ${attributes(op.attributes).join(', ')}`, details: []};
		}

		case 'mask': {
			return {line: `hide ${op.target}`, details: []};
		}
	}
};

const describeEndpoint = ({name, peer, bridge, addresses, gateways = [], mac, mtu}: Endpoint): Words => ({
	line: `make the link ${name}${bridge === undefined ? '' : ` to the bridge ${bridge}`}${inBrackets([...mac === undefined ? [] : [mac], ...mtu === undefined ? [] : [`mtu ${mtu}`]])}`,
	details: [
		`outside       ${peer}`,
		...addresses.map(address => `address       ${address}`),
		...gateways.map(gateway => `default route ${gateway}`),
	],
});

const describeCreate = (op: CreateOp): Words => {
	const plain = (line: string): Words => ({line, details: []});
	switch (op.op) {
		case 'mount':
		case 'bind':
		case 'overlay':
		case 'protect':
		case 'mask': return describeMounting(op);
		case 'propagation': return plain(`make every mount from ${op.target} down private`);
		case 'device': return plain(`make the ${op.block === true ? 'block' : 'character'} device ${op.target} (${op.major}:${op.minor}, mode ${octal(op.mode)})`);
		case 'symlink': return plain(`link ${op.target} to ${op.text}`);
		case 'mkdir': return plain(`make the directory ${op.target}`);
		case 'file': return plain(`write the file ${op.target} (${op.data.length} bytes)`);
		case 'pivot': return plain('pivot_root into the new root');
		case 'hostname': return plain(`set the host name to ${op.name}`);
		case 'domainname': return plain(`set the domain name to ${op.name}`);
		case 'sysctl': return plain(`set ${op.key.replaceAll('/', '.')} to ${op.value}`);
		case 'loopback': return plain('bring up lo');
		case 'time-offset': return plain(`make a time namespace (CLONE_NEWTIME) with ${[
			...op.monotonic === undefined ? [] : [`monotonic ${seconds(op.monotonic)}`],
			...op.boottime === undefined ? [] : [`boottime ${seconds(op.boottime)}`],
		].join(', ')}`);
		case 'console': return plain(`open a terminal and show it as ${op.target}`);
		case 'endpoint': return describeEndpoint(op);
		case 'link-delete': return plain(`delete the link ${op.name}`);
		case 'resolver': return plain(`listen for name queries on ${op.address}`);
	}
};

const RESOURCES = ['cpu', 'fsize', 'data', 'stack', 'core', 'rss', 'nproc', 'nofile', 'memlock', 'as', 'locks', 'sigpending', 'msgqueue', 'nice', 'rtprio', 'rttime'];

const limit = (value: bigint): string => value === 2n ** 64n - 1n ? 'unlimited' : String(value);

const capabilities = (mask: bigint): string =>
	CAPABILITIES.filter((_, bit) => (mask >> BigInt(bit) & 1n) === 1n).map(name => name.toLowerCase()).join(' ') || 'none';

const describeStart = (op: StartOp): Words => {
	const plain = (line: string, ...details: string[]): Words => ({line, details});
	switch (op.op) {
		case 'rlimit': return plain(`limit ${RESOURCES[op.resource] ?? `resource ${op.resource}`} to ${limit(op.soft)}, at most ${limit(op.hard)}`);
		case 'credentials': return plain(op.user === undefined ? `become uid ${op.uid ?? 0}, gid ${op.gid ?? 0}` : `become the user ${op.user}`);
		case 'capabilities': return plain('keep only these capabilities', capabilities(op.bounding));
		case 'no-new-privs': return plain('set no_new_privs');
		case 'seccomp': return plain(`load a seccomp filter of ${op.program.length / 8} instructions`);
		case 'cwd': return plain(`enter ${op.target}${op.create === undefined ? '' : ', made where it is missing'}`);
		case 'exec': return plain(`execve ${op.argv.map(word => quote(word)).join(' ')}`, ...op.env.map(entry => quote(entry)));
	}
};

const START_OPS: ReadonlySet<string> = new Set<StartOp['op']>(['rlimit', 'credentials', 'capabilities', 'no-new-privs', 'seccomp', 'cwd', 'exec']);

const isStartOp = (op: Op): op is StartOp => START_OPS.has(op.op);

/** What the operation does, without why. */
export const describeOp = (op: Op): Words => isStartOp(op) ? describeStart(op) : describeCreate(op);
