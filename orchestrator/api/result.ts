/** How a container's command ended. */

import {ClocheError} from '../base/errors.js';
import {signalName} from '../container/options/signals.js';

export interface Usage {
	/** Milliseconds of processor time in user mode. */
	userTime: number;
	/** Milliseconds of processor time in the kernel. */
	systemTime: number;
	/** Bytes of memory that the largest process held. */
	maxRss: number;
}

export interface Result<Text extends string | Buffer = string> {
	/** argv. */
	command: readonly string[];
	image: string;
	/** The container's id. */
	id: string;
	/** Its exit status; `undefined` where a signal ended it. */
	exitCode: number | undefined;
	/** The signal that ended it, as `SIGTERM`. */
	signal: string | undefined;
	/** What it wrote, unless the stream went elsewhere. */
	stdout: Text;
	stderr: Text;
	/** Anything but the exit status 0. */
	failed: boolean;
	/** Its `timeout` was reached. */
	timedOut: boolean;
	/** Its `signal` aborted. */
	isCanceled: boolean;
	/** It wrote more than `maxBuffer`. */
	isMaxBuffer: boolean;
	/** Milliseconds from the call to the end. */
	durationMs: number;
	usage: Usage;
}

const howItEnded = ({exitCode, signal, timedOut, isCanceled, isMaxBuffer, durationMs}: Result<string | Buffer>): string => {
	if (isMaxBuffer) {
		return 'it wrote more than maxBuffer';
	}

	if (timedOut) {
		return `it was stopped by its timeout after ${Math.round(durationMs)} ms`;
	}

	if (isCanceled) {
		return 'it was canceled';
	}

	return signal === undefined ? `it exited with status ${exitCode ?? 0}` : `it was ended by ${signal}`;
};

/** The command ran, and failed. Its message ends in what it wrote to stderr. */
export class CommandError<Text extends string | Buffer = string> extends ClocheError {
	/** The message without stderr. */
	readonly shortMessage: string;
	readonly result: Result<Text>;

	/** @param status the exit status that a shell would show */
	constructor(result: Result<Text>, status: number, cause?: unknown) {
		const {command, image, stderr} = result;
		super(`${command.join(' ')} (in ${image})`, {why: howItEnded(result), cause, exitCode: status});
		this.shortMessage = this.message;
		this.result = result;
		const text = stderr.toString().trim();
		if (text !== '') {
			this.message += `\n\n${text}`;
		}
	}
}

/** A signal's number as a name, where there is one. */
export const nameSignal = (signal: number | undefined): string | undefined => signal === undefined ? undefined : signalName(signal);
