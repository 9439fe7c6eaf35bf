/** What an image has to say about the process, under what was asked for (OCI image-spec conversion.md). */

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
