/** The command as it is installed: a copy of dist/ where everybody can reach it, wherever this clone lies. */

import {cpSync, existsSync, mkdirSync} from 'node:fs';
import {join, resolve} from 'node:path';
import {base} from './who.js';

/** The repository. */
export const repository = resolve(import.meta.dirname, '../../..');

const installed = join(base, 'installed');
if (!existsSync(join(repository, 'dist/cloche.cjs'))) {
	throw new Error('dist/cloche.cjs is missing: run make dist');
}

mkdirSync(installed, {mode: 0o755});
cpSync(join(repository, 'dist'), installed, {recursive: true});
cpSync(join(repository, 'build/layers/busybox'), join(installed, 'layers/busybox'), {recursive: true, verbatimSymlinks: true});
for (const name of ['probe', 'server', 'terminal']) {
	cpSync(join(repository, 'build', name), join(installed, name));
}

/** The command. */
export const command = join(installed, 'cloche.cjs');
/** What tests run in containers: `build/probe`. */
export const probe = join(installed, 'probe');
/** Servers for tests of networks: `build/server`. */
export const server = join(installed, 'server');
/** What gives a command a terminal: `build/terminal`. */
export const terminal = join(installed, 'terminal');
/** The directory of a busybox root; root's. */
export const busybox = join(installed, 'layers/busybox');
