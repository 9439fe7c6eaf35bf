/** `cloche lab up`. */

import {constants} from 'node:os';
import {dirname, resolve} from 'node:path';
import {ClocheError} from '../../base/errors.js';
import {readLab} from '../../container/lab/read.js';
import {raiseLab} from '../../container/lab/up.js';
import {stateRoots} from '../../container/store/roots.js';
import type {Command} from '../commands.js';
import {textOf} from '../values.js';
import {print, warn} from '../output.js';
import {startLastingSupervisor} from '../supervisor.js';
import {readDefinition} from './file.js';

/** What ends the command ends all that has come up by then. */
const endedBySignals = (): AbortSignal => {
	const controller = new AbortController();
	for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
		// Once: who can't wait asks again.
		process.once(signal, () => {
			controller.abort(new ClocheError('the lab didn\'t come up', {why: signal, exitCode: 128 + constants.signals[signal]}));
		});
	}

	return controller.signal;
};

export const up: Command = {
	table: {
		name: 'lab up',
		operands: 'FILE',
		summary: 'Make the networks that FILE declares, in a network namespace of their own, and start its containers on them, in the order of the file. All of it, or nothing.',
		description: [
			'FILE is YAML or JSON (- is standard input): name, networks, router, outbound, containers; docs/network.md has all of it. Relative paths start from its directory.',
			'Each container is called LAB-NAME, and by its NAME on its networks. Nothing of it appears among this machine\'s own links, routes and rules.',
		],
		interspersed: true,
		groups: [{title: 'Options', options: [{name: 'name', type: 'string', value: 'LAB', doc: 'what it is called, whatever the file says'}]}],
		examples: [
			['cloche lab up topology.yaml', 'networks and containers'],
			['cloche lab up --name second topology.yaml', 'the same once more, beside it, with the same addresses'],
		],
	},
	async main(operands, values, {root}) {
		const [file, ...more] = operands;
		if (file === undefined || more.length > 0) {
			throw new ClocheError('lab up', {why: file === undefined ? 'no file given' : `more than one file: ${operands.join(' ')}`, remedy: 'give one'});
		}

		const definition = await readDefinition(file);
		const name = textOf(values['name']);
		const lab = readLab(name === undefined ? definition : {...definition, name}, undefined);
		const raised = await raiseLab(stateRoots({root}), lab, {
			cwd: file === '-' ? process.cwd() : dirname(resolve(file)),
			supervisor: startLastingSupervisor,
			signal: endedBySignals(),
			onWarning: warning => {
				warn(warning.message);
			},
		});
		print(raised.map(({name: called, id}) => `${id} ${called}\n`).join(''));
		return 0;
	},
};
