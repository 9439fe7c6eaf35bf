/** From the library's arguments to a launched container. */

import {uptime} from '../container/facts.js';
import {normalizeOptions} from '../container/normalize.js';
import type {RunOptions} from '../container/options/run-options.js';
import {designContainer} from '../container/prepare.js';
import {runDesign} from '../container/run.js';
import type {StateRoots} from '../container/store/roots.js';
import type {Plan} from '../helper/plan.js';
import type {Started} from './container-process.js';
import type {StreamOptions} from './options.js';
import {borrowSupervisor, returnSupervisor} from './resident.js';

export interface LaunchRequest {
	image: string | undefined;
	command: readonly string[];
	run: RunOptions;
	streams: StreamOptions;
	/** Start the command at once. */
	autoStart: boolean;
}

const planStreams = ({run, streams}: LaunchRequest): Plan['streams'] => ({
	stdin: run.interactive === true || streams.input !== undefined ? 'pipe' : 'null',
	stdout: streams.stdout === 'ignore' ? 'null' : 'pipe',
	// A terminal has one output.
	stderr: streams.stderr === 'ignore' || run.tty === true ? 'null' : 'pipe',
});

/** @throws ClocheError where an option is refused, or this machine can't give what is asked for; nothing is left then */
export const launchContainer = async (roots: StateRoots, request: LaunchRequest): Promise<Started> => {
	const supervisor = borrowSupervisor();
	try {
		const spec = normalizeOptions(request.image, request.command, request.run, {label: String, cwd: process.cwd(), env: process.env, uptime: uptime()});
		const design = await designContainer(spec, roots, {commandFollows: !request.autoStart});
		design.plan.streams = planStreams(request);
		const container = await runDesign(design, {roots, supervisor, launch: {autoStart: request.autoStart}});
		container.released.then(returnSupervisor, returnSupervisor);
		return {container, design, image: design.image.name, command: design.spec.process.args};
	} catch (error) {
		returnSupervisor();
		throw error;
	}
};
