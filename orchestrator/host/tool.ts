/** Programs of the machine that are told what to do on their standard input. */

import {existsSync} from 'node:fs';
import {ClocheError} from '../base/errors.js';

export interface Tool {
	/** As it is found in PATH. */
	program: string;
	/** Debian's package that has it. */
	package: string;
}

/** What it said when it failed. */
export interface ToolFailure {
	/** Its standard error. */
	words: string;
	cause: unknown;
}

/** Run a tool to its end, wherever: its standard output, or how it failed. */
export type RunTool = (tool: Tool, args: readonly string[], input?: string) => Promise<{output: string} | ToolFailure>;

const textOf = (error: unknown): string => error instanceof Error && 'stderr' in error && typeof error.stderr === 'string' ? error.stderr.trim() : '';

/** npm puts packages' programs before all others, and one of those is called nft, too. */
export const systemPath = (path: string | undefined): string =>
	(path ?? '/usr/sbin:/usr/bin:/sbin:/bin').split(':').filter(directory => directory.startsWith('/') && !directory.endsWith('/node_modules/.bin')).join(':');

/** Its path; ordinary users' PATH lacks the directories of programs such as these. */
export const findTool = ({program}: Tool): string | undefined =>
	`${systemPath(process.env['PATH'])}:/usr/local/sbin:/usr/sbin:/sbin`.split(':').map(directory => `${directory}/${program}`).find(path => existsSync(path));

/**
 * Run it to its end.
 *
 * @returns its standard output, or how it failed
 * @throws ClocheError where it isn't there
 */
export const runTool: RunTool = async (tool, args, input = '') => {
	// Loaded late: it takes 20 ms.
	const {execa} = await import('execa');
	try {
		const {stdout} = await execa(tool.program, args, {input, env: {LC_ALL: 'C', PATH: systemPath(process.env['PATH'])}});
		return {output: stdout};
	} catch (cause) {
		if (cause instanceof Error && 'code' in cause && (cause.code === 'ENOENT' || cause.code === 'EACCES')) {
			throw new ClocheError(`cannot run ${tool.program}`, {why: cause.code === 'ENOENT' ? 'it isn\'t in PATH' : 'it can\'t be executed', remedy: `install it (Debian: apt-get install ${tool.package}), or put its directory into PATH`, cause});
		}

		return {words: textOf(cause), cause};
	}
};
