/** From the words of `run` and `create` to a spec. */

import {uptime} from '../container/facts.js';
import {normalizeOptions} from '../container/normalize.js';
import type {RunOptions} from '../container/options/run-options.js';
import type {ContainerSpec} from '../container/spec.js';
import {choiceOf, labelOf} from './choice.js';
import type {CommandValues} from './commands.js';

/** Those of the table that aren't about the container. */
const OURS = ['explain', 'trace', 'cidfile'];

/** @throws ClocheError where an option is refused */
export const readSpec = (operands: readonly string[], values: CommandValues, changes: RunOptions = {}): ContainerSpec => {
	const options: RunOptions = {...choiceOf(values, OURS), ...changes};
	const rest = options.rootfs === undefined ? operands.slice(1) : operands;
	return normalizeOptions(options.rootfs === undefined ? operands[0] : undefined, rest, options, {
		label: labelOf,
		cwd: process.cwd(),
		env: process.env,
		uptime: uptime(),
	});
};
