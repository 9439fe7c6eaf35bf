/** From the library's arguments to one more process in a container. */

import type {Entrance} from '../container/entrance.js';
import {execute} from '../container/execution.js';
import {normalizeExec} from '../container/normalize-exec.js';
import {EXEC_OPTION_NAMES, type ExecChoice} from '../container/options/exec-options.js';
import type {Started} from './launched.js';
import {separateStreams, type StreamOptions} from './options.js';
import {borrowSupervisor, returnSupervisor} from './resident.js';
import {planStreams} from './streams.js';

/** The options of `exec`: those of the command line, and what is done with the streams. */
export interface ExecOptions extends ExecChoice, StreamOptions {}

export type TextExecOptions = ExecOptions & {encoding?: 'utf8' | undefined};
export type BytesExecOptions = ExecOptions & {encoding: 'buffer'};

export interface ExecRequest {
	command: readonly string[];
	exec: ExecChoice;
	streams: StreamOptions;
}

/** The options in two. Unknown ones are refused by name. */
export const readExecRequest = (command: readonly string[], options: ExecOptions): ExecRequest => {
	const {own, streams} = separateStreams(options, EXEC_OPTION_NAMES);
	return {command, exec: own, streams};
};

/** @throws ClocheError where an option is refused, or the container doesn't run */
export const launchExec = async (entering: Promise<Entrance>, {command, exec, streams}: ExecRequest): Promise<Started> => {
	const {options, life, interactive} = normalizeExec(command, exec, {label: String, env: process.env});
	const supervisor = borrowSupervisor();
	try {
		const entrance = await entering;
		const container = execute(entrance, options, {
			supervisor, life,
			streams: planStreams({interactive, terminal: options.terminal === true, streams}),
		});
		container.released.then(returnSupervisor, returnSupervisor);
		return {container, entrance, image: entrance.image, command};
	} catch (error) {
		returnSupervisor();
		throw error;
	}
};
