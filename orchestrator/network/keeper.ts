/** Makes parents: a keeper in namespaces of its own, under a supervisor that outlives us, and beside it, for a way out, pasta(1). */

import {accessSync, constants, existsSync, mkdirSync} from 'node:fs';
import type {Readable} from 'node:stream';
import {setTimeout as pause} from 'node:timers/promises';
import {ClocheError} from '../base/errors.js';
import {identify, type ProcessIdentity} from '../base/process.js';
import {LASTING} from '../helper/helper-process.js';
import type {Launch} from '../helper/launch.js';
import type {CreateOp, Plan, StartOp} from '../helper/plan.js';
import {startSupervisor} from '../helper/start.js';
import type {Supervisor} from '../helper/supervisor.js';
import {nsinitPath, nsinitRemedy} from '../host/assets.js';
import {isPrivileged} from '../host/privilege.js';
import {findSubordinate, ordinaryMap} from '../host/subordinate.js';
import {hasLink} from '../host/ip.js';
import {findTool, type RunTool} from '../host/tool.js';
import {findKeeper, type HeldKeeper, holdKeeper, holdNewKeeper, presencePath, sweepKeepers} from './parent.js';
import {type NetworkRoots, parentsDirectory} from './places.js';
import type {ParentRecord} from './record.js';

type DataRoot = Pick<NetworkRoots, 'data'>;

const PASTA = {program: 'pasta', package: 'passt'};

/** Isn't there in a kernel without IPv6. */
const FORWARDING6 = 'net/ipv6/conf/all/forwarding';

const SIGKILL = 9;

/** The link that leads out of a parent. */
const WAY_OUT = 'out0';

const bare = {join: [], terminal: false, init: false, cgroups: [], remove: [], create: [], start: []} satisfies Partial<Plan>;

/** What it needs no more once it is made; what it has is to be there. */
const NOTHING: StartOp[] = [
	{op: 'cwd', target: '/'},
	{op: 'capabilities', bounding: 0n, permitted: 0n, inheritable: 0n, ambient: 0n},
	{op: 'credentials', uid: 0, gid: 0},
	{op: 'no-new-privs'},
];

/** Its bridges pass packets on, to each other as the rules let them. */
const settings = (): CreateOp[] => [
	{op: 'loopback'},
	{op: 'sysctl', key: 'net/ipv4/ip_forward', value: '1'},
	// No router advertisement is listened to in there: unlike this machine's, it can be on.
	...(existsSync(`/proc/sys/${FORWARDING6}`) ? [{op: 'sysctl', key: FORWARDING6, value: '1'} as const] : []),
];

const keeperPlan = (): Plan => {
	const [uid, gid] = [process.geteuid?.() ?? 0, process.getegid?.() ?? 0];
	return {
		...bare,
		...(isPrivileged() ? {namespaces: ['network', 'pid']} : {namespaces: ['user', 'network', 'pid'], userMap: ordinaryMap(uid, gid, findSubordinate(uid))}),
		streams: {stdin: 'null', stdout: 'pipe', stderr: 'null'},
		create: settings(),
		program: nsinitPath(),
	};
};

/** Of a machine that has too much to do; others wait for their turn meanwhile. */
const READY_MS = 20_000;

/** The first that it says: it is ready. One that says nothing for too long is killed. */
const firstWords = async (output: Readable | undefined, launch: Launch): Promise<boolean> => {
	const late = setTimeout(() => {
		launch.signal(SIGKILL);
	}, READY_MS);
	try {
		for await (const _ of output ?? []) {
			return true;
		}

		return false;
	} finally {
		clearTimeout(late);
	}
};

const wasKilled = (): ClocheError => new ClocheError('cannot make a network namespace', {why: 'its keeper was killed', remedy: 'try again'});

const startKeeper = async (supervisor: Supervisor, roots: DataRoot, name: string): Promise<{launch: Launch; identity: ProcessIdentity}> => {
	const launch = supervisor.launch(keeperPlan(), {autoStart: false});
	const {stdout} = await launch.streams;
	const pid = await launch.created;
	const identity = identify(pid);
	if (identity === undefined) {
		throw wasKilled();
	}

	launch.start([...NOTHING, {op: 'exec', argv: ['nsinit', '--keep', presencePath(roots, name, identity)], env: []}]);
	await launch.running;
	if (!await firstWords(stdout, launch)) {
		throw new ClocheError('cannot make a network namespace', {why: 'its keeper ended at once', where: parentsDirectory(roots), remedy: 'see that this directory can be written, and takes a FIFO'});
	}

	return {launch, identity};
};

const canOpenTun = (): boolean => {
	try {
		accessSync('/dev/net/tun', constants.R_OK | constants.W_OK);
		return true;
	} catch {
		return false; // Whatever it is: pasta can't, either.
	}
};

