/** A container from its launch until nothing is left of it: what happens at each turn on disk, beside what `lifecycle.ts` does to the process. */

import {ClocheError} from '../base/errors.js';
import {identify, type ProcessIdentity} from '../base/process.js';
import type {Launch} from '../helper/launch.js';
import type {LaunchOptions} from '../helper/launch-options.js';
import type {Supervisor} from '../helper/supervisor.js';
import {Lifecycle, type Outcome} from './lifecycle.js';
import {type Design, placeContainer} from './prepare.js';
import type {StoredContainer} from './store/create.js';
import {forgetInit, recordInit} from './store/exit.js';
import {collectGarbage} from './store/gc.js';
import {releaseContainer, removeContainer} from './store/keep.js';
import type {StateRoots} from './store/roots.js';

export interface RunningContainer {
	id: string;
	launch: Launch;
	lifecycle: Lifecycle;
	/** How it ended. Rejects where it never ran. */
	outcome: Promise<Outcome>;
	/** Nothing is left of it but, of a kept one, what is kept. Rejects only where something couldn't be removed. */
	released: Promise<void>;
}

/** How long a container runs before it is worth a note. */
const SETTLED_MS = 20;

export interface RunContext {
	roots: StateRoots;
	supervisor: Supervisor;
	launch?: LaunchOptions;
	onTimeout?: () => void;
}

/** Write down how a kept one ended, and let go of it. One that never ran isn't kept. */
const settleKept = (roots: StateRoots, {claim}: StoredContainer, started: string, outcome: Outcome | undefined): void => {
	if (outcome === undefined) {
		removeContainer(roots, claim);
		return;
	}

	const {code, signal, userTime, systemTime, maxRss} = outcome.exit;
	releaseContainer(roots, claim, {
		started,
		ended: new Date().toISOString(),
		...(code === undefined ? {signal} : {code}),
		userTime, systemTime, maxRss,
	});
};

const firstProblem = (roots: StateRoots, id: string): void => {
	const {problems: [problem]} = collectGarbage(roots, {id});
	if (problem !== undefined) {
		throw problem;
	}
};

/**
 * Most containers are gone before anyone could look them up, and with privilege none outlives its supervisor. So theirs
 * are written down only when they stay; where nothing but this note is the leash, and for kept ones, at once.
 *
 * @param onProblem hears that it couldn't be written: the container must not go on without
 * @returns what undoes it for one that isn't kept
 */
const rememberInit = ({keep, plan}: Design, directory: string, launch: Launch, onProblem: (problem: ClocheError) => void): () => void => {
	let written = false;
	let timer: NodeJS.Timeout | undefined;
	const leashed = plan.userMap === undefined && plan.namespaces.includes('pid');
	launch.created.then(pid => {
		const write = (): void => {
			try {
				written = recordInit(directory, pid);
			} catch (cause) {
				onProblem(new ClocheError('cannot write down the container\'s first process', {where: directory, cause, remedy: 'put the state elsewhere with --root DIR or CLOCHE_ROOT'}));
			}
		};

		if (keep || !leashed) {
			write();
		} else {
			timer = setTimeout(write, SETTLED_MS).unref();
		}
	}, () => undefined); // The outcome tells.
	return () => {
		clearTimeout(timer);
		if (written && !keep) {
			forgetInit(directory);
		}
	};
};

/** Until the helper has let go of everything. Where the helper died, its work is ours. */
const follow = async ({design, stored, launch, roots, lifecycle, onProblem}: {
	design: Design; stored: StoredContainer; launch: Launch; roots: StateRoots; lifecycle: Lifecycle; onProblem: (problem: ClocheError) => void;
}): Promise<void> => {
	const started = new Date().toISOString();
	const forget = rememberInit(design, stored.directory, launch, onProblem);
	try {
		await launch.released;
		forget();
	} catch {
		// The outcome tells why; here it only matters that nobody has removed anything.
		firstProblem(roots, design.id);
		return;
	}

	if (design.keep) {
		settleKept(roots, stored, started, await lifecycle.outcome.catch(() => undefined));
	}
};

const identities = new WeakMap<Supervisor, ProcessIdentity>();

/** Read once: a resident one is asked at every start. */
const identifySupervisor = (supervisor: Supervisor): ProcessIdentity | undefined => {
	const identity = identities.get(supervisor) ?? identify(supervisor.pid);
	if (identity !== undefined) {
		identities.set(supervisor, identity);
	}

	return identity;
};

/** Why a helper that has no pid couldn't be started; its launches know. */
const failToStart = async (supervisor: Supervisor, design: Design): Promise<never> => {
	await supervisor.launch(design.plan).running;
	throw new ClocheError('cannot start nsinit', {why: 'it ended at once'});
};

/** Claim, launch, and follow. */
export const runDesign = async (design: Design, {roots, supervisor, launch: options = {}, onTimeout}: RunContext): Promise<RunningContainer> => {
	const owner = identifySupervisor(supervisor) ?? await failToStart(supervisor, design);
	const stored = await placeContainer(design, roots, owner);
	let launch: Launch;
	try {
		launch = supervisor.launch(design.plan, options);
	} catch (error) {
		removeContainer(roots, stored.claim);
		throw error;
	}

	const lifecycle = new Lifecycle(launch, {
		spec: design.spec,
		alone: design.spec.linux.namespaces.pid === 'private',
		onTimeout,
	});
	let problem: ClocheError | undefined;
	const released = follow({design, stored, launch, roots, lifecycle, onProblem: error => {
		problem = error;
		lifecycle.kill();
	}});
	released.catch(() => undefined); // Marks it as handled; whoever awaits it still gets the error.
	const outcome = lifecycle.outcome.then(ended => {
		if (problem !== undefined) {
			throw problem;
		}

		return ended;
	}, (error: unknown) => {
		throw problem ?? error;
	});
	outcome.catch(() => undefined); // As above.
	return {id: design.id, launch, lifecycle, outcome, released};
};
