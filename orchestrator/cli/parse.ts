/**
 * Words become options and operands. Everything from the first operand on is left as it is, whatever characters it holds,
 * unless the command takes options among its operands.
 */

import {parseArgs, type ParseArgsConfig} from 'node:util';
import {ClocheError} from '../base/errors.js';
import {nearest} from '../container/options/suggest.js';
import type {OptionEntry, OptionGroup} from './options.js';

export interface ParsedWords {
	/** Values by long name; booleans as `true` or `false`. */
	values: Readonly<Record<string, string | boolean | readonly string[]>>;
	/** The first word that is no option, and all that follow; where options may be among them, all words that are none. */
	operands: string[];
}

const knownNames = (entries: readonly OptionEntry[]): string[] => entries.flatMap(({name, short}) => short === undefined ? [`--${name}`] : [`--${name}`, `-${short}`]);

const refuseUnknown = (rawName: string, entries: readonly OptionEntry[], command: string): ClocheError => {
	const near = nearest(rawName, knownNames(entries));
	return new ClocheError(`unknown option ${rawName}`, {
		remedy: near === undefined ? `${command} --help lists them all` : `did you mean ${near}? (${command} --help lists them all)`,
	});
};

/** pflag, docker's parser, takes `-e=NAME` as `-e NAME`. */
const valueOf = (rawName: string, value: string | undefined, inline: boolean | undefined): string | undefined =>
	inline === true && !rawName.startsWith('--') && value?.startsWith('=') === true ? value.slice(1) : value;

const readBoolean = (name: string, value: string | undefined): boolean => {
	if (value !== undefined && value !== 'true' && value !== 'false') {
		throw new ClocheError(`${name}=${value}`, {why: 'it takes no value but true and false', remedy: `give ${name} alone`});
	}

	return value !== 'false';
};

const readText = ({value: what = 'VALUE'}: OptionEntry, rawName: string, value: string | undefined): string => {
	if (value === undefined) {
		throw new ClocheError(rawName, {why: 'no value follows', remedy: `give ${rawName} ${what}`});
	}

	return value;
};

const configOf = (entries: readonly OptionEntry[]): ParseArgsConfig['options'] =>
	Object.fromEntries(entries.map(({name, short, type}) => [name, short === undefined ? {type} : {type, short}]));

/**
 * @param command how the command is called, for the errors: `cloche run`
 * @param interspersed options may follow operands, as far as a `--`
 * @throws ClocheError that names the option
 */
export const parseWords = (words: readonly string[], groups: readonly OptionGroup[], command: string, interspersed = false): ParsedWords => {
	const entries = groups.flatMap(group => group.options);
	// Not strict, and only for its tokens: strict would also judge what comes after the first operand.
	const {tokens} = parseArgs({args: [...words], options: configOf(entries) ?? {}, strict: false, allowPositionals: true, tokens: true});
	const values: Record<string, string | boolean | string[]> = {};
	const operands: string[] = [];
	for (const token of tokens) {
		if (token.kind === 'positional' && !interspersed) {
			return {values, operands: words.slice(token.index)};
		}

		if (token.kind === 'positional') {
			operands.push(token.value);
		}

		if (token.kind === 'option') {
			const {name, rawName} = token;
			const entry = entries.find(option => option.name === name);
			if (entry === undefined || rawName.startsWith('--') !== (rawName === `--${name}`)) {
				throw refuseUnknown(rawName, entries, command);
			}

			const value = valueOf(rawName, token.value, token.inlineValue);
			if (entry.type === 'boolean') {
				values[name] = readBoolean(rawName, value);
			} else if (entry.multiple === true) {
				const list = values[name];
				values[name] = [...(Array.isArray(list) ? list : []), readText(entry, rawName, value)];
			} else {
				values[name] = readText(entry, rawName, value);
			}
		}
	}

	return {values, operands};
};
