/** The checks that a spec has to pass, whoever made it. Errors name the place in it: `mounts[2].source: …`. */

import {ClocheError} from '../base/errors.js';
import {Limit} from '../helper/protocol.js';
import type {ContainerSpec} from './spec.js';

const refuse = (place: string, why: string, remedy: string): never => {
	throw new ClocheError(place, {why, remedy});
};

/** Text that goes into an argv, an environment or a path ends at its first NUL. */
const checkText = (place: string, value: unknown): void => {
	if (typeof value !== 'string') {
		refuse(place, `it is ${value === null ? 'null' : `a ${typeof value}`}`, 'give text');
	} else if (value.includes('\0')) {
		refuse(place, 'it holds a NUL', 'take it out: no argument, variable or path can');
	}
};

const checkPath = (place: string, path: string): void => {
	checkText(place, path);
	if (!path.startsWith('/')) {
		refuse(place, `'${path}' is not absolute`, 'start it with /');
	}

	if (Buffer.byteLength(path) >= Limit.PATH) {
		refuse(place, `${Buffer.byteLength(path)} bytes are too long for a path`, `stay under ${Limit.PATH} (PATH_MAX)`);
	}
};

/**
 * execve(2): one string has at most MAX_ARG_STRLEN bytes, 32 pages, its NUL included; and all of it goes to the helper in
 * one frame, of which some KiB are for what stands beside it.
 */
const MOST_IN_ONE = 131_072;
const FRAME_RESERVE = 65_536;

const checkSize = (place: string, words: readonly string[]): void => {
	let sum = 0;
	for (const [index, word] of words.entries()) {
		const bytes = Buffer.byteLength(word) + 1;
		sum += bytes + 8;
		if (bytes > MOST_IN_ONE) {
			refuse(`${place}[${index}]`, `its ${bytes} bytes are more than the kernel passes to a program in one piece`, `stay under ${MOST_IN_ONE}, or pass it in a file`);
		}
	}

	if (sum > Limit.PAYLOAD_IN - FRAME_RESERVE) {
		refuse(place, `arguments and environment take ${sum} bytes together`, `stay under ${Limit.PAYLOAD_IN - FRAME_RESERVE}, or pass some in a file`);
	}

	if (words.length > Limit.FIELDS - 256) {
		refuse(place, `${words.length} arguments and variables`, `stay under ${Limit.FIELDS - 256}, or pass some in a file`);
	}
};

const checkProcess = ({process}: ContainerSpec): void => {
	const {args, env, cwd, user} = process;
	for (const [index, word] of args.entries()) {
		checkText(`process.args[${index}]`, word);
	}

	for (const [index, entry] of env.entries()) {
		checkText(`process.env[${index}]`, entry);
		if (entry.indexOf('=') < 1) {
			refuse(`process.env[${index}]`, 'no name and value', 'write NAME=value');
		}
	}

	const [program] = [...process.entrypoint ?? [], ...args];
	if (program === '') {
		refuse('process.args[0]', 'the command is empty', 'name a program');
	}

	checkPath('process.cwd', cwd ?? '/');
	checkText('process.user', user ?? '');
	checkSize('process', [...process.entrypoint ?? [], ...args, ...env]);
};

/** What Cloche mounts there itself is what the container's safety stands on; runc refuses the same (libcontainer checkProcMount). */
const checkDestination = (place: string, destination: string): void => {
	checkPath(place, destination);
	if (destination === '/' || destination === '/proc' || destination.startsWith('/proc/')) {
		refuse(place, `nothing can be mounted at ${destination}`, destination === '/' ? 'use --rootfs DIR for another root' : 'use --pid host to see the host\'s processes');
	}
};

const checkMounts = ({mounts}: ContainerSpec): void => {
	for (const [index, mount] of mounts.entries()) {
		checkDestination(`mounts[${index}].destination`, mount.destination);
		if (mount.type === 'bind') {
			checkPath(`mounts[${index}].source`, mount.source ?? '');
		}
	}
};

const checkTime = (place: string, milliseconds: number | undefined): void => {
	if (milliseconds !== undefined && !(Number.isSafeInteger(milliseconds) && milliseconds >= 0)) {
		refuse(place, `${milliseconds} is not a number of milliseconds`, 'give a whole number from 0 on');
	}
};

/** @throws ClocheError at the first thing that is wrong. */
export const validateSpec = (spec: ContainerSpec): void => {
	checkText('root.image', spec.root.image ?? '');
	if (spec.root.path !== undefined) {
		checkPath('root.path', spec.root.path);
	}

	checkProcess(spec);
	checkMounts(spec);
	checkTime('stopTimeout', spec.stopTimeout);
	checkTime('timeout', spec.timeout);
};
