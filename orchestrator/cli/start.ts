/** `cloche start`: starts kept containers, each by its own supervisor. */

import {ClocheError} from '../base/errors.js';
import {specOf} from '../container/spec-json.js';
import {startKept} from '../container/start-kept.js';
import {findContainer, type FoundContainer, isUp} from '../container/store/find.js';
import {socketPath, stateRoots, type StateRoots} from '../container/store/roots.js';
import type {Attachment} from './attach-stream.js';
import type {Command} from './commands.js';
import {detachKeysOption, readDetachKeys} from './detach-keys.js';
import {forEachContainer} from './each.js';
import {print, warn} from './output.js';
import {startLastingSupervisor} from './supervisor.js';

const startFound = async (roots: StateRoots, found: FoundContainer, beforeStart?: () => Promise<void>): Promise<void> => {
	await startKept(found, {roots, supervisor: await startLastingSupervisor(), beforeStart, launch: {onWarning: warning => {
		warn(warning.message);
	}}});
};

/** One that runs stays as it is, as for docker start. */
export const startOne = async (roots: StateRoots, word: string): Promise<void> => {
	const found = findContainer(roots, word);
	if (!isUp(found.state)) {
		await startFound(roots, found);
	}
};

/** Hears all of it, from the first byte; the exit status. */
const startAttached = async (roots: StateRoots, word: string, stdin: boolean, detachKeys: Buffer): Promise<number> => {
	const {attachTo} = await import('./attach-stream.js');
	const found = findContainer(roots, word);
	const {record, init} = found;
	const spec = specOf(record);
	const attach = (): Promise<Attachment> => attachTo(socketPath(roots, record.id), spec, {stdin, endInput: true, sigProxy: true, detachKeys, pid: isUp(found.state) ? init?.pid : undefined});
	if (isUp(found.state)) {
		return (await attach()).status;
	}

	let attachment: Attachment | undefined;
	try {
		await startFound(roots, found, async () => {
			attachment = await attach();
		});
	} catch (error) {
		attachment?.close();
		throw error;
	}

	return attachment?.status ?? 0;
};

const main: Command['main'] = async (operands, values, {root}) => {
	const roots = stateRoots({root});
	const interactive = values['interactive'] === true;
	const attached = interactive || values['attach'] === true;
	const detachKeys = readDetachKeys(values);
	const [word, another] = operands;
	if (word !== undefined && another === undefined) {
		if (attached) {
			return startAttached(roots, word, interactive, detachKeys);
		}

		// Alone, its own status tells: 127 where the command isn't there.
		await startOne(roots, word);
		print(`${word}\n`);
		return 0;
	}

	if (attached && word !== undefined) {
		throw new ClocheError('start', {why: 'only one container can be attached', remedy: 'name one, or leave out --attach and --interactive'});
	}

	return forEachContainer(operands, 'start', each => startOne(roots, each));
};

export const start: Command = {
	table: {
		name: 'start',
		operands: 'CONTAINER…',
		interspersed: true,
		summary: 'Start kept containers again; they run by themselves, and their names are printed.',
		description: [
			'Their files are as they were left, their log goes on. One that runs stays as it is.',
			'Exit status with --attach: the container\'s when it ends; 0 after the detach keys.',
		],
		groups: [{title: 'Options', options: [
			{name: 'attach', short: 'a', type: 'boolean', doc: 'stay with it: its output comes here, signals go there, we exit as it does'},
			{name: 'interactive', short: 'i', type: 'boolean', doc: 'the same, and our standard input is its own, if it was made with --interactive'},
			detachKeysOption,
		]}],
		examples: [['cloche start -ai shell', 'go on in a container that was made with cloche create -it --name shell host bash']],
	},
	main,
};
