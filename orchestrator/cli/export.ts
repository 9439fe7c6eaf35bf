/** `cloche export`: a container's root as tar. */

import {closeSync, openSync, renameSync, rmSync, statSync} from 'node:fs';
import {isatty} from 'node:tty';
import {ClocheError} from '../base/errors.js';
import {newId} from '../base/id.js';
import {exportContainer} from '../container/files/export.js';
import {findContainer} from '../container/store/find.js';
import {stateRoots} from '../container/store/roots.js';
import type {Command} from './commands.js';
import {requireOne} from './each.js';
import {warn} from './output.js';

/** A file gets its name when it is whole; a device or a pipe is written as it is. */
const exportTo = async (path: string, write: (descriptor: number) => Promise<void>): Promise<void> => {
	const special = statSync(path, {throwIfNoEntry: false})?.isFile() === false;
	const file = special ? path : `${path}.${newId()}.part`;
	let descriptor: number;
	try {
		descriptor = openSync(file, special ? 'w' : 'wx', 0o600);
	} catch (cause) {
		throw new ClocheError('cannot write the export', {where: path, cause});
	}

	try {
		await write(descriptor);
		if (!special) {
			renameSync(file, path);
		}
	} catch (error) {
		if (!special) {
			rmSync(file, {force: true});
		}

		throw error;
	} finally {
		closeSync(descriptor);
	}
};

const main: Command['main'] = async (operands, values, {root}) => {
	const word = requireOne(operands, 'export');
	const path = values['output'];
	const roots = stateRoots({root});
	const found = findContainer(roots, word);
	if (typeof path !== 'string') {
		if (isatty(1)) {
			throw new ClocheError('export', {why: 'standard output is a terminal', remedy: 'give -o FILE, or redirect it'});
		}

		await exportContainer(found, roots, 1, warn);
		return 0;
	}

	await exportTo(path, async descriptor => exportContainer(found, roots, descriptor, warn));
	return 0;
};

export const exportCommand: Command = {
	table: {
		name: 'export',
		operands: 'CONTAINER',
		summary: 'Write a container\'s root as a tar stream, without volumes and what else is mounted on it.',
		description: ['It may run or not. Extended attributes and fractions of seconds aren\'t in it.'],
		interspersed: true,
		groups: [{title: 'Options', options: [{name: 'output', short: 'o', type: 'string', value: 'FILE', doc: 'write to this file', default: 'standard output'}]}],
		examples: [['cloche export -o db.tar db', 'to a file']],
	},
	main,
};
