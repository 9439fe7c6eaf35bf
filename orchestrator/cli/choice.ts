/** A command's options under the library's names: the table has them in dashes, and its types are checked by the parser. */

import type {CommandValues} from './commands.js';

/** `stop-signal` → `stopSignal`. */
const toCamel = (name: string): string => name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** `stopSignal` → `--stop-signal`, for errors. */
export const labelOf = (option: string): string => `--${option.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}`;

/** Those of every command, which aren't about what it makes. */
const GLOBAL = ['root', 'help'];

/** @param ours what else of the command isn't */
export const choiceOf = (values: CommandValues, ours: readonly string[]): Readonly<Record<string, CommandValues[string]>> =>
	Object.fromEntries(Object.entries(values).filter(([name]) => !GLOBAL.includes(name) && !ours.includes(name)).map(([name, value]) => [toCamel(name), value]));
