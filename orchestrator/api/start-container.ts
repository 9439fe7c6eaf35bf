/** From the library's arguments to a container that outlives this process. */

import {startDetached} from '../container/detached.js';
import {uptime} from '../container/facts.js';
import {normalizeOptions} from '../container/normalize.js';
import {refuseUnknown, RUN_OPTION_NAMES} from '../container/options/option-names.js';
import type {RunOptions} from '../container/options/run-options.js';
import {type Design, designContainer} from '../container/prepare.js';
import type {StateRoots} from '../container/store/roots.js';
import {Container} from './container.js';
import {withLastingSupervisor} from './lasting.js';
import type {ImageSource} from './options.js';

/** The options of `cloche run --detach`. */
export type DetachOptions = Omit<RunOptions, 'rootfs' | 'detach'>;

const KNOWN = RUN_OPTION_NAMES.filter(name => name !== 'rootfs' && name !== 'detach');

const design = async (roots: StateRoots, source: ImageSource, command: readonly string[], options: DetachOptions): Promise<Design> => {
	refuseUnknown(options, KNOWN);
	const image = typeof source === 'string' ? source : undefined;
	const run: RunOptions = {...options, detach: true, ...(typeof source === 'string' ? {} : source)};
	return designContainer(normalizeOptions(image, command, run, {label: String, cwd: process.cwd(), env: process.env, uptime: uptime()}), roots);
};

/** @throws ClocheError where an option is refused, or it can't be started; nothing is left then */
export const startContainer = async (roots: StateRoots, source: ImageSource, command: readonly string[], options: DetachOptions): Promise<Container> => {
	const designed = await design(roots, source, command, options);
	const {id} = await withLastingSupervisor(supervisor => startDetached(designed, {roots, supervisor}));
	return new Container(roots, id);
};
