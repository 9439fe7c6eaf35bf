/** podman and docker want an image: the same busybox, imported for the bench and removed after it. */

import {execFile} from 'node:child_process';
import path from 'node:path';
import {promisify} from 'node:util';
import {tryCommand} from './spawn.js';
import {untilUnnamed, type Workshop} from './workshop.js';

const run = promisify(execFile);

export const IMAGE = 'localhost/cloche-bench';

/** @param engine the command's first words */
export const importImage = async (engine: readonly string[], {disk, rootfs, scope}: Workshop): Promise<void> => {
	const archive = path.join(disk, 'rootfs.tar');
	await run('tar', ['-C', rootfs, '-cf', archive, '.']);
	await tryCommand([...engine, 'import', archive, IMAGE]);
	scope.defer(async () => {
		await untilUnnamed(disk);
		await tryCommand([...engine, 'image', 'rm', '--force', IMAGE]);
	});
};
