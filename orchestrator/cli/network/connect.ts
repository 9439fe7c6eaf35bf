/** `cloche network connect`. */

import {ClocheError} from '../../base/errors.js';
import {connectContainer} from '../../container/network/connect.js';
import {normalizeAttachment} from '../../container/normalize-network.js';
import {findContainer} from '../../container/store/find.js';
import {stateRoots} from '../../container/store/roots.js';
import type {Command} from '../commands.js';
import {warn} from '../output.js';
import {startCommandSupervisor} from '../supervisor.js';
import {listOf, textOf} from '../values.js';

/** @returns the network and the container */
export const readPair = (operands: readonly string[], command: string): [network: string, container: string] => {
	const [network, container, ...more] = operands;
	if (network === undefined || container === undefined || more.length > 0) {
		throw new ClocheError(`network ${command}`, {why: operands.length < 2 ? 'it takes a network and a container' : `too many words: ${operands.join(' ')}`, remedy: `cloche network ${command} NETWORK CONTAINER`});
	}

	return [network, container];
};

export const connect: Command = {
	table: {
		name: 'network connect',
		operands: 'NETWORK CONTAINER',
		summary: 'Put a container on one more network, while it runs or before it is started again.',
		description: ['Others on the network find it by its name and id at once, and it finds them if it was made with a network.'],
		interspersed: true,
		groups: [{title: 'Options', options: [
			{name: 'alias', type: 'string', multiple: true, value: 'NAME', doc: 'one more name on this network'},
			{name: 'ip', type: 'string', value: 'ADDRESS', doc: 'its address there', default: 'the next free one'},
			{name: 'ip6', type: 'string', value: 'ADDRESS', doc: 'the same of IPv6'},
			{name: 'mac-address', type: 'string', value: 'ADDRESS', doc: 'its hardware address there', default: 'made of its address'},
		]}],
		examples: [['cloche network connect --alias primary backend db', 'db is found as db and as primary on backend']],
	},
	async main(operands, values, {root}) {
		const [network, container] = readPair(operands, 'connect');
		const roots = stateRoots({root});
		const attachment = normalizeAttachment(network, {
			alias: listOf(values['alias']), ip: textOf(values['ip']), ip6: textOf(values['ip6']), macAddress: textOf(values['mac-address']),
		}, option => `--${option === 'macAddress' ? 'mac-address' : option === 'networkAlias' ? 'alias' : option}`);
		for (const warning of await connectContainer(findContainer(roots, container), attachment, {roots, supervisor: startCommandSupervisor})) {
			warn(warning);
		}

		return 0;
	},
};
