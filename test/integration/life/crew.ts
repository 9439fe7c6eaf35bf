/**
 * One of several orchestrators on one state root: `crew.ts ROOT COUNT`. Starts as many containers, one after the other,
 * enters each, stops it and removes it. Prints nothing where all went well.
 */

import {openCloche} from '../../../orchestrator/index.js';

const [root = '', count = '0'] = process.argv.slice(2);
await using cloche = await openCloche({root});
for (let at = 0; at < Number(count); at++) {
	const name = `c${process.pid}-${at}`;
	const container = await cloche.start('busybox', ['sleep', '1000'], {name});
	const {stdout} = await container.exec(['hostname']);
	if (stdout !== container.id) {
		throw new Error(`${name} is ${container.id}, and says ${stdout}`);
	}

	await container.stop();
	const {state} = await container.inspect();
	if (state.status !== 'exited') {
		throw new Error(`${name} is ${state.status} after stop`);
	}

	await container.remove();
}
