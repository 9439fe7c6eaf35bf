/** Waits for the end of a container that another process keeps. */

import {existsSync} from 'node:fs';
import {setTimeout as pause} from 'node:timers/promises';
import {ClocheError} from '../base/errors.js';
import {isAlive} from '../base/process.js';
import {reach} from './reach.js';
import {watchRelease} from './stop.js';
import {readExit, statusOf} from './store/exit.js';
import {findContainer, type FoundContainer, isUp} from './store/find.js';
import {collectGarbage} from './store/gc.js';
import {JournalReader} from './store/journal.js';
import type {StateRoots} from './store/roots.js';

const PATIENCE_MS = 5000;
const PAUSE_MS = 20;

const unknownEnd = (where: string, why: string | undefined): ClocheError => new ClocheError('it isn\'t known how the container ended', {where, why});

/** What its files tell of its end, once nobody answers for it; somebody else may be just cleaning up after a dead one. */
const recordedStatus = async ({record: {id}, directory}: FoundContainer): Promise<number> => {
	for (const deadline = Date.now() + PATIENCE_MS; ;) {
		const exit = readExit(directory);
		const status = exit === undefined ? undefined : statusOf(exit);
		if (status !== undefined) {
			return status;
		}

		if (exit !== undefined || !existsSync(directory) || Date.now() > deadline) {
			throw unknownEnd(id, exit?.error ?? 'it was removed');
		}

		await pause(PAUSE_MS);
	}
};

/** What a line of the journal tells of a container's end. */
const readDeath = (line: string, id: string): number | undefined => {
	if (!line.includes(`"${id}"`) || !line.includes('"die"')) {
		return undefined;
	}

	const {action, id: of, exitCode, signal} = JSON.parse(line) as {action?: unknown; id?: unknown; exitCode?: number; signal?: number};
	return action === 'die' && of === id ? statusOf({code: exitCode, signal}) : undefined;
};

/** One that isn't kept leaves no files: the journal tells of its end, since who runs it writes that down there. */
const journaledStatus = async (roots: StateRoots, id: string): Promise<number> => {
	const journal = new JournalReader(roots);
	try {
		for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline; await pause(PAUSE_MS)) {
			for (const line of journal.next()) {
				const status = readDeath(line, id);
				if (status !== undefined) {
					return status;
				}
			}
		}
	} finally {
		journal.close();
	}

	throw unknownEnd(id, 'it was removed at its end, and the journal doesn\'t tell');
};

/** Its supervisor tells; `undefined` where that doesn't listen, or hung up without telling. */
const toldStatus = async (found: FoundContainer, roots: StateRoots): Promise<number | undefined> => {
	using client = await reach(roots, found.record.id);
	try {
		const exit = await client?.exited;
		return exit === undefined ? undefined : statusOf(exit);
	} catch {
		return undefined; // What it left on disk tells why.
	}
};

/**
 * How its last run ended, at once where it has ended; of one that is restarted, the end for good.
 *
 * @returns the exit status
 * @throws ClocheError where it was never started, or it isn't known
 */
export const waitForEnd = async (found: FoundContainer, roots: StateRoots): Promise<number> => {
	const {record: {id, keep}, state, owner} = found;
	if (state === 'created' && (owner === undefined || !isAlive(owner))) {
		throw new ClocheError('the container was never started', {where: id, remedy: 'start it first'});
	}

	if (state === 'dead') {
		collectGarbage(roots, {id});
	}

	if (isUp(state) || state === 'created') {
		const told = await toldStatus(found, roots);
		if (told !== undefined) {
			return told;
		}

		for (const isReleased = watchRelease(roots, found); !isReleased();) {
			await pause(PAUSE_MS);
		}

		// Who made it has let go of it, and its supervisor has it now.
		if (state === 'created') {
			return waitForEnd(findContainer(roots, id), roots);
		}
	}

	return keep ? recordedStatus(found) : journaledStatus(roots, id);
};

/** The same by name, id or prefix. */
export const waitFor = async (word: string, roots: StateRoots): Promise<number> => waitForEnd(findContainer(roots, word), roots);
