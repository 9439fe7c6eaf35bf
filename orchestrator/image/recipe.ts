/**
 * Base layers built on this machine from one static binary: `layers/` has the recipes as data, this builds them.
 *
 * A built layer is the same bytes, modes and times whoever builds it and whenever: modes are set whatever the umask says,
 * and every time is the epoch. Only the owner differs: it is who built it, since a layer must belong to the user
 * that mounts it (overlayfs can't copy up what belongs to an id that isn't mapped).
 */

import {constants} from 'node:fs';
import {chmod, copyFile, lutimes, mkdir, open, readdir, rename, rm, symlink, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {execa} from 'execa';
import {ClocheError, isErrno} from '../base/errors.js';
import {newId} from '../base/id.js';
import {formatIdentity, identify, isAlive, parseIdentity} from '../base/process.js';

/** A base layer as data. Paths are relative to its root. */
export interface Recipe {
	readonly name: string;
	/** Counted up with every change, so that a layer built from an older recipe isn't taken for this one. */
	readonly revision: number;
	readonly binary: {
		/** Where it may stand on the machine; the first that exists is taken. */
		readonly sources: readonly string[];
		readonly target: string;
		/** The Debian package that has it: named when it's missing. */
		readonly debianPackage: string;
		/** What makes it print the paths of its applets, one a line; each becomes a link to it. */
		readonly listApplets: readonly string[];
	};
	readonly directories: Readonly<Record<string, number>>;
	readonly files: Readonly<Record<string, string>>;
}

/**
 * Build a layer as `directory/name`: aside, then moved in, so that nobody sees half of it. One that is there stays: it
 * may be mounted. So several can build it at once, and all get the winner's.
 *
 * @returns the layer's path
 * @throws ClocheError where the binary is missing or needs shared libraries
 */
export async function buildLayer(recipe: Recipe, directory: string, name = recipe.name): Promise<string> {
	const source = await findBinary(recipe);
	await mkdir(directory, {recursive: true});
	const layer = path.join(directory, name);
	const aside = await makeAside(directory);
	try {
		const root = path.join(aside, 'new');
		await fillLayer(recipe, source, root);
		await rename(root, layer);
		return layer;
	} catch (error) {
		// rename(2): onto a directory that isn't empty it gives one or the other.
		if (isErrno(error, 'ENOTEMPTY') || isErrno(error, 'EEXIST')) {
			return layer;
		}

		throw error;
	} finally {
		await rm(aside, {recursive: true, force: true});
	}
}

/** A directory to build in, named by this process: what a killed one left is removed by the next that builds. */
async function makeAside(directory: string): Promise<string> {
	for (const name of await readdir(directory)) {
		const owner = /^\.building-(?<owner>.+)\.[a-z\d]+$/.exec(name)?.groups?.['owner'];
		const identity = owner === undefined ? undefined : parseIdentity(owner);
		if (identity !== undefined && !isAlive(identity)) {
			await rm(path.join(directory, name), {recursive: true, force: true});
		}
	}

	const self = identify(process.pid);
	const aside = path.join(directory, `.building-${self === undefined ? '' : formatIdentity(self)}.${newId()}`);
	await mkdir(aside);
	return aside;
}

async function findBinary({binary, name}: Recipe): Promise<string> {
	for (const source of binary.sources) {
		try {
			if (await isStatic(source)) {
				return source;
			}
		} catch (error) {
			if (!isErrno(error, 'ENOENT')) {
				throw error;
			}
		}
	}

	throw new ClocheError(`can't build the layer ${name}`, {
		why: `no statically linked ${binary.sources.join(' or ')} on this machine`,
		remedy: `install ${binary.debianPackage}`,
	});
}

/** Whether an ELF executable names no interpreter (elf(5): PT_INTERP is 3): one that does can't run alone in a layer. */
async function isStatic(file: string): Promise<boolean> {
	const head = await readHead(file, 4096);
	if (head.length < 64 || head.toString('latin1', 0, 4) !== '\u007FELF' || head[4] !== 2 || head[5] !== 1) {
		return false;
	}

	const start = Number(head.readBigUInt64LE(32));
	const size = head.readUInt16LE(54);
	const count = head.readUInt16LE(56);
	for (let at = start; at < start + size * count && at + 4 <= head.length; at += size) {
		if (head.readUInt32LE(at) === 3) {
			return false;
		}
	}

	return true;
}

async function readHead(file: string, bytes: number): Promise<Buffer> {
	const handle = await open(file);
	try {
		const {buffer, bytesRead} = await handle.read(Buffer.alloc(bytes), 0, bytes, 0);
		return buffer.subarray(0, bytesRead);
	} finally {
		await handle.close();
	}
}

async function fillLayer({binary, directories, files}: Recipe, source: string, root: string): Promise<void> {
	await makeDirectory(root, 0o755);
	for (const [directory, mode] of Object.entries(directories)) {
		await makeDirectory(path.join(root, directory), mode);
	}

	for (const [file, text] of Object.entries(files)) {
		await writeFile(path.join(root, file), text);
		await chmod(path.join(root, file), 0o644);
	}

	await copyFile(source, path.join(root, binary.target), constants.COPYFILE_FICLONE);
	await chmod(path.join(root, binary.target), 0o755);
	for (const applet of await listApplets(source, binary.listApplets)) {
		if (applet !== binary.target) {
			await symlink(path.relative(path.dirname(applet), binary.target), path.join(root, applet));
		}
	}

	await resetTimes(root);
}

async function makeDirectory(directory: string, mode: number): Promise<void> {
	await mkdir(directory, {recursive: true});
	await chmod(directory, mode);
}

async function listApplets(source: string, args: readonly string[]): Promise<string[]> {
	const {stdout} = await execa(source, args);
	return stdout.split('\n').filter(line => line !== '' && !line.split('/').includes('..'));
}

async function resetTimes(directory: string): Promise<void> {
	for (const entry of await readdir(directory, {withFileTypes: true})) {
		const file = path.join(directory, entry.name);
		await (entry.isDirectory() ? resetTimes(file) : lutimes(file, 0, 0));
	}

	await lutimes(directory, 0, 0);
}
