/** stty(1): the settings of the terminal that is our standard input. */

import {spawnSync} from 'node:child_process';
import {ClocheError} from '../base/errors.js';

/** @param terminal the descriptor of a terminal */
const stty = (terminal: number, words: readonly string[]): string => {
	const {status, stdout, stderr, error} = spawnSync('stty', words, {stdio: [terminal, 'pipe', 'pipe'], encoding: 'utf8'});
	if (error !== undefined || status !== 0) {
		throw new ClocheError(`stty ${words.join(' ')}`, {
			why: error === undefined ? stderr.trim() : undefined, cause: error, remedy: 'coreutils has it; without a terminal it isn\'t needed',
		});
	}

	return stdout.trim();
};

/** All settings, in a word that {@link restoreSettings} takes. */
export const readSettings = (terminal: number): string => stty(terminal, ['-g']);

/** Every key is a byte for whoever reads, and every byte is shown as it is. */
export const makeRaw = (terminal: number): void => {
	stty(terminal, ['raw', '-echo', '-iexten']);
};

export const restoreSettings = (terminal: number, settings: string): void => {
	stty(terminal, [settings]);
};

/** `undefined` where it has none. */
export const readSize = (terminal: number): {rows: number; columns: number} | undefined => {
	const [rows = 0, columns = 0] = stty(terminal, ['size']).split(' ').map(Number);
	return rows > 0 && columns > 0 ? {rows, columns} : undefined;
};
