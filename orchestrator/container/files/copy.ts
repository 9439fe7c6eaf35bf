/** Files into and out of a container, as docker cp does it: tar inside, tar here, and the rules in between. */

import {mkdirSync} from 'node:fs';
import {posix} from 'node:path';
import {PassThrough, type Readable, Transform, type Writable} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import {createGunzip} from 'node:zlib';
import {ClocheError, isErrno} from '../../base/errors.js';
import type {Launch} from '../../helper/launch.js';
import {ToGnuFormat} from './gnu-format.js';
import {extractHere, type HostTar, packHere} from './host-tar.js';
import {Inside, type Said} from './inside.js';
import {insideError, kindHere, kindInside, resolveHere, resolveInside} from './look.js';
import {type Copy, decideCopy, type Place, placeOf} from './rules.js';

export interface CopyOptions {
	/** Keep owners: else what is copied is root's inside, and the caller's here. */
	archive: boolean;
	/** A source that is a link: copy what it leads to. */
	followLink: boolean;
	/** Hears what was passed over or changed meanwhile, a line each. */
	onWarning: (line: string) => void;
}

const ignore = (): undefined => undefined;

/** Counts what goes through. */
const counter = (): {stream: Transform; bytes: () => number} => {
	let bytes = 0;
	const stream = new Transform({
		transform(chunk: Buffer, _encoding, done) {
			bytes += chunk.length;
			done(null, chunk);
		},
	});
	return {stream, bytes: () => bytes};
};

/** Feed one end from the other; that a reader stopped early is told by the reader. */
const feed = async (from: Readable, through: readonly Transform[], to: Writable): Promise<void> => {
	try {
		await pipeline([from, ...through, to]);
	} catch (error) {
		if (!isErrno(error, 'EPIPE') && !isErrno(error, 'ECONNRESET') && !isErrno(error, 'ERR_STREAM_PREMATURE_CLOSE')) {
			throw error;
		}
	}
};

const linesOf = ({stderr}: Said): string[] => stderr.split('\n').filter(line => line !== '');

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

const need = <Stream>(stream: Stream | null | undefined): Stream => {
	if (stream === null || stream === undefined) {
		throw new ClocheError('a pipe is missing');
	}

	return stream;
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

const unpackWords = (directory: string): string[] => ['tar', 'x', '-f', '-', '-C', directory];

/** Unpack a stream inside. */
const unpack = async (inside: Inside, directory: string, write: (launch: Launch, stdin: Writable) => Array<Promise<unknown>>, onWarning: CopyOptions['onWarning']): Promise<void> => {
	const launch = inside.launch(unpackWords(directory), {stdin: 'pipe'});
	const {stdin} = await launch.streams;
	// What it says of a stream that broke off is less than what broke it off.
	const writing = Promise.all(write(launch, need(stdin)));
	writing.catch(() => {
		launch.signal(9);
	});
	const said = await Inside.end(launch);
	if (said.code !== 0 && said.signal === undefined) {
		writing.catch(ignore);
		judge(said, directory, onWarning);
	}

	await writing;
	judge(said, directory, onWarning);
};

const GZIP = Buffer.from([0x1F, 0x8B]);
const OTHERS: ReadonlyArray<readonly [start: string, program: string]> = [['BZh', 'bzip2'], ['\u00FD7zXZ', 'xz'], ['(\u00B5/\u00FD', 'zstd']];

/** The first bytes tell how it is packed. */
const decompressed = async (stream: Readable): Promise<Readable> => {
	const first = await new Promise<Buffer>((resolve, reject) => {
		stream.once('error', reject).once('end', () => {
			resolve(Buffer.alloc(0));
		}).once('readable', () => {
			resolve((stream.read() as Buffer | null) ?? Buffer.alloc(0));
		});
	});
	const other = OTHERS.find(([start]) => first.toString('latin1', 0, start.length) === start);
	if (other !== undefined) {
		throw new ClocheError('cannot read the tar stream', {why: `it is packed by ${other[1]}`, remedy: `unpack it on the way: ${other[1]} -dc | cloche cp - …`});
	}

	const whole = new PassThrough();
	if (first.length > 0) {
		stream.unshift(first);
	}

	stream.on('error', error => {
		whole.destroy(error);
	}).pipe(whole);
	return first.subarray(0, 2).equals(GZIP) ? whole.pipe(createGunzip()) : whole;
};

/** Unpack a tar stream, plain or through gzip, in a directory of the container; its owners are kept. */
export const copyFromStdin = async (inside: Inside, to: string, stdin: Readable, {onWarning}: CopyOptions): Promise<number> => {
	const {place, kind} = await destinationInside(inside, to);
	if (kind !== 'directory') {
		throw new ClocheError('cannot copy', {where: place.path, why: kind === 'missing' ? 'there is no such directory' : 'it is not a directory', remedy: 'a tar stream goes into a directory'});
	}

	const count = counter();
	const stream = await decompressed(stdin);
	await unpack(inside, place.path, (_launch, into) => [feed(stream, [new ToGnuFormat(), count.stream], into)], onWarning);
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
	await unpack(inside, inPlace ? at : copy.directory, (_launch, into) => {
		const tar = packHere({path, name: inPlace ? undefined : copy.name, archive});
		return [feed(need(tar.child.stdout), [count.stream], into), endHere(tar, onWarning)];
	}, onWarning);
	return count.bytes();
};

const makeInside = async (inside: Inside, path: string): Promise<void> => {
	const said = await inside.output(['mkdir', '-p', '--', path]);
	if (said.code !== 0) {
		throw insideError('cannot copy', path, said);
	}
};
