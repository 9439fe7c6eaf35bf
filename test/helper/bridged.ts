/** A network namespace that holds bridges, for tests; whatever is made there ends with it. */

import {execFileSync, spawn} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {readlinkSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {startTime} from '../../orchestrator/base/process.js';
import type {Endpoint, Plan, TargetProcess} from '../../orchestrator/helper/plan.js';
import {startSupervisor} from '../../orchestrator/helper/start.js';
import type {Supervisor} from '../../orchestrator/helper/supervisor.js';
import {directoryFor, nsinit, until} from './support.js';

/** Bridges and links are root's to make. */
const asRoot = process.getuid?.() === 0;

type Declare = (title: string, implementation: (t: ExecutionContext) => Promise<void> | void) => void;

/** As `declare`, where we are root; else it is skipped, and says why. */
export const rootedBy = (declare: Declare): Declare => asRoot ? declare : (title, implementation) => {
	test.skip(`${title} (it takes root)`, implementation);
};

/** `test`, where we are root. */
export const rooted = rootedBy((title, implementation) => {
	test(title, implementation);
});

export interface Outside {
	/** A process that lives there, and does nothing. */
	parent: () => Promise<TargetProcess>;
	/** Run `ip` there. */
	ip: (...argv: string[]) => string;
	/** Run a program there. */
	run: (...argv: string[]) => string;
	/** A supervisor that lives there. */
	supervisor: () => Supervisor;
}

const run = (program: string, argv: readonly string[]): string => execFileSync(program, argv, {encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe']});

/** A fresh network namespace, with a bridge `br0` that has 10.77.0.1/24 and fd77::1/64. */
export const outsideFor = (t: ExecutionContext): Outside => {
	const name = `clotest-${randomBytes(4).toString('hex')}`;
	run('ip', ['netns', 'add', name]);
	t.teardown(() => run('ip', ['netns', 'del', name]));
	const ip = (...argv: string[]): string => run('ip', ['-n', name, ...argv]);
	for (const line of ['link set lo up', 'link add br0 type bridge', 'addr add 10.77.0.1/24 dev br0', 'addr add fd77::1/64 dev br0 nodad', 'link set br0 up']) {
		ip(...line.split(' '));
	}

	return {
		async parent() {
			const child = spawn('ip', ['netns', 'exec', name, 'sleep', '1000'], {stdio: 'ignore'}); // ip becomes sleep
			t.teardown(() => child.kill('SIGKILL'));
			const pid = child.pid ?? 0;
			await until(t, () => readlinkSync(`/proc/${pid}/ns/net`) !== readlinkSync('/proc/self/ns/net'));
			return {pid, start: startTime(pid) ?? 0};
		},
		ip,
		run: (...argv) => run('ip', ['netns', 'exec', name, ...argv]),
		supervisor() {
			const wrapper = join(directoryFor(t, 'root'), 'nsinit');
			writeFileSync(wrapper, `#!/bin/sh\nexec /usr/bin/nsenter --net=/run/netns/${name} ${nsinit}\n`, {mode: 0o755});
			const supervisor = startSupervisor({path: wrapper, stdin: 'ignore', stdout: 'ignore', stderr: 'inherit'});
			t.teardown(async () => supervisor.close());
			return supervisor;
		},
	};
};

let peers = 0;

/** An endpoint on br0, whose address ends in `last`. */
export const endpoint = (last: number, changes: Partial<Endpoint> = {}): Endpoint => ({
	op: 'endpoint', name: 'eth0', peer: `v${process.pid.toString(36)}x${peers++}`, bridge: 'br0', addresses: [`10.77.0.${last}/24`, `fd77::${last}/64`],
	gateways: ['10.77.0.1', 'fd77::1'], ...changes,
});

/** The plan with these operations before its pivot. */
export const withOps = <P extends Plan>(plan: P, ...ops: Plan['create']): P => ({
	...plan, create: plan.create.flatMap(op => op.op === 'pivot' ? [...ops, op] : [op]),
});
