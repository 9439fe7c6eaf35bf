/** From the library's arguments to a launched container. */

import {uptime} from '../container/facts.js';
import {normalizeOptions} from '../container/normalize.js';
import type {RunOptions} from '../container/options/run-options.js';
import {designContainer} from '../container/prepare.js';
import {runDesign} from '../container/run.js';
import type {StateRoots} from '../container/store/roots.js';
import type {StartedContainer} from './launched.js';
import type {StreamOptions} from './options.js';
import {borrowSupervisor, returnSupervisor} from './resident.js';
import {planStreams} from './streams.js';

export interface LaunchRequest {
	image: string | undefined;
	command: readonly string[];
	run: RunOptions;
	streams: StreamOptions;
	/** Start the command at once. */
	autoStart: boolean;
}

/** @throws ClocheError where an option is refused, or this machine can't give what is asked for; nothing is left then */
export const launchContainer = async (roots: StateRoots, request: LaunchRequest): Promise<StartedContainer> => {
	const supervisor = borrowSupervisor();
	try {
		const spec = normalizeOptions(request.image, request.command, request.run, {label: String, cwd: process.cwd(), env: process.env, uptime: uptime()});
		const design = await designContainer(spec, roots, {commandFollows: !request.autoStart});
		design.plan.streams = planStreams({interactive: spec.interactive, terminal: spec.process.terminal, streams: request.streams});
		const container = await runDesign(design, {roots, supervisor, launch: {autoStart: request.autoStart}});
		container.released.then(returnSupervisor, returnSupervisor);
		const {plan: {userMap, cgroups}, image: {name: image}} = design;
		const entrance = {id: design.id, image, spec: design.spec, userMap, cgroups, target: container.launch};
		return {container, design, entrance, image, command: design.spec.process.args};
	} catch (error) {
		returnSupervisor();
		throw error;
	}
};
