/** Networks of the bench's own: below its own state root, and gone with the scope. */

import {execFile} from 'node:child_process';
import {mkdir, symlink} from 'node:fs/promises';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import type {Scope} from '../../orchestrator/base/scope.js';
import {type Cloche, openCloche} from '../library.js';
import {tryCommand} from '../spawn.js';
import type {Workshop} from '../workshop.js';

const run = promisify(execFile);

const COMMAND = fileURLToPath(new URL('../dist/cloche.cjs', import.meta.url));

export interface Network {
	name: string;
	/** Where its leases and names are. */
	directory: string;
	bridge: string;
	/** The machine's own address on it. */
	gateway: string;
	/** Bits of it that all addresses have in common. */
	prefix: number;
}

export interface Ground {
	/** A door to the bench's own state root. */
	door: Cloche;
	root: string;
	/** Make a network. Without a subnet it gets a /24 that is free. */
	make: (name: string, subnet?: string) => Promise<Network>;
}

interface View {
	bridge: string;
	ipam: {config: {subnet: string; gateway: string}[]};
}

/** An address on a network that nobody is given before two hundred others were. */
export const addressOn = ({gateway}: Network, last: number): string => gateway.replace(/\d+$/, String(last));

export const openGround = async ({disk, run: notes}: Workshop, scope: Scope): Promise<Ground> => {
	const root = path.join(disk, 'networks');
	const state = path.join(notes, 'networks');
	await mkdir(root, {mode: 0o711});
	await mkdir(state, {mode: 0o700});
	// What is there while a container runs lies where /run is, as it does without --root.
	await symlink(state, path.join(root, 'run'));
	const command = async (...words: string[]): Promise<string> => (await run(COMMAND, ['--root', root, ...words])).stdout;
	const door = await openCloche({root});
	const made: string[] = [];
	scope.defer(async () => {
		await door.close();
		if (made.length > 0) {
			await command('network', 'rm', ...made);
		}
	});
	return {
		door, root,
		async make(name, subnet) {
			await tryCommand([COMMAND, '--root', root, 'network', 'create', ...(subnet === undefined ? [] : ['--subnet', subnet]), name]);
			made.push(name);
			const [view] = JSON.parse(await command('network', 'inspect', name)) as [View];
			const [config] = view.ipam.config;
			return {
				name, bridge: view.bridge, directory: path.join(root, 'networks', name),
				gateway: config?.gateway ?? '', prefix: Number(config?.subnet.split('/')[1]),
			};
		},
	};
};
