/** What lies beyond a machine: a network namespace that its default route leads to. */

import {Namespace} from './scene.js';

/** The machine's address out there, and the world's own (RFC 5737). */
export const MACHINE = '198.51.100.1';
export const WORLD = '198.51.100.2';

export const makeWorld = async (machine: Namespace): Promise<Namespace> => {
	const world = await Namespace.make();
	machine.run('ip', 'link', 'add', 'up0', 'type', 'veth', 'peer', 'name', 'down0', 'netns', `${world.pid}`);
	machine.run('ip', 'address', 'add', `${MACHINE}/24`, 'dev', 'up0');
	machine.run('ip', 'link', 'set', 'up0', 'up');
	world.run('ip', 'address', 'add', `${WORLD}/24`, 'dev', 'down0');
	world.run('ip', 'link', 'set', 'down0', 'up');
	machine.run('ip', 'route', 'add', 'default', 'via', WORLD);
	return world;
};
