/** What the running kernel can mount, without trying. */

import {existsSync, readFileSync, statfsSync} from 'node:fs';
import {release} from 'node:os';
import {dirname} from 'node:path';
import {isErrno} from '../base/errors.js';

let listed: ReadonlySet<string> | undefined;

/** The types of a text like /proc/filesystems: `nodev`, a tab, the type. */
export const parseFilesystems = (text: string): ReadonlySet<string> =>
	new Set(text.split('\n').map(line => line.split('\t').at(-1) ?? '').filter(type => type !== ''));

const filesystems = (): ReadonlySet<string> => listed ??= parseFilesystems(readFileSync('/proc/filesystems', 'latin1'));

/** Asked at every start; the answers don't change. */
const known = new Map<string, boolean>();

/**
 * Whether the kernel has a file system type, or has it as a module that isn't loaded yet: mounting loads `fs-TYPE` by itself,
 * whoever mounts (get_fs_type() in the kernel's fs/filesystems.c). The list is read once.
 *
 * @param directory the module's directory below kernel/fs, where it isn't the type's name
 */
export const hasFilesystem = (type: string, directory = type): boolean => {
	let has = known.get(type);
	if (has === undefined) {
		has = filesystems().has(type) || existsSync(`/lib/modules/${release()}/kernel/fs/${directory}`);
		known.set(type, has);
	}

	return has;
};

/** What can't hold an upper directory, by statfs(2)'s magic: overlayfs refuses file systems whose names it can't rely on. */
const UNFIT: Readonly<Record<number, string>> = {
	0x79_4C_76_30: 'overlayfs',
	0x61_75_66_73: 'aufs',
	0x69_69: 'NFS',
	0x01_02_19_97: '9p',
	0x65_73_55_46: 'FUSE',
	0x4D_44: 'FAT',
};

const magics = new Map<string, number>();

/**
 * The name of the file system that `path` lies on, or will lie on once it is made, where no union can write to it;
 * `undefined` where it can. Asked for once.
 */
export const unfitFilesystem = (path: string): string | undefined => {
	const magic = magics.get(path) ?? readMagic(path);
	magics.set(path, magic);
	return UNFIT[magic];
};

const readMagic = (path: string): number => {
	try {
		return statfsSync(path).type;
	} catch (error) {
		if (!isErrno(error, 'ENOENT')) {
			throw error;
		}

		return readMagic(dirname(path));
	}
};
