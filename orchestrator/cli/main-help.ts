/** `cloche --help`, and the help of a word that has commands under it. */

import {commands, type Commands} from './commands.js';
import {columns} from './help.js';
import {globalOptions} from './options.js';

const optionLines = (): string[] => globalOptions.options.map(({name, short, value, doc, default: fallback}) =>
	columns(`  ${short === undefined ? '   ' : `-${short},`} --${name}${value === undefined ? '' : ` ${value}`}`, fallback === undefined ? doc : `${doc} (default: ${fallback})`));

const commandLines = (entries: Readonly<Record<string, {summary: string}>>): string[] => Object.entries(entries).map(([name, {summary}]) => columns(`  ${name}`, summary));

/** @param summary as it stands in the main help */
export const groupHelp = (group: string, summary: string, entries: Commands): string => [
	`Usage: cloche ${group} COMMAND …`,
	'',
	`${summary.slice(0, 1).toUpperCase()}${summary.slice(1)}.`,
	'',
	'Commands:',
	...commandLines(entries),
	'',
	'Options:',
	...optionLines(),
	'',
	`cloche ${group} COMMAND --help tells more about one.`,
	'',
].join('\n');

export const mainHelp = (): string => [
	'Usage: cloche [--root DIR] COMMAND …',
	'',
	'Containers for CI sandboxes and integration tests, without a daemon.',
	'',
	'Commands:',
	...commandLines(commands),
	'',
	'Options:',
	...optionLines(),
	columns('      --version', 'print the version'),
	'',
	'cloche COMMAND --help tells more about one.',
	'',
].join('\n');
