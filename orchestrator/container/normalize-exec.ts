/** The options of `exec`, parsed and checked once, whether they come from the command line or from the library. */

import {ClocheError} from '../base/errors.js';
import type {ExecOptions} from './exec.js';
import {durationText} from './normalize-life.js';
import {parseMilliseconds} from './options/duration.js';
import {type Environment, mergeEnv, parseEnv, readEnvFile} from './options/environment.js';
import type {ExecChoice} from './options/exec-options.js';
import {flattenRecord} from './options/flatten.js';
import {parseUser, parseWorkdir} from './options/names.js';
import {type Label, OptionReader} from './options/reader.js';
import {parseSignal} from './options/signals.js';
import {type ContainerSpec, DEFAULT_STOP_SIGNAL, DEFAULT_STOP_TIMEOUT} from './spec.js';

/** How long it may run, and how it is asked to end. */
export type ExecLife = Pick<ContainerSpec, 'stopSignal' | 'stopTimeout' | 'timeout'>;

export interface NormalExec {
	options: ExecOptions;
	life: ExecLife;
	/** Its stdin is kept open. */
	interactive: boolean;
}

/** Plain JavaScript can pass what the types don't let. */
const readPrivileged = (value: unknown): boolean => {
	if (value !== undefined && typeof value !== 'boolean') {
		throw new ClocheError('privileged', {why: `it is a ${typeof value}`, remedy: 'give true or false'});
	}

	return value ?? false;
};

const readLife = (read: OptionReader, {stopSignal, stopTimeout, timeout}: ExecChoice): ExecLife => {
	const limit = read.one('timeout', durationText(timeout), parseMilliseconds);
	return {
		stopSignal: read.one('stopSignal', stopSignal, parseSignal) ?? DEFAULT_STOP_SIGNAL,
		stopTimeout: read.one('stopTimeout', durationText(stopTimeout), parseMilliseconds) ?? DEFAULT_STOP_TIMEOUT,
		...(limit === undefined ? {} : {timeout: limit}),
	};
};

const isWords = (value: unknown): boolean => Array.isArray(value) && value.every(word => typeof word === 'string');

/**
 * @param env of this process, for variables that are passed on by name
 * @throws ClocheError naming the option, its value and what would be taken
 */
export const normalizeExec = (command: readonly string[], choice: ExecChoice, {label, env}: {label: Label; env: Environment}): NormalExec => {
	if (!isWords(command)) {
		throw new ClocheError('command', {why: 'it isn\'t a list of words', remedy: 'give its words in an array'});
	}

	const read = new OptionReader(label);
	const cwd = read.one('workdir', choice.workdir, parseWorkdir);
	const user = read.one('user', choice.user, parseUser);
	return {
		options: {
			command: [...command],
			env: mergeEnv(
				read.many('envFile', choice.envFile, path => readEnvFile(path, env)).flat(),
				read.many('env', flattenRecord(choice.env), value => parseEnv(value, env)).flat(),
			),
			...(cwd === undefined ? {} : {cwd}),
			...(user === undefined ? {} : {user}),
			terminal: read.flag('tty', choice.tty),
			privileged: readPrivileged(choice.privileged),
		},
		life: readLife(read, choice),
		interactive: read.flag('interactive', choice.interactive),
	};
};
