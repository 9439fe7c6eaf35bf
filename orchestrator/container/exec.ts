/** Into a container that runs: the plan of one more process in it, with what the container's own was given. */

import {ClocheError} from '../base/errors.js';
import type {CreateOp, Plan, StartOp} from '../helper/plan.js';
import {CAPABILITIES} from './options/capabilities.js';
import {mergeEnv} from './options/environment.js';
import {planProcess} from './plan/process.js';
import type {ContainerSpec, SpecProcess} from './spec.js';

/** What the process is to have of its own; the container's where it is left out. */
export interface ExecOptions {
	/** argv. */
	command: readonly string[];
	/** `NAME=value`, over the container's. */
	env?: readonly string[];
	/** An absolute path inside, which has to be there. */
	cwd?: string;
	/** As {@link SpecProcess.user}. */
	user?: string;
	/** A pty for 0, 1 and 2; none by default, whatever the container has. */
	terminal?: boolean;
	/** All capabilities that can be had, and no filter. */
	privileged?: boolean;
	/** The first size of the pty. */
	size?: {rows: number; columns: number};
}

/** What is known of the container beside its spec. */
export interface ExecAround {
	id: string;
	/** Its cgroups, which the process enters, too. */
	cgroups: readonly string[];
	/** Of this process, a mask: without a user namespace nobody gets more. */
	capabilities: bigint;
}

const processOf = ({process}: ContainerSpec, {command, env = [], cwd, user, terminal = false, privileged = false}: ExecOptions): SpecProcess => ({
	...process,
	args: [...command],
	env: mergeEnv(process.env, env),
	...(cwd === undefined ? {} : {cwd}),
	...(user === undefined ? {} : {user}),
	terminal,
	...(privileged ? {capabilities: [...CAPABILITIES], required: [], noNewPrivileges: false} : {}),
});

/** The container has its directories: a mistyped one is an error, as for docker exec, and nothing that is made. */
const withoutMaking = (op: StartOp): StartOp => op.op === 'cwd' ? {op: 'cwd', target: op.target} : op;

const CONSOLE: CreateOp = {op: 'console', target: '/dev/console', why: 'a terminal of the container\'s own devpts; its console stays what it is'};

/**
 * The plan of a process that joins; whom is told at the launch. Its streams are the caller's to set: nothing is read, and 1 and
 * 2 are the helper's.
 *
 * @param spec the container's, as it was recorded
 * @param userMap of the container's user namespace, if it has one of its own
 * @throws ClocheError where there is no command, or a user or capability can't be had
 */
export const planExec = (spec: ContainerSpec, userMap: Plan['userMap'], options: ExecOptions, {id, cgroups, capabilities}: ExecAround): Plan => {
	if (options.command.length === 0 || options.command[0] === '') {
		throw new ClocheError('no command', {remedy: 'give one to execute'});
	}

	const {privileged = false, terminal = false, size} = options;
	const {seccomp, ...linux} = spec.linux;
	const joined: ContainerSpec = {
		...spec,
		process: processOf(spec, options),
		linux: privileged || seccomp === undefined ? linux : {...linux, seccomp},
	};
	return {
		namespaces: [],
		join: [],
		streams: {stdin: 'null', stdout: 1, stderr: 2},
		terminal,
		...(size === undefined ? {} : {size}),
		init: false,
		cgroups: [...cgroups],
		remove: [],
		create: terminal ? [CONSOLE] : [],
		start: planProcess(joined, userMap, capabilities, linux.namespaces.uts === 'private' ? spec.hostname ?? id : undefined).map(op => withoutMaking(op)),
	};
};
