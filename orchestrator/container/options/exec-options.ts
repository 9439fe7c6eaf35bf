/** The options of `exec` as data, under the names of the command line (in camel case); the library takes the same. */

import type {RunOptions} from './run-options.js';

/** What can be chosen for one more process in a container. */
export interface ExecChoice extends Pick<RunOptions, 'interactive' | 'tty' | 'env' | 'envFile' | 'workdir' | 'user' | 'stopSignal' | 'stopTimeout' | 'timeout'> {
	/** All capabilities that can be had, and no filter. */
	privileged?: boolean | undefined;
}

const names = {
	interactive: true, tty: true, env: true, envFile: true, workdir: true, user: true, stopSignal: true, stopTimeout: true, timeout: true, privileged: true,
} satisfies Record<keyof ExecChoice, true>;

export const EXEC_OPTION_NAMES: readonly string[] = Object.keys(names);
