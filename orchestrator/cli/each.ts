/** What a command does to each container that is named: what goes wrong with one is told, and the others get their turn, as docker has it. */

import {ClocheError, describeError} from '../base/errors.js';
import {print, warn} from './output.js';

/** Words without which a command has nothing to do. */
export const requireOperands = (operands: readonly string[], command: string): void => {
	if (operands.length === 0) {
		throw new ClocheError(command, {why: 'no container given', remedy: 'name one or more'});
	}
};

/**
 * Do it to all at once, and print a line for each in the order of the words.
 *
 * @param act its text is printed; where it returns none, the word itself
 * @returns the exit status
 */
export const forEachContainer = async (words: readonly string[], command: string, act: (word: string) => unknown): Promise<number> => {
	requireOperands(words, command);
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
