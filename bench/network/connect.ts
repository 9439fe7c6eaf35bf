/** A container that runs already goes onto a network, beside what the kernel takes for that alone: bench/linker.c. */

import {fileURLToPath} from 'node:url';
import type {Scope} from '../../orchestrator/base/scope.js';
import type {Subject} from '../rounds.js';
import {tryCommand} from '../spawn.js';
import {addressOn, type Ground, type Network} from './ground.js';

/** In the names of the series. */
export const CONNECT = 'connect';
export const DISCONNECT = 'disconnect';
export const CONNECT_FLOOR = 'connect floor';

const LINKER = fileURLToPath(new URL('linker', import.meta.url));
const BURST = 3;

/** The highest that a /24 has: of containers, the last one would get it. */
const HIGHEST = 254;

/** @param home where the container is from the beginning, so that it has a resolver as most have */
export const connectSubjects = async ({door}: Ground, home: Network, network: Network, scope: Scope): Promise<Subject[]> => {
	const container = scope.use(await door.start('busybox', ['sleep', '100000'], {network: home.name}));
	const floor = [LINKER, '-n', `${BURST}`, network.bridge, `${addressOn(network, HIGHEST)}/${network.prefix}`, network.gateway];
	return [
		{name: CONNECT, every: 1, async measure(record) {
			for (let run = 0; run < BURST; run++) {
				const begin = performance.now();
				await container.connect(network.name);
				const connected = performance.now();
				await container.disconnect(network.name);
				record(CONNECT, connected - begin);
				record(DISCONNECT, performance.now() - connected);
			}
		}},
		{name: CONNECT_FLOOR, every: 1, async measure(record) {
			for (const nanoseconds of (await tryCommand(floor)).trimEnd().split('\n')) {
				record(CONNECT_FLOOR, Number(nanoseconds) / 1e6);
			}
		}},
	];
};
