/** From argv to an exit status. */

import {ClocheError, describeError, exitCodeOf} from '../base/errors.js';
import {nearest} from '../container/options/suggest.js';
import {type Command, commands, type GlobalValues} from './commands.js';
import {globalOptions, groupsOf, type OptionGroup} from './options.js';
import {print, printAside, warn} from './output.js';
import {type ParsedWords, parseWords} from './parse.js';

const versionOption: OptionGroup = {title: 'Version', options: [{name: 'version', type: 'boolean', doc: 'print the version'}]};

const readGlobals = (...sets: ReadonlyArray<Readonly<Record<string, unknown>>>): GlobalValues => {
	const given = sets.map(values => values['root']).findLast(value => typeof value === 'string');
	return {root: given};
};

const loadCommand = async (name: string): Promise<Command> => {
	if (!Object.hasOwn(commands, name)) {
		const near = nearest(name, Object.keys(commands));
		throw new ClocheError(`unknown command '${name}'`, {remedy: near === undefined ? 'cloche --help lists them all' : `did you mean ${near}? (cloche --help lists them all)`});
	}

	const entry = commands[name];
	if (entry === undefined) {
		throw new ClocheError(`unknown command '${name}'`);
	}

	return entry.load();
};

const runCommand = async (name: string, words: readonly string[], before: Readonly<Record<string, unknown>>): Promise<number> => {
	const command = await loadCommand(name);
	const {values, operands} = parseWords(words, groupsOf(command.table), `cloche ${name}`, command.table.interspersed);
	if (values['help'] === true) {
		const {commandHelp} = await import('./help.js');
		print(commandHelp(command.table));
		return 0;
	}

	return command.main(operands, values, readGlobals(before, values));
};

/** Options before the command's name; mostly there are none, and then nothing is parsed twice. */
const parseFirst = (words: readonly string[]): ParsedWords =>
	words[0]?.startsWith('-') === false ? {values: {}, operands: [...words]} : parseWords(words, [globalOptions, versionOption], 'cloche');

const dispatch = async (words: readonly string[]): Promise<number> => {
	const {values, operands: [name, ...rest]} = parseFirst(words);
	if (values['version'] === true) {
		const {version} = await import('./version.js');
		print(`cloche ${version}\n`);
		return 0;
	}

	if (values['help'] === true || name === 'help' || name === undefined) {
		const {mainHelp} = await import('./main-help.js');
		const asked = name !== undefined || values['help'] === true;
		(asked ? print : printAside)(mainHelp());
		return asked ? 0 : 125;
	}

	return runCommand(name, rest, values);
};

/**
 * @param words argv after the program's name
 * @returns the exit status; errors are printed
 */
export const main = async (words: readonly string[]): Promise<number> => {
	try {
		return await dispatch(words);
	} catch (error) {
		warn(describeError(error));
		return exitCodeOf(error);
	}
};
