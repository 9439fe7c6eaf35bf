/**
 * Supervisors whose processes can be found again, whatever becomes of them: a mark in the environment, which forks keep
 * and which payloads are given, too.
 */

import {type ChildProcess, spawn} from 'node:child_process';
import {readFileSync, readdirSync} from 'node:fs';
import type {Socket} from 'node:net';
import type {ExecutionContext} from 'ava';
import {ClocheError} from '../../orchestrator/base/errors.js';
import {Connection} from '../../orchestrator/helper/connection.js';
import {openStreams} from '../../orchestrator/helper/streams.js';
import type {Launch} from '../../orchestrator/helper/launch.js';
import type {LaunchOptions} from '../../orchestrator/helper/launch-options.js';
import type {Plan} from '../../orchestrator/helper/plan.js';
import {nsinit, type Privilege} from './support.js';

const NOBODY = 65_534;
const asRoot = process.getuid?.() === 0;

const orUndefined = (file: string): string | undefined => {
	try {
		return readFileSync(file, 'utf8');
	} catch {
		return undefined; // It ended while we looked.
	}
};

/** Wait until `condition` holds. Throws after `seconds`, telling what `describe` says then. */
export const eventually = async (condition: () => boolean, describe: () => string, seconds = 120): Promise<void> => {
	const deadline = Date.now() + seconds * 1000;
	while (!condition()) {
		if (Date.now() > deadline) {
			throw new Error(`waited ${seconds} s in vain: ${describe()}`);
		}

		await new Promise(done => setTimeout(done, 5));
	}
};

/** A process's words, each ended by NUL; empty where it has ended. */
export const commandOf = (pid: number): string => orUndefined(`/proc/${pid}/cmdline`) ?? '';

const hasDescriptors = (pid: number): boolean => {
	try {
		return readdirSync(`/proc/${pid}/fd`).length > 0;
	} catch {
		return false;
	}
};

/** The numbers that a process has, one for each pid namespace that it is in, from ours inwards (proc_pid_status(5)). */
const numbersOf = (pid: number): string[] =>
	/^NSpid:\s+(.*)$/m.exec(orUndefined(`/proc/${pid}/status`) ?? '')?.[1]?.split(/\s+/) ?? [];

let count = 0;

export interface MarkedOptions {
	/** What runs the helper: a command and its first words, strace say. */
	through?: readonly string[];
	/** The helper's stderr; ours by default. */
	stderr?: 'inherit' | 'ignore';
}

export class Marked {
	/** `NAME=value`: for the environment of payloads. */
	readonly mark: string;
	readonly child: ChildProcess;
	readonly socket: Socket;
	readonly connection: Connection;
	/** Resolves with how the helper ended. */
	readonly ended: Promise<string>;
	readonly #anchored: boolean;

	constructor(t: ExecutionContext, privilege: Privilege, {through = [], stderr = 'inherit'}: MarkedOptions = {}) {
		const value = `${process.pid}-${count++}`;
		this.mark = `CLOCHE_TEST=${value}`;
		this.#anchored = privilege === 'root';
		const words = [...through, nsinit];
		const user = asRoot && privilege === 'rootless' ? {uid: NOBODY, gid: NOBODY} : {};
		this.child = spawn(words[0] ?? nsinit, words.slice(1), {stdio: ['ignore', 'ignore', stderr, 'pipe'], env: {CLOCHE_TEST: value}, ...user});
		this.socket = this.child.stdio[3] as unknown as Socket;
		this.socket.on('error', () => undefined); // EPIPE, where it was killed.
		this.connection = new Connection(this.socket, {pid: this.child.pid ?? 0, openStreams, onBroken: () => undefined});
		this.ended = new Promise(resolve => {
			this.child.on('exit', () => {
				this.socket.ref(); // 'close' waits for its end.
			});
			this.child.on('close', (code, signal) => {
				this.connection.fail(new ClocheError('nsinit is gone', {why: `status ${code}, signal ${signal}`}));
				resolve(signal ?? `status ${code}`);
			});
		});
		t.teardown(async () => {
			this.socket.destroy();
			await this.ended;
			for (const pid of this.processes()) {
				process.kill(pid, 'SIGKILL');
			}
		});
	}

	get pid(): number {
		return this.child.pid ?? 0;
	}

	launch(plan: Plan, options: LaunchOptions = {}): Launch {
		return this.connection.launch(plan, options);
	}

	/** Every process that is left: the supervisor, its anchor, inits and payloads; zombies aren't. */
	processes(): number[] {
		return readdirSync('/proc').filter(name => /^\d/.test(name)).map(Number).filter(pid =>
			orUndefined(`/proc/${pid}/environ`)?.split('\0').includes(this.mark));
	}

	/** The first processes of its containers that haven't ended, and removers: its children but the anchor. */
	get inits(): number[] {
		const {anchor} = this;
		return this.#children().filter(pid => pid !== anchor && hasDescriptors(pid));
	}

	/** The process that all containers are below, with privilege: process 1 one level down, from its first moment on. */
	get anchor(): number | undefined {
		const level = numbersOf(this.pid).length + 1;
		return this.#anchored ? this.#children().find(pid => {
			const numbers = numbersOf(pid);
			return numbers.length === level && numbers.at(-1) === '1';
		}) : undefined;
	}

	#children(): number[] {
		const children = orUndefined(`/proc/${this.pid}/task/${this.pid}/children`) ?? '';
		return children.split(' ').filter(word => word !== '').map(Number);
	}

	/** The processor time it has used, in ticks of 10 ms (proc_pid_stat(5)). */
	ticks(): number {
		const fields = (orUndefined(`/proc/${this.pid}/stat`) ?? '').split(') ').at(-1)?.split(' ') ?? [];
		return Number(fields[11]) + Number(fields[12]);
	}

	/** Ask it to end; it kills what it has. */
	async close(): Promise<string> {
		this.socket.end();
		return this.ended;
	}

	/** Wait until no process is left. */
	async gone(): Promise<void> {
		await eventually(() => this.processes().length === 0, () => this.processes().map(pid =>
			`${pid} ${orUndefined(`/proc/${pid}/cmdline`)?.replaceAll('\0', ' ')} ${orUndefined(`/proc/${pid}/wchan`)}`).join(', '));
	}
}
