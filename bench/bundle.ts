/** A bundle of the OCI runtime specification: what crun and runc run. */

import {mkdir, readFile, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {tryCommand} from './spawn.js';
import type {Workshop} from './workshop.js';

/** Those parts of config.json that are changed here. */
interface Config {
	process: {terminal: boolean; args: string[]};
	root: {path: string; readonly: boolean};
	mounts: {type: string}[];
	linux: {namespaces: {type: string}[]; resources?: unknown};
}

/**
 * The runtime's own default, with `command` (`true`, unless it is another one, in a bundle of that name) and a cgroup namespace, as ours has one.
 *
 * @param cgroups leave in what needs a cgroup; without, the runtime has less to do
 * @returns the bundle's directory
 */
export const makeBundle = async (runtime: string, cgroups: boolean, {disk, rootfs}: Workshop, name = runtime, command: string[] = ['true']): Promise<string> => {
	const directory = path.join(disk, name);
	await mkdir(directory);
	await tryCommand([runtime, 'spec', ...(process.geteuid?.() === 0 ? [] : ['--rootless'])], directory);
	const file = path.join(directory, 'config.json');
	const config = JSON.parse(await readFile(file, 'utf8')) as Config;
	config.process.terminal = false;
	config.process.args = command;
	config.root = {path: rootfs, readonly: false};
	if (!cgroups) {
		config.mounts = config.mounts.filter(({type}) => type !== 'cgroup');
		config.linux.namespaces.push({type: 'cgroup'});
		delete config.linux.resources;
	}

	await writeFile(file, JSON.stringify(config));
	return directory;
};
