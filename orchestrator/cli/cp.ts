/** `cloche cp`: files into and out of a container. */

import {createReadStream} from 'node:fs';
import {isatty} from 'node:tty';
import {ClocheError} from '../base/errors.js';
import {copyFromStdin, copyIn, type CopyOptions, copyOut, copyToStdout} from '../container/files/copy.js';
import {enterContainer} from '../container/files/inside.js';
import {splitOperand} from '../container/files/rules.js';
import {findContainer} from '../container/store/find.js';
import {stateRoots} from '../container/store/roots.js';
import {isPrivileged} from '../host/privilege.js';
import type {Command} from './commands.js';
import {printAside, warn} from './output.js';

const refuseOperands = (why: string): ClocheError => new ClocheError('cp', {why, remedy: 'give cloche cp CONTAINER:PATH DEST, or cloche cp SRC CONTAINER:PATH; - is a tar stream'});

const main: Command['main'] = async (operands, values, {root}) => {
	const [from, to, ...more] = operands;
	if (from === undefined || to === undefined || more.length > 0) {
		throw refuseOperands(`it takes two operands, and these are ${operands.length}`);
	}

	const [source, destination] = [splitOperand(from), splitOperand(to)];
	const container = source?.container ?? destination?.container;
	if (container === undefined || (source !== undefined && destination !== undefined)) {
		throw refuseOperands(source === undefined ? 'neither of the two is in a container' : 'both are in containers');
	}

	if ((source?.path ?? destination?.path) === '') {
		throw refuseOperands('no path after the colon');
	}

	const stream = (source === undefined ? from : to) === '-';
	const options: CopyOptions = {archive: values['archive'] === true, followLink: values['follow-link'] === true, onWarning: warn};
	if (options.archive && !stream && !isPrivileged()) {
		throw new ClocheError('cp --archive', {why: 'only root can give files to other users', remedy: 'leave it out; a tar stream (-) keeps what owners it tells of'});
	}

	if (stream && isatty(source === undefined ? 0 : 1)) {
		throw new ClocheError('cp -', {why: `standard ${source === undefined ? 'input' : 'output'} is a terminal`, remedy: 'redirect it, or use a pipe'});
	}

	const roots = stateRoots({root});
	await using inside = await enterContainer(findContainer(roots, container), roots);
	if (source !== undefined && stream) {
		await copyToStdout(inside, source.path, options);
		return 0;
	}

	const bytes = source === undefined
		? stream ? await copyFromStdin(inside, destination?.path ?? '', createReadStream('', {fd: 0, autoClose: false}), options) : await copyIn(inside, from, destination?.path ?? '', process.cwd(), options)
		: await copyOut(inside, source.path, to, process.cwd(), options);
	if (values['quiet'] !== true && isatty(2)) {
		printAside(`copied ${bytes} bytes (as tar) to ${to}\n`);
	}

	return 0;
};

export const cp: Command = {
	table: {
		name: 'cp',
		operands: 'CONTAINER:PATH DEST|- or cloche cp SRC|- CONTAINER:PATH',
		summary: 'Copy files between a container and this machine, as docker cp.',
		description: [
			'The container may run or not. Its paths start from /. A directory goes into a DEST that is one, under its own name; SRC/. is what is in it. What is missing is made, but not the directories above it.',
			'With - it is a tar stream on standard output, or, plain or through gzip, on standard input. A path of this machine with a colon in it has a / before that: ./a:b.',
		],
		interspersed: true,
		groups: [{
			title: 'Options', options: [
				{name: 'archive', short: 'a', type: 'boolean', doc: 'keep owners and set-id bits; without, all is root\'s inside and yours here'},
				{name: 'follow-link', short: 'L', type: 'boolean', doc: 'where the source is a link, copy what it leads to'},
				{name: 'quiet', short: 'q', type: 'boolean', doc: 'don\'t tell on a terminal how much it was'},
			],
		}],
		examples: [
			['cloche cp db:/var/log ./logs', 'out of a container'],
			['cloche cp ./fixtures/. db:/data', 'into one, without the directory itself'],
			['cloche cp db:/etc - | tar t', 'as a tar stream'],
		],
	},
	main,
};
