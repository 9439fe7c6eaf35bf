/** A container from its launch until nothing is left of it: what happens at each turn on disk, beside what `lifecycle.ts` does to the process. */

import type {ClocheError} from '../base/errors.js';
import type {Launch} from '../helper/launch.js';
import type {LaunchOptions} from '../helper/launch-options.js';
import type {Supervisor} from '../helper/supervisor.js';
import {Journal} from './journal.js';
import {Lifecycle, type Outcome} from './lifecycle.js';
import {Note} from './note.js';
import {identifySupervisor, requireSupervisor} from './owner.js';
import {type Design, isBrief, leavesNothing, placeContainer, unclaimWiring, writeDown} from './prepare.js';
import {notePorts, releaseWhenThere, warnOf} from './wired.js';
import {dropAnyCgroups} from './store/cgroups.js';
import type {StoredContainer} from './store/create.js';
import {forgetInit} from './store/exit.js';
import {collectGarbage} from './store/gc.js';
import {releaseContainer, removeContainer} from './store/keep.js';
import {releaseName} from './store/names.js';
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

export interface RunContext {
	roots: StateRoots;
	supervisor: Supervisor;
	launch?: LaunchOptions;
	/** Hears that everything is prepared and the helper is about to be asked: there can be a payload at any time from here on. */
	onLaunch?: () => void;
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

/** Until the helper has let go of everything. Where the helper died, its work is ours. */
const follow = async (note: Note, {design, launch, roots, lifecycle, journal, unremoved}: {
	design: Design; launch: Launch; roots: StateRoots; lifecycle: Lifecycle; journal: Journal;
	/** Whether the helper couldn't remove everything. */
	unremoved: () => boolean;
}): Promise<void> => {
	const started = new Date().toISOString();
	try {
		await launch.released;
	} catch {
		// The outcome tells why; here it only matters that nobody has removed anything.
		note.close();
		firstProblem(roots, design.id);
		return;
	}

	note.close();
	if (note.stored === undefined) {
		return;
	}

	dropAnyCgroups(roots, design.id);
	if (design.keep) {
		const outcome = await lifecycle.outcome.catch(() => undefined);
		settleKept(roots, note.stored, started, outcome);
		if (outcome === undefined) {
			journal.destroyed();
		}
	} else if (leavesNothing(design) || unremoved()) {
		// What belongs to a subordinate id takes a user namespace to be removed, which the helper hasn't.
		removeContainer(roots, note.stored.claim);
	} else {
		forgetInit(note.stored.directory); // Written after the helper had removed it, maybe.
		if (design.spec.name !== undefined) {
			releaseName(roots, design.spec.name, design.id); // The helper has removed its entry, and not the directory that others may claim.
		}
	}

	if (!design.keep) {
		journal.destroyed();
	}
};

/** Claim, launch, and follow. */
export const runDesign = async (design: Design, {roots, supervisor, launch: options = {}, onLaunch, onTimeout}: RunContext): Promise<RunningContainer> => {
	const stored = leavesNothing(design) ? undefined
		: await placeContainer(design, roots, await requireSupervisor(supervisor, design.plan));
	const journal = new Journal(roots);
	const brief = isBrief(design);
	if (stored !== undefined && !brief) {
		journal.created(stored.record);
	}

	let launch: Launch;
	let unremoved = false;
	const onWarning = (warning: ClocheError): void => {
		if (warning.step === 'remove') {
			unremoved = true;
		} else {
			options.onWarning?.(warning);
		}
	};

	onLaunch?.();
	try {
		launch = supervisor.launch(design.plan, {...options, onWarning});
	} catch (error) {
		if (stored !== undefined) {
			await unclaimWiring(design, roots);
			removeContainer(roots, stored.claim);
			journal.destroyed();
		}

		throw error;
	}

	releaseWhenThere(launch, design);
	warnOf(design, options.onWarning);
	launch.created.then(() => notePorts(launch, design, roots)).catch(() => undefined); // The outcome tells, or who asks for them finds none.
	launch.running.then(() => {
		journal.started();
	}, () => undefined); // The outcome tells.
	launch.exited.then(exit => {
		journal.ended(exit);
	}, () => undefined); // As above.
	const lifecycle = new Lifecycle(launch, {
		spec: design.spec,
		alone: design.spec.linux.namespaces.pid === 'private',
		onTimeout,
	});
	let problem: ClocheError | undefined;
	const note = new Note({design, stored, launch, write: () => {
		const owner = identifySupervisor(supervisor);
		return owner === undefined ? undefined : writeDown(design, roots, owner);
	}, onNoted: ({record}) => {
		if (brief) {
			journal.created(record);
		}
	}, onProblem: error => {
		problem = error;
		lifecycle.kill();
	}});
	const released = follow(note, {design, launch, roots, lifecycle, journal, unremoved: () => unremoved});
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
