/** Asks before much is removed. */

import {readSync} from 'node:fs';
import {ClocheError} from '../base/errors.js';
import type {CommandValues} from './commands.js';
import {printAside} from './output.js';

/** `y` or `yes`, of a terminal. */
const isConfirmed = (question: string): boolean => {
	printAside(`${question} Go on? [y/N] `);
	const bytes = Buffer.alloc(64);
	return /^y(?:es)?\s*$/iu.test(bytes.toString('utf8', 0, readSync(0, bytes)));
};

/**
 * @param what completes the error's remedy: `all containers that don't run`
 * @returns whether to go on: at once with `--force`, else a terminal is asked
 * @throws ClocheError where there is none
 */
export const requireConsent = (values: CommandValues, command: string, what: string, question: string): boolean => {
	if (values['force'] === true) {
		return true;
	}

	if (!process.getBuiltinModule('node:tty').isatty(0)) {
		throw new ClocheError(command, {why: 'there is no terminal to ask at', remedy: `give --force to remove ${what}`});
	}

	return isConfirmed(question);
};
