/** Options' values, as commands read them. */

import {ClocheError} from '../base/errors.js';
import type {CommandValues} from './commands.js';

type Value = CommandValues[string] | undefined;

export const listOf = (value: Value): readonly string[] => typeof value === 'object' ? value : [];

export const textOf = (value: Value): string | undefined => typeof value === 'string' ? value : undefined;

export const requireNoOperands = (operands: readonly string[], command: string, remedy: string): void => {
	if (operands.length > 0) {
		throw new ClocheError(`${command} ${operands.join(' ')}`, {why: 'it takes no operands', remedy});
	}
};
