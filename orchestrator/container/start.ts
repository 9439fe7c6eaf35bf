/** The second phase by itself: what a created container is told to become. */

import {ClocheError} from '../base/errors.js';
import type {StartOp} from '../helper/plan.js';
import {machineFacts} from './facts.js';
import {mergeEnv, parseEnv} from './options/environment.js';
import {flattenRecord} from './options/flatten.js';
import {parseUser, parseWorkdir} from './options/names.js';
import {OptionReader} from './options/reader.js';
import type {RunOptions} from './options/run-options.js';
import {planProcess} from './plan/process.js';
import type {Design} from './prepare.js';
import type {SpecProcess} from './spec.js';
import {validateSpec} from './validate.js';

/** What can still be chosen when everything else is made. */
export type StartChoice = Pick<RunOptions, 'env' | 'workdir' | 'user'>;

/**
 * The operations that make the init of `design` become `command`.
 *
 * @param env of this process, for variables that are passed on by name
 * @throws ClocheError where an option is refused
 */
export const planStart = ({id, spec, plan, image}: Design, command: readonly string[], choice: StartChoice, env: Readonly<Record<string, string | undefined>>): {ops: StartOp[]; args: string[]} => {
	const read = new OptionReader(String);
	const user = read.one('user', choice.user, parseUser) ?? spec.process.user;
	const args = command.length === 0 ? spec.process.args : [...spec.process.entrypoint ?? image.entrypoint, ...command];
	const process: SpecProcess = {
		...spec.process,
		args,
		env: mergeEnv(spec.process.env, read.many('env', flattenRecord(choice.env), value => parseEnv(value, env)).flat()),
		...(choice.workdir === undefined ? {} : {cwd: read.one('workdir', choice.workdir, parseWorkdir) ?? '/'}),
		...(user === undefined ? {} : {user}),
	};
	if (args.length === 0) {
		throw new ClocheError('no command', {remedy: 'give one to start'});
	}

	const changed = {...spec, process};
	validateSpec(changed);
	return {ops: planProcess(changed, plan.userMap, machineFacts().capabilities, spec.linux.namespaces.uts === 'private' ? spec.hostname ?? id : undefined), args};
};
