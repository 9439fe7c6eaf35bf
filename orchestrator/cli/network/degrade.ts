/** `cloche network degrade`. */

import {ClocheError} from '../../base/errors.js';
import {degradeContainer} from '../../container/faults.js';
import {readHarm} from '../../container/options/degradation.js';
import {stateRoots} from '../../container/store/roots.js';
import type {Command} from '../commands.js';
import {textOf} from '../values.js';

export const degrade: Command = {
	table: {
		name: 'network degrade',
		operands: 'CONTAINER',
		summary: 'Make the links of a running container bad: packets are lost, come late, or get through at a rate.',
		description: [
			'What is given adds to what is wrong already; the same again replaces what it was, and a zero takes it away. What is asked for on all of a link and on the way to one container applies one after the other.',
			'Delay and jitter need a kernel with netem.',
		],
		interspersed: true,
		groups: [{title: 'Options', options: [
			{name: 'loss', type: 'string', value: 'PERCENT', doc: 'of packets that are lost, of those sent and of those received, as 10%'},
			{name: 'delay', type: 'string', value: 'DURATION', doc: 'what is sent arrives so much later, as 100ms'},
			{name: 'jitter', type: 'string', value: 'DURATION', doc: '… give or take, as 10ms'},
			{name: 'rate', type: 'string', value: 'RATE', doc: 'as 1mbit: what is sent waits, what is received beyond it is lost'},
			{name: 'to', type: 'string', value: 'CONTAINER', doc: 'only on the way to this container, and from it'},
			{name: 'network', type: 'string', value: 'NETWORK', doc: 'only on this network', default: 'all that it is on'},
		]}],
		examples: [
			['cloche network degrade db --loss 10% --rate 1mbit', 'as over a bad radio link'],
			['cloche network degrade db --delay 40ms --jitter 5ms --to replica', 'as if one were far away'],
		],
	},
	async main([word, ...more], values, {root}) {
		if (word === undefined || more.length > 0) {
			throw new ClocheError('network degrade', {why: word === undefined ? 'no container given' : `more than one container: ${[word, ...more].join(' ')}`, remedy: 'name one; --to names the other end'});
		}

		const [loss, delay, jitter, rate] = ['loss', 'delay', 'jitter', 'rate'].map(name => textOf(values[name]));
		const harm = readHarm({loss, delay, jitter, rate}, option => `--${option}`);
		await degradeContainer(stateRoots({root}), word, harm, {to: textOf(values['to']), network: textOf(values['network'])});
		return 0;
	},
};
