/** `cloche port`. */

import {ClocheError} from '../base/errors.js';
import {insideText, outsideText} from '../container/network/ports.js';
import {readPorts} from '../container/network/published.js';
import {findContainer} from '../container/store/find.js';
import {stateRoots} from '../container/store/roots.js';
import type {Command} from './commands.js';
import {print} from './output.js';

const readWanted = (word: string): string => {
	const [, number, protocol = 'tcp'] = /^(\d{1,5})(?:\/(tcp|udp))?$/.exec(word) ?? [];
	if (number === undefined) {
		throw new ClocheError(`port ${word}`, {why: 'not a port', remedy: 'give one inside, as 80 or 53/udp'});
	}

	return `${Number(number)}/${protocol}`;
};

export const port: Command = {
	table: {
		name: 'port',
		operands: 'CONTAINER [PORT[/udp]]',
		summary: 'Print where the published ports of a container are reached; or where one of them is.',
		interspersed: true,
		groups: [],
		examples: [['cloche port web 80', '0.0.0.0:8080']],
	},
	main(operands, _values, {root}) {
		const [word, wanted, ...more] = operands;
		if (word === undefined || more.length > 0) {
			throw new ClocheError('port', {why: word === undefined ? 'no container given' : `too many words: ${operands.join(' ')}`, remedy: 'cloche port CONTAINER [PORT]'});
		}

		const roots = stateRoots({root});
		const inside = wanted === undefined ? undefined : readWanted(wanted);
		const {record, state} = findContainer(roots, word);
		const ports = readPorts(roots, record.id);
		if (inside === undefined) {
			print(ports.map(each => `${insideText(each)} -> ${outsideText(each)}\n`).join(''));
			return 0;
		}

		const found = ports.filter(each => insideText(each) === inside);
		if (found.length === 0) {
			throw new ClocheError('the port isn\'t published', {where: `${word} ${inside}`, why: ports.length === 0 ? `it is ${state}, and has none` : `it has ${[...new Set(ports.map(each => insideText(each)))].join(', ')}`});
		}

		print(found.map(each => `${outsideText(each)}\n`).join(''));
		return 0;
	},
};
