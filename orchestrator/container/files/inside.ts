/**
 * Programs of this machine inside a container's file system: its mount and user namespace are entered, and nothing else of
 * it, so that every path is resolved where the container's processes would resolve it, and no link leads out. One that
 * doesn't run is mounted for the while, and nobody else starts or removes it meanwhile.
 */

import {join} from 'node:path';
import type {Readable} from 'node:stream';
import {setTimeout as pause} from 'node:timers/promises';
import {ClocheError} from '../../base/errors.js';
import {identify, type ProcessIdentity} from '../../base/process.js';
import {FIRST_LENT} from '../../helper/helper-process.js';
import {startSupervisor} from '../../helper/start.js';
import type {Launch} from '../../helper/launch.js';
import type {CreateOp, Plan, StartOp, TargetProcess} from '../../helper/plan.js';
import type {Supervisor} from '../../helper/supervisor.js';
import {nsinitPath, nsinitRemedy} from '../../host/assets.js';
import {findBaseLayer} from '../../image/base-layer.js';
import {machineFacts} from '../facts.js';
import {type Capability, capabilityMask} from '../options/capabilities.js';
import {isSourceDirectory, planVolumes, realSources} from '../plan/volumes.js';
import type {Design} from '../prepare.js';
import {redesign} from '../restore.js';
import type {Claim} from '../store/claim.js';
import {findContainer, type FoundContainer, isUp} from '../store/find.js';
import {occupyContainer, releaseContainer} from '../store/keep.js';
import {layersCache, type StateRoots} from '../store/roots.js';

/** All that files take: what a container may not itself doesn't matter, since it decides nothing here. Never SYS_PTRACE: with `--pid host` the container's /proc leads to other roots. */
const FILES: readonly Capability[] = ['CHOWN', 'DAC_OVERRIDE', 'DAC_READ_SEARCH', 'FOWNER', 'FSETID', 'MKNOD', 'SETFCAP'];

/** The number of a descriptor that was lent, for the streams of a launch. */
export const LENT = FIRST_LENT;

const MOST_SAID = 65_536;

/** One that doesn't run is used by one at a time. */
const PATIENCE_MS = 60_000;
const PAUSE_MS = 50;

export interface Said {
	/** The exit status; `undefined` where a signal ended it. */
	code: number | undefined;
	signal: number | undefined;
	/** Its standard error, the beginning. */
	stderr: string;
}

/** Its lines, but what it makes of the container's accounts, which it only looks owners' names up in. */
export const linesOf = ({stderr}: Said): string[] => stderr.split('\n').filter(line => line !== '' && !/^tar: \/etc\/(?:passwd|group): bad record$/.test(line));

const start = (argv: readonly string[], mapped: boolean): StartOp[] => {
	const mask = capabilityMask(FILES) & (mapped ? ~0n : machineFacts().capabilities);
	return [
		{op: 'capabilities', bounding: mask, permitted: mask, inheritable: 0n, ambient: 0n},
		{op: 'credentials', uid: 0, gid: 0},
		{op: 'no-new-privs'},
		{op: 'exec', argv: [...argv], env: []},
	];
};

const bare = {join: [], terminal: false, init: false, cgroups: [], remove: []} satisfies Partial<Plan>;

/** The beginning; the rest is read and thrown away, so that nobody waits. */
export const readSome = async (stream: Readable | undefined, most = MOST_SAID): Promise<Buffer> => {
	const chunks: Buffer[] = [];
	let size = 0;
	for await (const chunk of stream ?? []) {
		const bytes: Buffer = chunk as Buffer;
		if (size < most) {
			chunks.push(bytes.subarray(0, most - size));
			size += bytes.length;
		}
	}

	return Buffer.concat(chunks);
};

/** What a container that doesn't run is made of for the while: its root and its volumes, and nothing that runs. */
const mountPlan = ({plan, root, spec}: Design, volumes: boolean, program: string): Plan => {
	const mounts = volumes ? planVolumes(realSources(spec.mounts), isSourceDirectory) : [];
	return {
		...bare,
		namespaces: [...(plan.userMap === undefined ? [] : ['user' as const]), 'mount', 'pid'],
		...(plan.userMap === undefined ? {} : {userMap: plan.userMap}),
		streams: {stdin: 'null', stdout: 'null', stderr: 'null'},
		create: [
			{op: 'propagation', target: '/'},
			...root.operations,
			...mounts,
			...(spec.root.readonly ? [{op: 'protect', target: '/', attributes: ['rdonly']} satisfies CreateOp] : []),
			{op: 'pivot'},
		],
		start: start(['sleep', '2147483647'], plan.userMap !== undefined),
		program,
	};
};