const noWayOut = (why: string, remedy: string): string => `containers have no way out of their networks: ${why}; ${remedy}`;

const BY_HAND = 'it says why when it is run by hand: pasta --config-net true';

/** What is missing on this machine. */
const missing = (program: string | undefined): string | undefined => {
	if (program === undefined) {
		return noWayOut('pasta isn\'t in PATH', `install it (Debian: apt-get install ${PASTA.package})`);
	}

	return canOpenTun() ? undefined : noWayOut('pasta can\'t open /dev/net/tun', 'sudo chmod 666 /dev/net/tun lets everybody, as udev does (sudo modprobe tun makes it)');
};

/**
 * Whether there is a way out of a parent that is there already.
 *
 * @returns why not
 */
export const lacksWayOut = async (run: RunTool): Promise<string | undefined> => await hasLink(WAY_OUT, run)
	? undefined
	: missing(findTool(PASTA)) ?? noWayOut('pasta isn\'t running', BY_HAND);

/** @returns why there is no way out, if there is none */
const startPasta = async (supervisor: Supervisor, keeper: Launch): Promise<string | undefined> => {
	const program = findTool(PASTA);
	const lacking = missing(program);
	if (program === undefined || lacking !== undefined) {
		return lacking;
	}

	const launch = supervisor.launch({
		...bare,
		namespaces: [],
		// In none of the keeper's namespaces, but it ends with it.
		enter: [],
		streams: {stdin: 'null', stdout: 'pipe', stderr: 'null'},
		start: [{op: 'cwd', target: '/'}, {op: 'no-new-privs'}, {op: 'exec', env: ['PATH=/usr/bin:/bin'], argv: [
			'pasta', '--foreground', '--quiet', '--config-net', '--ns-ifname', WAY_OUT,
			// Nothing of this machine's own is reached through it, and nobody comes in.
			'--no-map-gw', '--tcp-ports', 'none', '--udp-ports', 'none', '--tcp-ns', 'none', '--udp-ns', 'none',
			'--no-dhcp', '--no-dhcpv6', '--no-ndp', '--no-ra',
			// Written when it is ready.
			'--pid', '/dev/stdout',
			// By a pid alone passt of Debian 12 (2023-03-09) enters the user namespace, too, and root is in that already: EINVAL.
			...(isPrivileged() ? ['--runas', '0:0', '--netns-only', '--netns', `/proc/${keeper.pid}/ns/net`] : [String(keeper.pid)]),
		]}],
		program,
	}, {target: keeper});
	launch.exited.catch(() => undefined); // That it couldn't be run is said below.
	try {
		const {stdout} = await launch.streams;
		await launch.running;
		if (await firstWords(stdout, launch)) {
			return undefined;
		}
	} catch {
		// It can't be run: said below.
	}

	return noWayOut('pasta ended at once', BY_HAND);
};

export interface EnsuredKeeper {
	held: HeldKeeper;
	/** Whether it wasn't there before. */
	isNew: boolean;
	/** Of a new one: why there is no way out. */
	lacking?: string | undefined;
}

const start = async (roots: DataRoot, {name, outbound}: ParentRecord): Promise<EnsuredKeeper> => {
	const supervisor = startSupervisor({path: nsinitPath(), remedy: nsinitRemedy(), ...LASTING});
	let held: HeldKeeper | undefined;
	try {
		const {launch, identity} = await startKeeper(supervisor, roots, name);
		held = holdNewKeeper(roots, name, identity);
		if (held === undefined) {
			throw wasKilled();
		}

		const lacking = outbound ? await startPasta(supervisor, launch) : undefined;
		supervisor.detach();
		return {held, isNew: true, lacking};
	} catch (error) {
		held?.release();
		await supervisor.close();
		throw error;
	}
};

/** It takes less than a millisecond, unless somebody has stopped it. */
const PATIENCE_MS = 10_000;
const PAUSE_MS = 1;

/** In a turn: hold a parent's keeper, which is started where there is none. */
export const ensureKeeper = async (roots: DataRoot, parent: ParentRecord): Promise<EnsuredKeeper> => {
	for (const deadline = Date.now() + PATIENCE_MS; findKeeper(roots, parent.name) !== undefined;) {
		const held = holdKeeper(roots, parent.name);
		if (held !== undefined) {
			return {held, isNew: false};
		}

		if (Date.now() > deadline) {
			throw new ClocheError('a network namespace is about to end, and doesn\'t', {where: parent.name, why: `its keeper is process ${findKeeper(roots, parent.name)?.pid ?? '?'}`, remedy: 'kill that process'});
		}

		await pause(PAUSE_MS); // It ends, or somebody came in time and it stays.
	}

	sweepKeepers(roots);
	mkdirSync(parentsDirectory(roots), {recursive: true, mode: 0o700});
	return start(roots, parent);
};
