/** What a launch says first. Pure: no I/O. */

import {type CreateOptions, encodeCreate, encodeCreateAndStart, encodeLinks, encodeStart} from './encode.js';
import {encodeServe} from './encode-service.js';
import type {LaunchOptions} from './launch-options.js';
import type {Plan} from './plan.js';

export interface FirstWords {
	/** To be sent at once: SERVE where there is a service, CREATE or JOIN, and START where nothing comes between. */
	bytes: Buffer;
	/** START is among them. */
	started: boolean;
	/** START, encoded beforehand (its mistakes show at once), where it waits for pipes. */
	start: Buffer | undefined;
	/** A standard stream is a pipe. */
	piped: boolean;
}

/** Throws a ClocheError where the plan can't be sent. */
export const encodeLaunch = (channel: number, plan: Plan, {target, links = false, service, autoStart = true, onTrace, hold, forgo}: LaunchOptions): FirstWords => {
	const joined = target !== undefined && 'channel' in target ? target.channel : target;
	if (links) {
		return {bytes: encodeLinks(channel, plan, joined), started: true, start: undefined, piped: false};
	}

	const {stdin, stdout, stderr} = plan.streams;
	const piped = stdin === 'pipe' || stdout === 'pipe' || stderr === 'pipe';
	const started = !piped && autoStart;
	const options: CreateOptions = {target: joined, trace: onTrace !== undefined, hold, forgo};
	const bytes = started ? encodeCreateAndStart(channel, plan, options) : encodeCreate(channel, plan, options);
	return {
		bytes: service === undefined ? bytes : Buffer.concat([encodeServe(channel, service), bytes]),
		started,
		start: piped && autoStart ? encodeStart(channel, plan.start, plan.create.length) : undefined,
		piped,
	};
};
