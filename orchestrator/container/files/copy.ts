/** Files into and out of a container, as docker cp does it: tar inside, tar here, and the rules in between. */

import {mkdirSync} from 'node:fs';
import {posix} from 'node:path';
import type {Readable, Writable} from 'node:stream';
import {ClocheError} from '../../base/errors.js';
import {ToGnuFormat} from './gnu-format.js';
import {extractHere, type HostTar, packHere} from './host-tar.js';
import {Inside, linesOf, type Said} from './inside.js';
import {insideError, kindHere, kindInside, refuseSpecial, resolveHere, resolveInside} from './look.js';
import {type Copy, decideCopy, type Place, placeOf} from './rules.js';
import {counter, decompressed, feed, need} from './streams.js';

export interface CopyOptions {
	/** Keep owners: else what is copied is root's inside, and the caller's here. */
	archive: boolean;
	/** A source that is a link: copy what it leads to. */
	followLink: boolean;
	/** Hears what was passed over or changed meanwhile, a line each. */
	onWarning: (line: string) => void;
}

/** What tar inside said; where it failed, its first word is why. */
const judge = (said: Said, where: string, onWarning: CopyOptions['onWarning']): void => {
	const lines = linesOf(said);
	if (said.code !== 0) {
		throw new ClocheError('cannot copy', {where, why: lines[0]?.replace(/^tar: /, '') ?? insideError('tar', where, said).why});
	}

	for (const line of lines) {
		onWarning(line);
	}
};

/** The words with which tar inside packs a place: below its own name, or its contents. */
const packWords = ({path}: Place, name: string | undefined, follow: 'directory' | 'other' | undefined): string[] => {
	const words = ['tar', 'c', '-f', '-', ...(follow === 'other' ? ['-h'] : [])];
	// `NAME/.` is what the link leads to, under the link's name.
	return name === undefined ? [...words, '-C', path, '--', '.'] : [...words, '-C', posix.dirname(path), '--', follow === 'directory' ? `${name}/.` : name];
};

/** What the source is, and whether it has to be followed as a link. */
const sourceInside = async (inside: Inside, place: Place, followLink: boolean) => {
	const kind = await kindInside(inside, place, followLink);
	const follow = followLink && kind !== 'missing' ? kind : undefined;
	return {place, kind, follow: kind === 'directory' && place.slash ? 'directory' as const : follow};
};

/** Pack a path of the container to descriptor 1 of this process. */
export const copyToStdout = async (inside: Inside, from: string, {followLink, onWarning}: CopyOptions): Promise<void> => {
	const source = await sourceInside(inside, placeOf(from, '/'), followLink);
	const {place, kind, follow} = source;
	decideCopy(source, {place, kind: 'directory'});
	judge(await Inside.end(inside.launch(packWords(place, place.contents && kind === 'directory' ? undefined : posix.basename(place.path), follow), {stdout: 1})), place.path, onWarning);
};

const endHere = async (tar: HostTar, onWarning: CopyOptions['onWarning']): Promise<void> => {
	for (const line of await tar.ended) {
		onWarning(line);
	}
};

const makeHere = ({directory}: Copy): void => {
	try {
		mkdirSync(directory, 0o700);
	} catch (cause) {
		throw new ClocheError('cannot copy', {where: directory, cause});
	}
};

/** @returns the bytes of the tar stream in between */
export const copyOut = async (inside: Inside, from: string, to: string, cwd: string, {archive, followLink, onWarning}: CopyOptions): Promise<number> => {
	const source = await sourceInside(inside, placeOf(from, '/'), followLink);
	const asked = placeOf(to, cwd);
	const place = {...asked, path: resolveHere(asked.path)};
	const copy = decideCopy(source, {place, kind: kindHere(place, true)});
	const isDirectory = source.kind === 'directory';
	if (copy.name !== undefined) {
		refuseSpecial(posix.join(copy.directory, copy.name));
	}

	if (isDirectory && copy.name !== undefined && kindHere({path: posix.join(copy.directory, copy.name), slash: false}, false) === 'other') {
		throw new ClocheError('cannot copy', {where: posix.join(copy.directory, copy.name), why: 'a directory can\'t be copied over a file'});
	}

	if (copy.make) {
		makeHere(copy);
	}

	// A directory keeps its name; a file gets the one it is to have.
	const launch = inside.launch(packWords(source.place, isDirectory ? copy.name : posix.basename(source.place.path), source.follow), {stdout: 'pipe'});
	const {stdout} = await launch.streams;
	const count = counter();
	const tar = extractHere({directory: copy.directory, rename: isDirectory ? undefined : copy.name, archive, fresh: copy.make});
	await Promise.all([
		feed(need(stdout), [count.stream], need(tar.child.stdin)),
		endHere(tar, onWarning),
		Inside.end(launch).then(said => {
			judge(said, source.place.path, onWarning);
		}),
	].map(async part => part.catch((error: unknown) => {
		launch.signal(9);
		throw error;
	})));
	return count.bytes();
};

