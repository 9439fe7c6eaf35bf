/**
 * /etc/hosts, /etc/hostname and /etc/resolv.conf of the container's own. The image's stay what they are: ours lie in the writable
 * branch, where that is thrown away, else in memory, mounted over the image's.
 */

import type {CreateOp} from '../../helper/plan.js';
import {HOST_GATEWAY} from '../options/network.js';
import type {ContainerSpec} from '../spec.js';
import type {Placement} from './facts.js';

export type EtcName = 'hosts' | 'hostname' | 'resolv.conf';

/** How they come into the root. */
export type EtcPlaces = {
	/** Above the image's, in a branch in memory; made like the image's own /etc. */
	kind: 'branch';
	directory: string;
	mode: number;
	uid?: number;
	gid?: number;
} | {
	/** In a tmpfs on this directory of the machine; mounted at these places in the root, where there is one. */
	kind: 'mount';
	directory: string;
	targets: Partial<Readonly<Record<EtcName, string>>>;
};

/** As every distribution has them; the names of ::1 are Debian's. */
const LOCAL = ['127.0.0.1\tlocalhost', '::1\tlocalhost ip6-localhost ip6-loopback', 'ff02::1\tip6-allnodes', 'ff02::2\tip6-allrouters'];

/**
 * The text of /etc/hosts: this machine's where there is one to go by, else that of a stack with nothing but lo.
 *
 * @param own the container's addresses; without any, its name is lo's
 */
export const hostsText = (spec: ContainerSpec, id: string, {base, own = [], gateway}: {base?: string; own?: readonly string[]; gateway?: string | undefined}): string => {
	const {hostname = id, linux, network} = spec;
	const named = linux.namespaces.uts === 'private' ? (own.length === 0 ? ['127.0.0.1'] : own).map(address => `${address}\t${hostname}`) : [];
	const added = (network?.hosts ?? []).map(({name, address}) => `${address === HOST_GATEWAY ? gateway ?? '127.0.0.1' : address}\t${name}`);
	const first = base === undefined ? LOCAL : [base.replace(/\n$/, '')];
	return [...first, ...(base === undefined ? named : []), ...added, ''].join('\n');
};

const textsOf = (spec: ContainerSpec, {id, wiring}: Placement): Array<readonly [EtcName, string]> => {
	const texts: ReadonlyArray<readonly [EtcName, string | undefined]> = [
		['hosts', wiring?.hosts],
		['hostname', spec.linux.namespaces.uts === 'private' ? `${spec.hostname ?? id}\n` : undefined],
		['resolv.conf', wiring?.resolv],
	];
	return texts.flatMap(([name, text]) => text === undefined ? [] : [[name, text] as const]);
};

/** What is made before there is a root, and what is mounted in it. */
export const planEtc = (spec: ContainerSpec, placement: Placement): {before: CreateOp[]; after: CreateOp[]} => {
	const {etc} = placement;
	const texts = etc === undefined ? [] : textsOf(spec, placement);
	if (etc === undefined || texts.length === 0) {
		return {before: [], after: []};
	}

	const {directory} = etc;
	const write = ([name, text]: readonly [EtcName, string]): CreateOp => ({op: 'file', target: `${directory}/${name}`, data: text, mode: 0o644, why: 'the container\'s own; the image\'s stays as it is'});
	if (etc.kind === 'branch') {
		const {mode, uid, gid} = etc;
		return {before: [
			{op: 'mkdir', target: directory, mode, ...(uid === undefined ? {} : {uid}), ...(gid === undefined ? {} : {gid})},
			...texts.map(text => write(text)),
		], after: []};
	}

	const placed = texts.filter(([name]) => etc.targets[name] !== undefined);
	return {
		before: placed.length === 0 ? [] : [
			{op: 'mount', type: 'tmpfs', target: directory, options: ['mode=711', 'size=1m'], attributes: ['nosuid', 'nodev', 'noexec'], create: 'directory', why: 'what is the container\'s own of /etc; its mount namespace alone sees it'},
			...placed.map(text => write(text)),
		],
		// Where the image has a link that leads nowhere, that is its business.
		after: placed.map(([name]): CreateOp => ({op: 'bind', source: `${directory}/${name}`, target: etc.targets[name] ?? '', create: 'file', ifExists: true, why: 'the image\'s stays as it is'})),
	};
};
