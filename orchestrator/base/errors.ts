/** The one shape of an error: what, where, why, and what to do, in one line. */

import {errnoName, errnoWords} from './errno.js';

/** The exit status of a failure that is ours, not the payload's (as `docker run` has it). */
export const EXIT_OURS = 125;

export interface ErrorDetails {
	/** The path or thing it happened at. */
	where?: string | undefined;
	/** The reason; by default the words of `errno`, else the message of `cause`. */
	why?: string | undefined;
	/** What to do about it. */
	remedy?: string | undefined;
	/** The helper's phase, such as `create`. */
	step?: string | undefined;
	/** The plan operation's name, such as `overlay`. */
	op?: string | undefined;
	/** That operation's place in the plan, counted through create and start. */
	index?: number | undefined;
	/** The path a system call was about; `where` by default. */
	path?: string | undefined;
	/** A positive error number; `cause`'s by default. */
	errno?: number | undefined;
	/** The exit status a command line ends with; {@link EXIT_OURS} by default. */
	exitCode?: number | undefined;
	/** What was thrown underneath. */
	cause?: unknown;
}

/** Control characters (a path may hold a newline) would break the one line, or the terminal. */
export const escapeControls = (text: string): string =>
	text.replace(/\p{Cc}/gu, character => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);

/** The positive error number of Node's own system errors (which carry it negated) and of ours; `undefined` for anything else. */
export const errnoOf = (cause: unknown): number | undefined =>
	cause instanceof Error && 'errno' in cause && typeof cause.errno === 'number' && cause.errno !== 0 ? Math.abs(cause.errno) : undefined;

const pathOf = (cause: unknown): string | undefined =>
	cause instanceof Error && 'path' in cause && typeof cause.path === 'string' ? cause.path : undefined;

const messageOf = (cause: unknown): string | undefined =>
	cause instanceof Error ? cause.message : cause === undefined ? undefined : typeof cause === 'string' ? cause : JSON.stringify(cause);

/**
 * Whatever goes wrong reaches the user as one of these. The message is one line, `what: where: why; what to do`.
 *
 * @example throw new ClocheError('cannot read the image', {where: path, cause: error});
 */
export class ClocheError extends Error {
	override readonly name = 'ClocheError';
	readonly what: string;
	readonly where: string | undefined;
	readonly why: string | undefined;
	readonly remedy: string | undefined;
	readonly step: string | undefined;
	readonly op: string | undefined;
	readonly index: number | undefined;
	readonly path: string | undefined;
	/** The positive error number. */
	readonly errno: number | undefined;
	/** Its name, such as `ENOENT`. */
	readonly code: string | undefined;
	readonly exitCode: number;

	constructor(what: string, details: ErrorDetails = {}) {
		const {where, remedy, cause} = details;
		const errno = details.errno ?? errnoOf(cause);
		const why = details.why ?? (errno === undefined ? messageOf(cause) : errnoWords(errno));
		const clause = [what, where, why].filter(part => part !== undefined && part !== '').join(': ');
		super(escapeControls(remedy === undefined ? clause : `${clause}; ${remedy}`), cause === undefined ? undefined : {cause});
		this.what = what;
		this.where = where;
		this.why = why;
		this.remedy = remedy;
		this.step = details.step;
		this.op = details.op;
		this.index = details.index;
		this.path = details.path ?? where ?? pathOf(cause);
		this.errno = errno;
		this.code = errno === undefined ? undefined : errnoName(errno);
		this.exitCode = details.exitCode ?? EXIT_OURS;
	}
}

/** Node's own system error, in our words: the call, the path, what is wrong. */
const describeSystemError = (error: Error): string =>
	new ClocheError('syscall' in error && typeof error.syscall === 'string' ? error.syscall : 'system call', {where: pathOf(error), cause: error}).message;

/** Anything thrown, as one line for a person; what is not ours and no system error keeps its own message. */
export const describeError = (error: unknown): string => {
	if (error instanceof ClocheError) {
		return error.message;
	}

	return error instanceof Error && errnoOf(error) !== undefined ? describeSystemError(error) : escapeControls(messageOf(error) ?? 'unknown error');
};

/** The exit status for anything thrown. */
export const exitCodeOf = (error: unknown): number => error instanceof ClocheError ? error.exitCode : EXIT_OURS;

/** Whether `error` is a system error (ours or Node's) of that name, such as `ENOENT`. */
export const isErrno = (error: unknown, code: string): boolean =>
	error instanceof Error && 'code' in error && error.code === code;

/** Do it; system errors of these names are as good as success. */
export const ignoring = (codes: readonly string[], act: () => void): void => {
	try {
		act();
	} catch (error) {
		if (!codes.some(code => isErrno(error, code))) {
			throw error;
		}
	}
};
