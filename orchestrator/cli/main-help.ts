/** `cloche --help`. */

import {commands} from './commands.js';
import {columns} from './help.js';
import {globalOptions} from './options.js';

export const mainHelp = (): string => [
	'Usage: cloche [--root DIR] COMMAND …',
	'',
	'Containers for CI sandboxes and integration tests, without a daemon.',
	'',
	'Commands:',
	...Object.entries(commands).map(([name, {summary}]) => columns(`  ${name}`, summary)),
	'',
	'Options:',
	...globalOptions.options.map(({name, short, value, doc, default: fallback}) =>
		columns(`  ${short === undefined ? '   ' : `-${short},`} --${name}${value === undefined ? '' : ` ${value}`}`, fallback === undefined ? doc : `${doc} (default: ${fallback})`)),
	columns('      --version', 'print the version'),
	'',
	'cloche COMMAND --help tells more about one.',
	'',
].join('\n');
