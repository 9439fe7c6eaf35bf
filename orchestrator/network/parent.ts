/**
 * Parents: network namespaces, other than this machine's, that bridges lie in. Who isn't root has one for all networks, since
 * nothing of this machine's may be changed; a lab has one of its own.
 *
 * Each has a keeper, a process that does nothing but be there, and a FIFO named after it, which whoever needs the parent has open
 * for writing: the supervisors of its containers, and who is about to make one. When nobody has it open any more the keeper ends,
 * and with it all that is in there; nobody opens it and then finds it gone (helper-c/keep.c). So there is no daemon, and whoever
 * is killed leaves at most a file.
 */

import {closeSync, constants, fstatSync, lstatSync, openSync, renameSync, rmdirSync, rmSync} from 'node:fs';
import {ignoring, isErrno} from '../base/errors.js';
import {formatIdentity, isAlive, parseIdentity, type ProcessIdentity} from '../base/process.js';
import {linkText, namesIn, networkDirectory, type NetworkRoots, parentsDirectory, readyPath} from './places.js';
import type {NetworkRecord} from './record.js';

type DataRoot = Pick<NetworkRoots, 'data'>;

/** The parent of all networks of an ordinary user that are no lab's. */
export const USERS_PARENT = 'user';

export interface Keeper extends ProcessIdentity {
	/** Its FIFO. */
	presence: string;
}

/** A keeper that doesn't end before this is let go of. */
export interface HeldKeeper {
	keeper: Keeper;
	/** Once is enough; more do nothing. */
	release: () => void;
}

export const presencePath = (roots: DataRoot, name: string, keeper: ProcessIdentity): string => `${parentsDirectory(roots)}/${name}.${formatIdentity(keeper)}`;

/** The FIFO's name while it isn't to be opened: who started the keeper hasn't got it open yet, or it takes its last look. */
const unnamed = (presence: string): string => `${presence}~`;

interface Entry {
	name: string;
	keeper: Keeper;
}

/** Also of keepers that are about to end, or dead. */
const entriesOf = (roots: DataRoot): Entry[] => namesIn(parentsDirectory(roots)).flatMap(file => {
	const [, name, text] = /^(.+)\.([^.~]+)~?$/.exec(file) ?? [];
	const identity = text === undefined ? undefined : parseIdentity(text);
	return name === undefined || identity === undefined ? [] : [{name, keeper: {...identity, presence: presencePath(roots, name, identity)}}];
});

/** That of a parent, if there is one; it may end at any moment. */
export const findKeeper = (roots: DataRoot, name: string): Keeper | undefined =>
	entriesOf(roots).find(entry => entry.name === name && isAlive(entry.keeper))?.keeper;

/** @returns nothing where it has just been moved out of the way, or nobody reads it any more */
const openPresence = (path: string): number | undefined => {
	try {
		return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
	} catch (error) {
		if (isErrno(error, 'ENOENT') || isErrno(error, 'ENXIO')) {
			return undefined;
		}

		throw error;
	}
};

const held = (keeper: Keeper, file: number): HeldKeeper => {
	let open: number | undefined = file;
	return {keeper, release() {
		if (open !== undefined) {
			closeSync(open);
			open = undefined;
		}
	}};
};

/** The keeper takes the name away before its last look: who opened it on the way there may have come too late. */
const hasName = (file: number, path: string): boolean => {
	const named = lstatSync(path, {throwIfNoEntry: false});
	const opened = fstatSync(file);
	return named?.ino === opened.ino && named.dev === opened.dev;
};

/** The same, and it stays. */
export const holdKeeper = (roots: DataRoot, name: string): HeldKeeper | undefined => {
	const keeper = findKeeper(roots, name);
	const file = keeper === undefined ? undefined : openPresence(keeper.presence);
	if (keeper === undefined || file === undefined) {
		return undefined;
	}

	if (hasName(file, keeper.presence)) {
		return held(keeper, file);
	}

	closeSync(file);
	return undefined;
};

/**
 * For who has just started it: the same, and from now on others may.
 *
 * @returns nothing where it was killed meanwhile
 */
export const holdNewKeeper = (roots: DataRoot, name: string, identity: ProcessIdentity): HeldKeeper | undefined => {
	const presence = presencePath(roots, name, identity);
	const file = openPresence(unnamed(presence));
	if (file === undefined) {
		return undefined;
	}

	const keeper = held({...identity, presence}, file);
	try {
		renameSync(unnamed(presence), presence);
		return keeper;
	} catch (error) {
		keeper.release();
		throw error;
	}
};

/** What tells in which parent's life a network's bridge was made. */
export const keeperText = (keeper: ProcessIdentity): string => formatIdentity(keeper);

/** Whether its bridge was made since that keeper is there. */
export const isRaised = (roots: DataRoot, {name}: Pick<NetworkRecord, 'name'>, keeper: Keeper): boolean =>
	linkText(readyPath(networkDirectory(roots, name))) === keeperText(keeper);

/** Whether there is something to sweep. */
export const isUnswept = (roots: DataRoot): boolean => {
	const entries = entriesOf(roots);
	return entries.length === 0 || entries.some(entry => !isAlive(entry.keeper));
};

/** In a turn: what keepers have left that were killed, and the directory where it is empty. */
export const sweepKeepers = (roots: DataRoot): void => {
	for (const {keeper} of entriesOf(roots).filter(entry => !isAlive(entry.keeper))) {
		rmSync(keeper.presence, {force: true});
		rmSync(unnamed(keeper.presence), {force: true});
	}

	ignoring(['ENOENT', 'ENOTEMPTY', 'EEXIST'], () => {
		rmdirSync(parentsDirectory(roots));
	});
};
