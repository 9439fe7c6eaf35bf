/** Help, printed from the same tables that drive parsing. */

import {type CommandTable, groupsOf, type OptionEntry, type OptionGroup} from './options.js';

const LEFT = 32;
const WIDTH = 100;

/** Break text into lines of at most `width` characters at blanks. */
export const wrap = (text: string, width: number): string[] => {
	const lines: string[] = [];
	let line = '';
	for (const word of text.split(' ')) {
		if (line !== '' && line.length + 1 + word.length > width) {
			lines.push(line);
			line = word;
		} else {
			line = line === '' ? word : `${line} ${word}`;
		}
	}

	return [...lines, line];
};

/** Two columns; a left part that is too long has a line of its own. */
export const columns = (left: string, right: string): string => {
	const lines = wrap(right, WIDTH - LEFT);
	const beside = left.length < LEFT - 1;
	const first = beside ? left.padEnd(LEFT) + (lines.shift() ?? '') : left;
	return [first, ...lines.map(line => ' '.repeat(LEFT) + line)].join('\n');
};

const printOption = ({name, short, type, value = 'VALUE', multiple, doc, default: fallback}: OptionEntry): string => {
	const left = `  ${short === undefined ? '   ' : `-${short},`} --${name}${type === 'string' ? ` ${value}` : ''}`;
	const notes = [...(multiple === true ? ['repeatable'] : []), ...(fallback === undefined ? [] : [`default: ${fallback}`])];
	return columns(left, notes.length === 0 ? doc : `${doc} (${notes.join('; ')})`);
};

const printGroup = ({title, options}: OptionGroup): string =>
	[`${title}:`, ...options.map(option => printOption(option))].join('\n');

/** The help of one command. */
export const commandHelp = (table: CommandTable): string => {
	const {name, operands, summary, description = [], examples = []} = table;
	const usage = [`Usage: cloche ${name} [OPTION…]${operands === '' ? '' : ` ${operands}`}`];
	return [
		...usage,
		'',
		...wrap(summary, WIDTH),
		...description.flatMap(paragraph => ['', ...wrap(paragraph, WIDTH)]),
		...groupsOf(table).flatMap(group => ['', printGroup(group)]),
		...(examples.length === 0 ? [] : ['', 'Examples:', ...examples.flatMap(([words, what]) => [`  ${words}`, ...wrap(what, WIDTH - 6).map(line => `      ${line}`)])]),
		'',
	].join('\n');
};
