/**
 * The journal as it is read: `events.1`, the older part, then `events`, which is appended to. Whoever finds it long moves it
 * aside, in the place of the older part; a follower keeps open what it reads, so that it reads to the end what was moved.
 */

import {closeSync, constants, fstatSync, openSync, readSync, renameSync, rmdirSync, statSync, unlinkSync} from 'node:fs';
import {claimDirectory} from '../../base/atomic.js';
import {ClocheError, isErrno} from '../../base/errors.js';
import {formatIdentity, identify, isAlive, parseIdentity} from '../../base/process.js';
import {readNames} from './claim.js';
import {eventsPath, type StateRoots} from './roots.js';

/** Bytes: some ten thousand events. There are two such files at most. */
const LONG = 4_194_304;
const CHUNK = 65_536;
/** The present one, the one before, and the one before that, which is removed by now. */
const KEPT_OPEN = 3;
const LF = 10;

const olderPath = (roots: StateRoots): string => `${eventsPath(roots)}.1`;
/** Held by the one who moves it, whose identity is the entry in it. */
const turnPath = (roots: StateRoots): string => `${eventsPath(roots)}.turn`;

const sizeOf = (path: string): number => statSync(path, {throwIfNoEntry: false})?.size ?? 0;

const clearTurn = (turn: string, entry: string): void => {
	try {
		unlinkSync(`${turn}/${entry}`);
		rmdirSync(turn);
	} catch {
		// Somebody else did, or has it by now.
	}
};

const clearDead = (turn: string): void => {
	for (const entry of readNames(turn)) {
		const holder = parseIdentity(entry);
		if (holder !== undefined && !isAlive(holder)) {
			clearTurn(turn, entry);
		}
	}
};

/** Move the journal aside where it is long. One at a time does it: two would move what the first has just begun. */
export const rotateJournal = (roots: StateRoots, long = LONG): void => {
	const path = eventsPath(roots);
	const self = sizeOf(path) > long ? identify(process.pid) : undefined;
	if (self === undefined) {
		return;
	}

	const turn = turnPath(roots);
	const entry = formatIdentity(self);
	clearDead(turn);
	const mine = claimDirectory(turn, directory => {
		closeSync(openSync(`${directory}/${entry}`, 'wx', 0o600));
	}, 0o700);
	if (!mine) {
		return;
	}

	try {
		if (sizeOf(path) > long) {
			renameSync(path, olderPath(roots));
		}
	} finally {
		clearTurn(turn, entry);
	}
};

interface Part {
	fd: number;
	inode: number;
	offset: number;
}

const openPart = (path: string): Part | undefined => {
	try {
		const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
		return {fd, inode: fstatSync(fd).ino, offset: 0};
	} catch (error) {
		if (isErrno(error, 'ENOENT')) {
			return undefined;
		}

		throw new ClocheError('cannot read the journal', {where: path, cause: error});
	}
};

/** Reads all lines that there are, and later those that have come. */
export class JournalReader {
	readonly #roots: StateRoots;
	/** The oldest first. One that was moved aside is kept until the next is: who had opened it may write to it still. */
	readonly #parts: Part[] = [];

	constructor(roots: StateRoots) {
		this.#roots = roots;
	}

	/** The lines since the last time, without their ends. */
	*next(): Generator<string> {
		this.#look();
		for (const part of this.#parts) {
			yield* this.#read(part);
		}
	}

	close(): void {
		for (const {fd} of this.#parts.splice(0)) {
			closeSync(fd);
		}
	}

	/** Open what isn't yet. The newer part first: where it is moved in between, it is found twice, and not missed. */
	#look(): void {
		const found = [eventsPath(this.#roots), olderPath(this.#roots)].map(path => openPart(path)).reverse();
		for (const part of found) {
			if (part !== undefined && this.#parts.some(({inode}) => inode === part.inode)) {
				closeSync(part.fd);
			} else if (part !== undefined) {
				this.#parts.push(part);
			}
		}

		for (const {fd} of this.#parts.splice(0, Math.max(0, this.#parts.length - KEPT_OPEN))) {
			closeSync(fd);
		}
	}

	*#read(part: Part): Generator<string> {
		const chunk = Buffer.allocUnsafe(CHUNK);
		for (let room = chunk; ;) {
			const got = readSync(part.fd, room, 0, room.length, part.offset);
			const end = got === 0 ? -1 : room.lastIndexOf(LF, got - 1);
			if (end >= 0) {
				part.offset += end + 1;
				yield* room.toString('utf8', 0, end).split('\n');
			} else if (got < room.length) {
				return; // Nothing, or a line that isn't written to its end.
			} else {
				room = Buffer.allocUnsafe(room.length * 2);
			}
		}
	}
}
