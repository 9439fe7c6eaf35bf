/** docker cp's rules: what becomes of a source, given what is at the destination. Pure; one set for both directions. */

import {posix} from 'node:path';
import {ClocheError} from '../../base/errors.js';

/** A path as it was given, on either side. */
export interface Place {
	/** Absolute, without `.`, `..` and a slash at its end. */
	path: string;
	/** It ended in `/` or `/.`: it has to be a directory. */
	slash: boolean;
	/** It ended in `/.`: what is in it is meant, not it. */
	contents: boolean;
}

/** What is there; a link counts as what it is, or as what it leads to, as whoever looks decides. */
export type Kind = 'missing' | 'directory' | 'other';

/** What is to be done. */
export interface Copy {
	/** Where it goes: a directory. */
	directory: string;
	/** It has to be made first. */
	make: boolean;
	/** What the source is called there; `undefined` where its contents go into `directory`. */
	name: string | undefined;
}

/**
 * @param base what relative paths start from
 * @throws ClocheError where it is empty
 */
export const placeOf = (text: string, base: string): Place => {
	if (text === '') {
		throw new ClocheError('cp', {why: 'an empty path', remedy: 'name a file or a directory'});
	}

	const contents = text === '.' || text.endsWith('/.');
	const path = posix.resolve(base, text);
	// There is no name that / could have elsewhere.
	return {path, contents: contents || path === '/', slash: contents || text.endsWith('/')};
};

/** `CONTAINER:PATH`; `undefined` for a path of this machine, which has a slash or a dot first where a colon is in it. */
export const splitOperand = (word: string): {container: string; path: string} | undefined => {
	const colon = word.indexOf(':');
	return word === '-' || colon < 1 || word.startsWith('.') || word.slice(0, colon).includes('/') ? undefined
		: {container: word.slice(0, colon), path: word.slice(colon + 1)};
};

const refusal = (where: string, why: string, remedy?: string): ClocheError => new ClocheError('cannot copy', {where, why, remedy});

const copyFile = (source: Place, destination: Place, kind: Kind): Copy => {
	if (kind === 'directory') {
		return {directory: destination.path, make: false, name: posix.basename(source.path)};
	}

	if (destination.slash) {
		throw kind === 'missing' ? refusal(destination.path, 'there is no such directory', 'make it first')
			: refusal(destination.path, 'it is not a directory');
	}

	return {directory: posix.dirname(destination.path), make: false, name: posix.basename(destination.path)};
};

const copyDirectory = (source: Place, destination: Place, kind: Kind): Copy => {
	if (kind === 'other') {
		throw refusal(destination.path, 'a directory can\'t be copied over a file');
	}

	return kind === 'missing' ? {directory: destination.path, make: true, name: undefined}
		: {directory: destination.path, make: false, name: source.contents ? undefined : posix.basename(source.path)};
};

/**
 * @param source what it is, links as such unless they are to be followed
 * @param destination what it is, links followed
 * @throws ClocheError where docker cp gives an error, too
 */
export const decideCopy = (source: {place: Place; kind: Kind}, destination: {place: Place; kind: Kind}): Copy => {
	if (source.kind === 'missing') {
		throw refusal(source.place.path, 'there is nothing of that name');
	}

	if (source.kind === 'other' && source.place.slash) {
		throw refusal(source.place.path, 'it is not a directory');
	}

	return (source.kind === 'directory' ? copyDirectory : copyFile)(source.place, destination.place, destination.kind);
};
