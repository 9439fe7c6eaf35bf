/** Ends a container, or sends it a signal, whoever keeps it: its supervisor is asked by its socket, else its init has the signal from us. */

import {lstatSync} from 'node:fs';
import {setTimeout as pause} from 'node:timers/promises';
import {ClocheError, isErrno} from '../base/errors.js';
import {isAlive, type ProcessIdentity} from '../base/process.js';
import {thaw} from '../host/freezer.js';
import {dispositionOf} from '../host/signals.js';
import {reach} from './reach.js';
import type {ContainerSpec} from './spec.js';
import {specFromJson} from './spec-json.js';
import {claimPath} from './store/claim.js';
import {appendEvent, subjectOf} from './store/events.js';
import {type FoundContainer, isUp} from './store/find.js';
import {collectGarbage} from './store/gc.js';
import {dropEmptyName} from './store/names.js';
import type {StateRoots} from './store/roots.js';

export interface StopOptions {
	/** Asks it to end; by default the container's own stop signal. */
	signal?: number | undefined;
	/** Milliseconds until SIGKILL; by default the container's own, and without end if `Infinity`. */
	timeout?: number | undefined;
}

const SIGKILL = 9;
const SIGTERM = 15;
const TIMEOUT_MS = 10_000;
/** What the kernel and the supervisor may take once all is killed. */
const PATIENCE_MS = 5000;
const PAUSE_MS = 5;
/** The longest that fits into a STOP: 49 days. */
const LONGEST_MS = 0xFF_FF_FF_FF;

const send = (init: ProcessIdentity | undefined, signal: number, where: string): void => {
	if (init === undefined || !isAlive(init)) {
		return;
	}

	try {
		process.kill(init.pid, signal);
	} catch (cause) {
		if (!isErrno(cause, 'ESRCH')) {
			throw new ClocheError('cannot send a signal to the container', {where, cause});
		}
	}
};

/** Poll until `done` or for so many milliseconds; whether it was done. */
const until = async (done: () => boolean, milliseconds: number): Promise<boolean> => {
	for (const deadline = Date.now() + milliseconds; !done();) {
		if (Date.now() > deadline) {
			return false;
		}

		await pause(PAUSE_MS);
	}

	return true;
};

/** Between a supervisor's end and what its orchestrator then writes down: a foreground one's exit record. */
const GRACE_MS = 1000;

/**
 * Tells, each time it is asked, whether who answered for this run has let go of it. What a dead one left is cleaned up, when
 * its orchestrator hasn't done so by then.
 */
export const watchRelease = (roots: StateRoots, {record: {id, detached}, owner}: FoundContainer): (() => boolean) => {
	const claim = owner === undefined ? undefined : claimPath(roots, owner, id);
	let dead: number | undefined;
	return () => {
		// A link that leads nowhere: existsSync would never find it.
		if (claim === undefined || owner === undefined || lstatSync(claim, {throwIfNoEntry: false}) === undefined) {
			return true;
		}

		if (!isAlive(owner)) {
			dead ??= Date.now();
			if (detached === true || Date.now() - dead > GRACE_MS) {
				collectGarbage(roots, {id});
			}
		}

		return false;
	};
};

const isGoneInit = (init: ProcessIdentity | undefined): boolean => init === undefined || !isAlive(init);

/** What it says of its own stop; older records don't. */
const wishesOf = ({record: {spec}}: FoundContainer): Partial<Pick<ContainerSpec, 'stopSignal' | 'stopTimeout' | 'init' | 'linux'>> =>
	spec === undefined ? {} : specFromJson(spec);

/** The kernel keeps from process 1 what it has no handler for: there is nothing to wait for (lifecycle.ts). */
const isDeaf = (found: FoundContainer, signal: number): boolean => {
	const {init: reaper, linux} = wishesOf(found);
	return found.init !== undefined && reaper !== true && linux?.namespaces.pid !== 'host' && dispositionOf(found.init.pid, signal) === 'default';
};

/** Without its supervisor's help: a foreground one's orchestrator learns from its supervisor how it ended. */
const endInit = async (found: FoundContainer, signal: number, timeout: number): Promise<void> => {
	const {init, record: {id}} = found;
	if (signal !== SIGKILL && !isDeaf(found, signal)) {
		send(init, signal, id);
		await until(() => isGoneInit(init), timeout);
	}

	send(init, SIGKILL, id);
};

const end = async (roots: StateRoots, found: FoundContainer, signal: number, timeout: number): Promise<void> => {
	const {record: {id, name, keep, detached, cgroups = []}, init, owner} = found;
	thaw(cgroups);
	using client = await reach(roots, id);
	if (client === undefined) {
		await endInit(found, signal, timeout);
	} else {
		client.stop(signal === SIGKILL ? {} : {signal, timeout: Math.min(timeout, LONGEST_MS)});
		const closed = client.closed.then(() => true);
		// One that hangs isn't waited for.
		if (!await Promise.race([closed, pause(Math.min(timeout + PATIENCE_MS, 0x7F_FF_FF_FF), false, {ref: false})])) {
			send(init, SIGKILL, id);
		}
	}

	const isReleased = watchRelease(roots, found);
	let released = await until(isReleased, PATIENCE_MS);
	if (!released && detached === true) {
		// A supervisor that hangs, or was stopped, keeps nothing but this one. What it leaves is cleaned up here.
		send(owner, SIGKILL, id);
		released = await until(isReleased, PATIENCE_MS);
	}

	if (!released) {
		throw new ClocheError('the container does not end', {where: id, why: `process ${found.owner?.pid ?? '?'} still answers for it`, remedy: 'see what that waits for, or kill it'});
	}

	// The helper removes the entry of one that isn't kept, and not the directory that others may claim.
	if (!keep && name !== undefined) {
		dropEmptyName(roots, name);
	}
};

/**
 * Ask it to end, wait, then kill; for good, whatever its restart policy. Resolves when nothing of its run is left.
 *
 * @returns `false` where it doesn't run, to which nothing is done
 * @throws ClocheError where it doesn't end
 */
export const stopContainer = async (found: FoundContainer, roots: StateRoots, options: StopOptions = {}): Promise<boolean> => {
	if (!isUp(found.state)) {
		return false;
	}

	const wishes = wishesOf(found);
	const signal = options.signal ?? wishes.stopSignal ?? SIGTERM;
	await end(roots, found, signal, options.timeout ?? wishes.stopTimeout ?? TIMEOUT_MS);
	appendEvent(roots, 'stop', subjectOf(found.record), {signal});
	return true;
};

/**
 * Send it a signal. SIGKILL ends it for good, and is waited for; any other is delivered, to a paused one once it goes on.
 *
 * @throws ClocheError where it doesn't run
 */
export const killContainer = async (found: FoundContainer, roots: StateRoots, signal = SIGKILL): Promise<void> => {
	const {record, state, init} = found;
	if (!isUp(state) || (state === 'restarting' && signal !== SIGKILL)) {
		throw new ClocheError('the container does not run', {where: record.name ?? record.id, why: state});
	}

	appendEvent(roots, 'kill', subjectOf(record), {signal});
	if (signal === SIGKILL) {
		await end(roots, found, signal, 0);
		return;
	}

	using client = await reach(roots, record.id);
	if (client === undefined) {
		send(init, signal, record.id);
	} else {
		client.signal(signal);
		await client.status(); // Answered in order: by then it has been sent.
	}
};
