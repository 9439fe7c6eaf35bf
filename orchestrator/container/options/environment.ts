/** `--env` and `--env-file`, as docker run reads them (docker/cli opts/env.go, opts/file.go). */

import {readLimited} from '../../host/read-limited.js';
import {Unacceptable} from './unacceptable.js';

export type Environment = Readonly<Record<string, string | undefined>>;

const ACCEPTED = 'NAME=value, or NAME to pass on this process\'s own';

/** `NAME=value` as it is; a lone `NAME` takes the value that `host` has, and nothing where it has none. */
export const parseEnv = (value: string, host: Environment): string[] => {
	const name = value.split('=', 1)[0] ?? '';
	if (name === '') {
		throw new Unacceptable('the variable has no name', ACCEPTED);
	}

	if (value.includes('\0')) {
		throw new Unacceptable('it holds a NUL, which no environment can', ACCEPTED);
	}

	if (value.includes('=')) {
		return [value];
	}

	const inherited = host[name];
	return inherited === undefined ? [] : [`${name}=${inherited}`];
};

/** One line: blanks on the left are dropped, the rest is taken as it is, quotes included. */
const parseLine = (line: string, number: number, host: Environment): string[] => {
	const text = line.replace(/^[ \t]+/, '');
	if (text === '' || text.startsWith('#')) {
		return [];
	}

	if (/\s/.test(text.split('=', 1)[0] ?? '')) {
		throw new Unacceptable(`line ${number}: the variable's name holds a blank`, 'lines of NAME=value, NAME, or # and a comment');
	}

	try {
		return parseEnv(text, host);
	} catch (error) {
		throw error instanceof Unacceptable ? new Unacceptable(`line ${number}: ${error.why}`, error.accepted) : error;
	}
};

/** More can't be passed to a program at all (execve(2)). */
const MOST_BYTES = 8 * 1024 * 1024;

/** The variables of a file of lines; file system errors come as they are. */
export const readEnvFile = (path: string, host: Environment): string[] => {
	let text: string;
	try {
		text = new TextDecoder('utf-8', {fatal: true}).decode(readLimited(path, MOST_BYTES));
	} catch (error) {
		throw error instanceof TypeError ? new Unacceptable('the file is not UTF-8 text', 'a text file of NAME=value lines') : error;
	}

	return text.split(/\r?\n/).flatMap((line, index) => parseLine(line, index + 1, host));
};

/** Of several settings of one variable the last one counts; it keeps the place of the first. */
export const mergeEnv = (...lists: ReadonlyArray<readonly string[]>): string[] => {
	const merged = new Map<string, string>();
	for (const entry of lists.flat()) {
		merged.set(entry.slice(0, entry.indexOf('=')), entry);
	}

	return [...merged.values()];
};
