/** `cloche exec`. */

import {ClocheError} from '../base/errors.js';
import {type Entrance, findEntrance} from '../container/entrance.js';
import {execute} from '../container/execution.js';
import {exitStatus} from '../container/lifecycle.js';
import {type NormalExec, normalizeExec} from '../container/normalize-exec.js';
import {findContainer} from '../container/store/find.js';
import {stateRoots} from '../container/store/roots.js';
import {choiceOf, labelOf} from './choice.js';
import type {Command, CommandValues} from './commands.js';
import {execTable} from './exec-table.js';
import {warn} from './output.js';
import {SignalForwarder} from './signals.js';
import {startCommandSupervisor, startLastingSupervisor} from './supervisor.js';

const readExec = (command: readonly string[], values: CommandValues): NormalExec =>
	normalizeExec(command, choiceOf(values, ['detach']), {label: labelOf, env: process.env});

const hearWarnings = {
	onWarning: ({message}: ClocheError): void => {
		warn(message);
	},
};

/** Until it has ended. */
const executeHere = async (entrance: Entrance, {options, life, interactive}: NormalExec): Promise<number> => {
	const supervisor = await startCommandSupervisor();
	const signals = new SignalForwarder();
	// A process can be quicker than we are; until here a signal ends us, and there is nobody else.
	signals.begin();
	const {lifecycle, outcome, released} = execute(entrance, options, {
		supervisor, life,
		streams: {stdin: interactive ? 0 : 'null', stdout: 1, stderr: 2},
		launch: hearWarnings,
	});
	signals.sendTo(lifecycle);
	try {
		return exitStatus(await outcome);
	} finally {
		await released.catch(() => undefined); // The outcome tells why.
	}
};

/** Until it runs; it is left to a supervisor of its own. */
const executeDetached = async (entrance: Entrance, {options, life}: NormalExec): Promise<number> => {
	const supervisor = await startLastingSupervisor();
	const {launch} = execute(entrance, options, {supervisor, life, streams: {stdin: 'null', stdout: 1, stderr: 2}, launch: hearWarnings});
	await launch.running;
	supervisor.detach();
	return 0;
};

const main: Command['main'] = ([word, ...command], values, globals) => {
	if (word === undefined) {
		throw new ClocheError('exec', {why: 'no container given', remedy: 'name one, then the command'});
	}

	const asked = readExec(command, values);
	if (asked.interactive && values['detach'] === true) {
		throw new ClocheError('--interactive', {why: 'with --detach nobody is there to type', remedy: 'leave out one of them'});
	}

	const entrance = findEntrance(findContainer(stateRoots({root: globals.root}), word));
	return values['detach'] === true ? executeDetached(entrance, asked) : executeHere(entrance, asked);
};

export const exec: Command = {table: execTable, main};
