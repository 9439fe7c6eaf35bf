/** What the library takes: the options of `cloche run`, and what is done with the streams. */

import type {Readable} from 'node:stream';
import {ClocheError} from '../base/errors.js';
import {RUN_OPTION_NAMES, refuseUnknown} from '../container/options/option-names.js';
import type {RunOptions} from '../container/options/run-options.js';

/** An image's name, or a directory that is a root. */
export type ImageSource = string | {rootfs: string};

/** Where an output goes. `pipe`: into the result, and readable while it runs. `inherit`: to this process's own. */
export type Output = 'pipe' | 'inherit' | 'ignore';

export interface StreamOptions {
	/** All of the standard input. Without it, and without `interactive`, the payload reads end of file. */
	input?: string | Uint8Array | Readable | undefined;
	/** `pipe` by default. */
	stdout?: Output | undefined;
	/** `pipe` by default. */
	stderr?: Output | undefined;
	/** `utf8` by default; `buffer` gives the bytes as they are. */
	encoding?: 'utf8' | 'buffer' | undefined;
	/** Leave out the last newline of text, as `$(…)` in a shell does; true by default. */
	stripFinalNewline?: boolean | undefined;
	/** Bytes of each output that are kept; past it the container is killed. 100 MB by default. */
	maxBuffer?: number | undefined;
	/** Reject where the exit status isn't 0; true by default. */
	reject?: boolean | undefined;
	/** Kills the container when it aborts. */
	signal?: AbortSignal | undefined;
}

export interface LibraryOptions extends Omit<RunOptions, 'rootfs' | 'detach'>, StreamOptions {}

const STREAM_NAMES = {
	input: true, stdout: true, stderr: true, encoding: true, stripFinalNewline: true, maxBuffer: true, reject: true, signal: true,
} satisfies Record<keyof StreamOptions, true>;

const OUTPUTS: readonly unknown[] = ['pipe', 'inherit', 'ignore', undefined];

const checkStreams = ({stdout, stderr, encoding, maxBuffer, input}: StreamOptions, interactive: boolean): void => {
	for (const [name, output] of Object.entries({stdout, stderr})) {
		if (!OUTPUTS.includes(output)) {
			throw new ClocheError(`${name}: ${output ?? ''}`, {why: 'not one of its values', remedy: 'give pipe, inherit or ignore'});
		}
	}

	if (encoding !== undefined && !['utf8', 'buffer'].includes(encoding)) {
		throw new ClocheError(`encoding: ${encoding}`, {why: 'not one of its values', remedy: 'give utf8 or buffer'});
	}

	if (maxBuffer !== undefined && !(maxBuffer > 0)) {
		throw new ClocheError(`maxBuffer: ${maxBuffer}`, {why: 'not a number of bytes', remedy: 'give one above 0'});
	}

	if (interactive && input !== undefined) {
		throw new ClocheError('input', {why: 'interactive gives the payload another stdin', remedy: 'leave out one of them'});
	}
};

/**
 * A command's own options, and those of its streams.
 *
 * @param known the names of its own
 * @throws ClocheError that names what is in neither, or doesn't go
 */
export const separateStreams = <Own extends {interactive?: boolean | undefined}>(options: Own & StreamOptions, known: readonly string[]): {own: Omit<Own, keyof StreamOptions>; streams: StreamOptions} => {
	refuseUnknown(options, [...known, ...Object.keys(STREAM_NAMES)]);
	const {input, stdout, stderr, encoding, stripFinalNewline, maxBuffer, reject, signal, ...own} = options;
	const streams = {input, stdout, stderr, encoding, stripFinalNewline, maxBuffer, reject, signal};
	checkStreams(streams, options.interactive === true);
	return {own, streams};
};

/** The options of a container, and those of its streams. */
export const splitOptions = (options: LibraryOptions & Pick<RunOptions, 'rootfs'>): {run: RunOptions; streams: StreamOptions} => {
	const {own, streams} = separateStreams(options, RUN_OPTION_NAMES.filter(name => name !== 'detach'));
	return {run: own, streams};
};
