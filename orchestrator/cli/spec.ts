/** From the words of `run` and `create` to a spec. */

import {uptime} from '../container/facts.js';
import {normalizeOptions} from '../container/normalize.js';
import type {RunOptions} from '../container/options/run-options.js';
import type {ContainerSpec} from '../container/spec.js';
import type {CommandValues} from './commands.js';

/** `stop-signal` → `stopSignal`, as the library calls it. */
export const toCamel = (name: string): string => name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());

export const toDashes = (name: string): string => name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`);

/** Those of the table that aren't about the container. */
const OURS = new Set(['explain', 'trace', 'root', 'help', 'cidfile']);

/** The table's names are the library's in dashes, and its types are checked by the parser: text, lists of text, true and false. */
const optionsOf = (values: CommandValues): RunOptions =>
	Object.fromEntries(Object.entries(values).filter(([name]) => !OURS.has(name)).map(([name, value]) => [toCamel(name), value]));

/** @throws ClocheError where an option is refused */
export const readSpec = (operands: readonly string[], values: CommandValues, changes: RunOptions = {}): ContainerSpec => {
	const options = {...optionsOf(values), ...changes};
	const rest = options.rootfs === undefined ? operands.slice(1) : operands;
	return normalizeOptions(options.rootfs === undefined ? operands[0] : undefined, rest, options, {
		label: option => `--${toDashes(option)}`,
		cwd: process.cwd(),
		env: process.env,
		uptime: uptime(),
	});
};