/** Where files go inside: links followed there, by the container's own kernel view of them. */
const destinationInside = async (inside: Inside, to: string): Promise<{place: Place; kind: 'missing' | 'directory' | 'other'}> => {
	const asked = placeOf(to, '/');
	const place = {...asked, path: asked.path === '/' ? '/' : await resolveInside(inside, asked.path)};
	const volatileMount = inside.design?.spec.mounts.find(({type, destination}) => type === 'tmpfs' && (place.path === destination || place.path.startsWith(`${destination}/`)));
	if (volatileMount !== undefined) {
		throw new ClocheError('cannot copy', {where: place.path, why: 'it is in memory, and there only while the container runs', remedy: 'start it first'});
	}

	return {place, kind: await kindInside(inside, {path: place.path, slash: false}, false)};
};

/** By numbers: the container's own passwd could say anything. */
const unpackWords = (directory: string): string[] => ['tar', 'x', '--numeric-owner', '-f', '-', '-C', directory];

/**
 * Unpack a stream inside.
 *
 * @param feeding writes it
 * @param tar whose stream it is, if it isn't the caller's
 */
const unpack = async (inside: Inside, directory: string, feeding: (into: Writable) => {fed: Promise<void>; tar?: HostTar}, onWarning: CopyOptions['onWarning']): Promise<void> => {
	const launch = inside.launch(unpackWords(directory), {stdin: 'pipe'});
	const {stdin} = await launch.streams;
	const {fed, tar} = feeding(need(stdin));
	const [feed, here, said] = await Promise.allSettled([fed, tar === undefined ? undefined : endHere(tar, onWarning), Inside.end(launch)]);
	// A stream that broke off is the reason of what tar inside says of it; and that, of a tar here that could write no more.
	if (feed.status === 'rejected') {
		throw feed.reason;
	}

	if (said.status === 'rejected') {
		throw said.reason;
	}

	judge(said.value, directory, onWarning);
	if (here.status === 'rejected') {
		throw here.reason;
	}
};

/** Unpack a tar stream, plain or through gzip, in a directory of the container; its owners are kept. */
export const copyFromStdin = async (inside: Inside, to: string, stdin: Readable, {onWarning}: CopyOptions): Promise<number> => {
	const {place, kind} = await destinationInside(inside, to);
	if (kind !== 'directory') {
		throw new ClocheError('cannot copy', {where: place.path, why: kind === 'missing' ? 'there is no such directory' : 'it is not a directory', remedy: 'a tar stream goes into a directory'});
	}

	const count = counter();
	const stream = await decompressed(stdin);
	await unpack(inside, place.path, into => ({fed: feed(stream, [new ToGnuFormat(), count.stream], into)}), onWarning);
	return count.bytes();
};

/** @returns the bytes of the tar stream in between */
export const copyIn = async (inside: Inside, from: string, to: string, cwd: string, {archive, followLink, onWarning}: CopyOptions): Promise<number> => {
	const asked = placeOf(from, cwd);
	const source = {place: asked, kind: kindHere(asked, followLink)};
	const destination = await destinationInside(inside, to);
	const copy = decideCopy(source, destination);
	const isDirectory = source.kind === 'directory';
	const path = isDirectory && (followLink || asked.slash) || followLink ? resolveHere(asked.path) : asked.path;
	const at = copy.name === undefined ? copy.directory : posix.join(copy.directory, copy.name);
	if (isDirectory && copy.name !== undefined && await kindInside(inside, {path: at, slash: false}, false) === 'other') {
		throw new ClocheError('cannot copy', {where: at, why: 'a directory can\'t be copied over a file'});
	}

	if (isDirectory && (copy.make || (copy.name !== undefined && posix.basename(path) !== copy.name))) {
		await makeInside(inside, at);
	}

	// A directory whose name changes is its contents in one that was made.
	const inPlace = isDirectory && posix.basename(path) !== copy.name;
	const count = counter();
	await unpack(inside, inPlace ? at : copy.directory, into => {
		const tar = packHere({path, name: inPlace ? undefined : copy.name, archive});
		return {fed: feed(need(tar.child.stdout), [count.stream], into), tar};
	}, onWarning);
	return count.bytes();
};

const makeInside = async (inside: Inside, path: string): Promise<void> => {
	const said = await inside.output(['mkdir', '-p', '--', path]);
	if (said.code !== 0) {
		throw insideError('cannot copy', path, said);
	}
};
