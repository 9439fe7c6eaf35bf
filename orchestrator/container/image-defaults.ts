/** What an image has to say about the process, under what was asked for (OCI image-spec conversion.md). */

import {ClocheError} from '../base/errors.js';
import type {ResolvedImage} from '../image/resolve.js';
import {mergeEnv} from './options/environment.js';
import type {ContainerSpec} from './spec.js';

/**
 * The spec with the image's defaults where it has none. As in docker run, an entrypoint of the caller's takes the image's
 * command away, too.
 */
export const withImageDefaults = (spec: ContainerSpec, image: ResolvedImage): ContainerSpec => {
	const {entrypoint, args, env, cwd, user} = spec.process;
	const command = args.length > 0 || entrypoint !== undefined ? args : image.command;
	const who = user ?? image.user;
	return {
		...spec,
		process: {
			...spec.process,
			args: [...entrypoint ?? image.entrypoint, ...command],
			env: mergeEnv(image.env, env),
			cwd: cwd ?? image.cwd,
			...(who === undefined ? {} : {user: who}),
		},
	};
};

/** @throws ClocheError where neither the caller nor the image names a command */
export const requireCommand = ({process}: ContainerSpec): void => {
	if (process.args.length === 0) {
		throw new ClocheError('no command', {why: 'none was given, and the image names none', remedy: 'give one after the image'});
	}
};