export class Inside implements AsyncDisposable {
	readonly #supervisor: Supervisor;
	readonly #program: string;
	readonly #target: Launch | TargetProcess;
	readonly #letGo: () => Promise<void>;
	/** What it is made of, where it doesn't run. */
	readonly design: Design | undefined;

	constructor(supervisor: Supervisor, program: string, target: Launch | TargetProcess, design: Design | undefined, letGo: () => Promise<void>) {
		this.#supervisor = supervisor;
		this.#program = program;
		this.#target = target;
		this.design = design;
		this.#letGo = letGo;
	}

	/**
	 * Run an applet of busybox inside, with its standard error piped.
	 *
	 * @param mounts in a mount namespace of its own, changed by these
	 */
	launch(argv: readonly string[], streams: Partial<Plan['streams']>, mounts: readonly CreateOp[] = []): Launch {
		return this.#supervisor.launch({
			...bare,
			namespaces: mounts.length === 0 ? [] : ['mount'],
			streams: {stdin: 'null', stdout: 'null', stderr: 'pipe', ...streams},
			create: [...mounts],
			start: start(argv, !machineFacts().privileged),
			enter: ['mount', 'user'],
			program: this.#program,
		}, {target: this.#target});
	}

	/** Wait for its end. */
	static async end(launch: Launch): Promise<Said> {
		const {stderr} = await launch.streams;
		const [exit, said] = await Promise.all([launch.exited, readSome(stderr)]);
		await launch.released;
		return {code: exit.code, signal: exit.signal, stderr: said.toString()};
	}

	/** Run an applet to its end; the first 64 KiB that it printed. */
	async output(argv: readonly string[]): Promise<Said & {stdout: string}> {
		const launch = this.launch(argv, {stdout: 'pipe'});
		const {stdout} = await launch.streams;
		const [text, said] = await Promise.all([readSome(stdout), Inside.end(launch)]);
		return {...said, stdout: text.toString()};
	}

	async [Symbol.asyncDispose](): Promise<void> {
		try {
			await this.#letGo();
		} finally {
			await this.#supervisor.close();
		}
	}
}

/** Whoever else copies is waited for. */
const occupy = async (roots: StateRoots, id: string, owner: ProcessIdentity): Promise<Claim> => {
	for (const deadline = Date.now() + PATIENCE_MS; ;) {
		try {
			return occupyContainer(roots, id, owner);
		} catch (error) {
			if (Date.now() > deadline || isUp(findContainer(roots, id).state)) {
				throw error;
			}
		}

		await pause(PAUSE_MS);
	}
};

const mountStopped = async (supervisor: Supervisor, found: FoundContainer, {roots, volumes, program}: {roots: StateRoots; volumes: boolean; program: string}): Promise<Inside> => {
	const owner = identify(supervisor.pid);
	if (owner === undefined) {
		throw new ClocheError('cannot start nsinit', {why: 'it ended at once', remedy: nsinitRemedy()});
	}

	let claim: Claim | undefined = await occupy(roots, found.record.id, owner);
	let holder: Launch | undefined;
	const letGo = async (): Promise<void> => {
		holder?.signal(9);
		await holder?.released;
		if (claim !== undefined) {
			releaseContainer(roots, claim);
			claim = undefined;
		}
	};

	try {
		const design = await redesign(found, roots);
		await design.root.prepare();
		holder = supervisor.launch(mountPlan(design, volumes, program));
		await holder.running;
		return new Inside(supervisor, program, holder, design, letGo);
	} catch (error) {
		await letGo();
		throw error;
	}
};

/**
 * Into a container, whatever it is doing.
 *
 * @param volumes whether they are mounted where it doesn't run
 * @param lend a descriptor for programs: {@link LENT} to them
 * @throws ClocheError where it is in use otherwise, or its root can't be mounted
 */
export const enterContainer = async (found: FoundContainer, roots: StateRoots, {volumes = true, lend = []}: {volumes?: boolean; lend?: readonly number[]} = {}): Promise<Inside> => {
	const layer = await findBaseLayer('busybox', layersCache(roots));
	const program = join(layer ?? '', 'bin/busybox');
	const supervisor = startSupervisor({path: nsinitPath(), remedy: nsinitRemedy(), lend, stdin: 'ignore'});
	try {
		if (!isUp(found.state) || found.init === undefined) {
			return await mountStopped(supervisor, found, {roots, volumes, program});
		}

		const {pid, start: since} = found.init;
		return new Inside(supervisor, program, {pid, start: since}, undefined, async () => Promise.resolve());
	} catch (error) {
		await supervisor.close();
		throw error;
	}
};
