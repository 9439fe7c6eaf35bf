/** From argv to an exit status. */

import {ClocheError, describeError, exitCodeOf} from '../base/errors.js';
import {nearest} from '../container/options/suggest.js';
import {type Command, type CommandGroup, commands, type GlobalValues} from './commands.js';
import {globalOptions, groupsOf, type OptionGroup} from './options.js';
import {print, printAside, warn} from './output.js';
import {type ParsedWords, parseWords} from './parse.js';

const versionOption: OptionGroup = {title: 'Version', options: [{name: 'version', type: 'boolean', doc: 'print the version'}]};

const readGlobals = (...sets: ReadonlyArray<Readonly<Record<string, unknown>>>): GlobalValues => {
	const given = sets.map(values => values['root']).findLast(value => typeof value === 'string');
	return {root: given};
};

/** @param prefix what comes before the name, with a blank: `cloche ` */
const entryOf = <T>(name: string, entries: Readonly<Record<string, T>>, prefix: string): T => {
	const entry = Object.hasOwn(entries, name) ? entries[name] : undefined;
	if (entry === undefined) {
		const near = nearest(name, Object.keys(entries));
		throw new ClocheError(`unknown command '${prefix}${name}'`, {remedy: near === undefined ? `cloche ${prefix}--help lists them all` : `did you mean ${near}? (cloche ${prefix}--help lists them all)`});
	}

	return entry;
};

const runCommand = async (name: string, command: Command, words: readonly string[], before: Readonly<Record<string, unknown>>): Promise<number> => {
	const {values, operands} = parseWords(words, groupsOf(command.table), `cloche ${name}`, command.table.interspersed);
	if (values['help'] === true) {
		const {commandHelp} = await import('./help.js');
		print(commandHelp(command.table));
		return 0;
	}

	return command.main(operands, values, readGlobals(before, values));
};

const runGroup = async (group: string, {summary, loadGroup}: CommandGroup, words: readonly string[], before: Readonly<Record<string, unknown>>): Promise<number> => {
	const {values, operands: [name, ...rest]} = parseWords(words, [globalOptions], `cloche ${group}`);
	const entries = await loadGroup();
	if (values['help'] === true || name === undefined) {
		const {groupHelp} = await import('./main-help.js');
		const asked = values['help'] === true;
		(asked ? print : printAside)(groupHelp(group, summary, entries));
		return asked ? 0 : 125;
	}

	return runCommand(`${group} ${name}`, await entryOf(name, entries, `${group} `).load(), rest, {...before, ...values});
};

const runEntry = async (name: string, words: readonly string[], before: Readonly<Record<string, unknown>>): Promise<number> => {
	const entry = entryOf(name, commands, '');
	return 'loadGroup' in entry ? runGroup(name, entry, words, before) : runCommand(name, await entry.load(), words, before);
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

	return runEntry(name, rest, values);
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
