/** The containers that a command names: one, or several, each of which gets its turn, whatever goes wrong with the others, as docker has it. */

import {ClocheError, describeError} from '../base/errors.js';
import {print, warn} from './output.js';

/** The one container that a command is about. */
export const requireOne = ([word, another]: readonly string[], command: string): string => {
	if (word === undefined || another !== undefined) {
		throw new ClocheError(command, {why: word === undefined ? 'no container given' : 'more than one container given', remedy: 'name one'});
	}

	return word;
};

/**
 * Do it to all at once, and print a line for each in the order of the words.
 *
 * @param act its text is printed; where it returns none, the word itself
 * @returns the exit status
 */
export const forEachContainer = async (words: readonly string[], command: string, act: (word: string) => unknown): Promise<number> => {
	if (words.length === 0) {
		throw new ClocheError(command, {why: 'no container given', remedy: 'name one or more'});
	}

	let status = 0;
	const outcomes = [...new Set(words)].map(async (word): Promise<{line?: string; error?: unknown}> => {
		try {
			const text = await act(word);
			return {line: typeof text === 'string' ? text : word};
		} catch (error) {
			return {error};
		}
	});
	for (const pending of outcomes) {
		const {line, error} = await pending;
		if (line === undefined) {
			warn(describeError(error));
			status = 125;
		} else {
			print(`${line}\n`);
		}
	}

	return status;
};
