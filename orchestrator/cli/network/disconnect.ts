/** `cloche network disconnect`. */

import {disconnectContainer} from '../../container/network/connect.js';
import {findContainer} from '../../container/store/find.js';
import {stateRoots} from '../../container/store/roots.js';
import type {Command} from '../commands.js';
import {startCommandSupervisor} from '../supervisor.js';
import {readPair} from './connect.js';

export const disconnect: Command = {
	table: {
		name: 'network disconnect',
		operands: 'NETWORK CONTAINER',
		summary: 'Take a container off a network: its link there is gone, and so are its names.',
		interspersed: true,
		groups: [],
		examples: [['cloche network disconnect backend db', 'nobody on backend finds db any more']],
	},
	async main(operands, _values, {root}) {
		const [network, container] = readPair(operands, 'disconnect');
		const roots = stateRoots({root});
		await disconnectContainer(findContainer(roots, container), network, {roots, supervisor: startCommandSupervisor});
		return 0;
	},
};
