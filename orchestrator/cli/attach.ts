/** `cloche attach`. */

import {ClocheError} from '../base/errors.js';
import {specOf} from '../container/spec-json.js';
import {findContainer} from '../container/store/find.js';
import {socketPath, stateRoots} from '../container/store/roots.js';
import {isGone} from '../helper/client.js';
import {attachTo} from './attach-stream.js';
import type {Command} from './commands.js';
import {detachKeysOption, readDetachKeys} from './detach-keys.js';
import {requireOne} from './each.js';

/** @throws ClocheError that tells why there is nobody to listen to */
const main: Command['main'] = async (operands, values, {root}) => {
	const word = requireOne(operands, 'attach');
	const detachKeys = readDetachKeys(values);
	const roots = stateRoots({root});
	const {record, state, init} = findContainer(roots, word);
	if (state === 'created' || state === 'exited' || state === 'dead') {
		throw new ClocheError('the container isn\'t running', {where: word, why: `it is ${state}`, remedy: record.keep ? `cloche start --attach ${word} starts it` : undefined});
	}

	if (record.detached !== true) {
		throw new ClocheError('cannot attach', {where: word, why: 'it isn\'t detached: its streams are those of whoever started it', remedy: 'cloche exec runs another command in it'});
	}

	try {
		const {status} = await attachTo(socketPath(roots, record.id), specOf(record), {
			stdin: values['no-stdin'] !== true,
			sigProxy: values['sig-proxy'] !== false,
			detachKeys,
			pid: init?.pid,
			redraw: true,
		});
		return await status;
	} catch (error) {
		throw isGone(error) ? new ClocheError('the container isn\'t running', {where: word, why: 'its supervisor has just gone', cause: error}) : error;
	}
};

export const attach: Command = {
	table: {
		name: 'attach',
		operands: 'CONTAINER',
		interspersed: true,
		summary: 'Be at the terminal or the streams of a container that runs detached.',
		description: [
			'What it writes from now on comes to our standard output and error; what is typed goes to it, if it was started with --interactive. Several can be attached at once. The detach keys leave it alone again; where it has no terminal, signals go to it.',
			'Exit status: the container\'s when it ends; 0 after the detach keys; 125 if Cloche failed.',
		],
		groups: [{
			title: 'Options',
			options: [
				{name: 'no-stdin', type: 'boolean', doc: 'only listen'},
				detachKeysOption,
				{name: 'sig-proxy', type: 'boolean', doc: 'pass signals on to one without a terminal; --sig-proxy=false: they end only us', default: 'true'},
			],
		}],
	},
	main,
};
