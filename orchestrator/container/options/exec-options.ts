/** The options of `exec` as data, under the names of the command line (in camel case); the library takes the same. */

import {ClocheError} from '../../base/errors.js';
import type {ExecOptions} from '../exec.js';
import {DEFAULT_STOP_SIGNAL, DEFAULT_STOP_TIMEOUT} from '../spec.js';
import {parseMilliseconds} from './duration.js';
import {type Environment, mergeEnv, parseEnv, readEnvFile} from './environment.js';
import {flattenRecord} from './flatten.js';
import {parseUser, parseWorkdir} from './names.js';
import {type Label, OptionReader} from './reader.js';
import type {Duration, RunOptions} from './run-options.js';
import {parseSignal} from './signals.js';

/** What can be chosen for one more process. */
export interface ExecChoice extends Pick<RunOptions, 'interactive' | 'tty' | 'env' | 'envFile' | 'workdir' | 'user' | 'stopSignal' | 'stopTimeout' | 'timeout'> {
	/** All capabilities that can be had, and no filter. */
	privileged?: boolean | undefined;
}

const names = {
	interactive: true, tty: true, env: true, envFile: true, workdir: true, user: true, stopSignal: true, stopTimeout: true, timeout: true, privileged: true,
} satisfies Record<keyof ExecChoice, true>;

export const EXEC_OPTION_NAMES: readonly string[] = Object.keys(names);

/** How long it may run, and how it is asked to end. */
export interface ExecLife {
	stopSignal: number;
	/** Milliseconds. */
	stopTimeout: number;
	/** Milliseconds. */
	timeout?: number;
}

const durationText = (value: Duration | undefined): string | undefined => typeof value === 'number' ? `${value}ms` : value;

const readPrivileged = (label: Label, value: unknown): boolean => {
	if (value !== undefined && typeof value !== 'boolean') {
		throw new ClocheError('privileged', {why: `it is a ${typeof value}`, remedy: 'give true or false'});
	}

	return value ?? false;
};
