/** The mounts that were asked for. Their places are the image's business: links in them are followed, inside the root. */

import {realpathSync, statSync} from 'node:fs';
import {ClocheError, isErrno} from '../../base/errors.js';
import type {CreateOp, MountAttribute} from '../../helper/plan.js';
import type {SpecMount} from '../options/mounts.js';

const ATTRIBUTES: Readonly<Record<string, MountAttribute>> = {ro: 'rdonly', nosuid: 'nosuid', nodev: 'nodev', noexec: 'noexec'};

const depth = (path: string): number => path.split('/').length;

const attributesOf = ({options}: SpecMount): MountAttribute[] => options.flatMap(option => ATTRIBUTES[option] ?? []);

/** @param directory whether a bind's source is one, so that its place can be made where it's missing */
const planVolume = (mount: SpecMount, directory: (path: string) => boolean): CreateOp => {
	const {type, source = '', destination, recursive = true} = mount;
	const attributes = attributesOf(mount);
	if (type === 'tmpfs') {
		const options = mount.options.filter(option => !(option in ATTRIBUTES));
		return {op: 'mount', type, target: destination, options, attributes, create: 'directory', why: 'a volume in memory'};
	}

	return {op: 'bind', source, target: destination, attributes, recursive, create: directory(source) ? 'directory' : 'file', why: 'a volume'};
};

/** Parents before what is below them, as docker run orders them; else in the order they were given. */
export const planVolumes = (mounts: readonly SpecMount[], directory: (path: string) => boolean): CreateOp[] =>
	mounts.toSorted((a, b) => depth(a.destination) - depth(b.destination)).map(mount => planVolume(mount, directory));

const looked = <Found>(path: string, look: (path: string) => Found): Found => {
	try {
		return look(path);
	} catch (cause) {
		throw new ClocheError('volume', {where: path, cause, ...(isErrno(cause, 'ENOENT') ? {remedy: 'make it first: a volume\'s source is never made for you'} : {})});
	}
};

/** Whether `path`, a volume's source, is a directory on this machine; it has to be there. */
export const isSourceDirectory = (path: string): boolean => looked(path, source => statSync(source).isDirectory());

/**
 * Sources without `..` and links, which may hold one: volumes are mounted when the container's root covers `/`, and a `..`
 * that arrives at `/` goes on in what covers it (follow_dotdot in fs/namei.c): /tmp/../etc would be the container's.
 */
export const realSources = (mounts: readonly SpecMount[]): SpecMount[] =>
	mounts.map(mount => mount.source === undefined ? mount : {...mount, source: looked(mount.source, source => realpathSync(source))});
