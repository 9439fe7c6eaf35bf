/**
 * One of several processes that put containers on a network at once: `lessee.ts ROOT NETWORK COUNT [VERB…]`. Each container is
 * claimed as its supervisor would, but nothing runs. What was got is printed, a JSON line for each. Verbs, in order:
 *
 *     keep           hold all until the end (without it each is given back at once)
 *     ip=ADDRESS     ask for it
 *     alias=NAME     ask for it
 *     live           join as one that runs
 *     leave          disconnect again
 *     die            kill ourselves with all of it
 */

import {mkdirSync, rmSync} from 'node:fs';
import {describeError} from '../../../orchestrator/base/errors.js';
import {newId} from '../../../orchestrator/base/id.js';
import {identify} from '../../../orchestrator/base/process.js';
import {dropClaim, makeClaim} from '../../../orchestrator/container/store/claim.js';
import {networkRoots} from '../../../orchestrator/container/store/networks.js';
import {runDirectory, stateRoots} from '../../../orchestrator/container/store/roots.js';
import {attach, detach} from '../../../orchestrator/network/attach.js';

const [root = '', network = '', count = '1', ...verbs] = process.argv.slice(2);
const roots = stateRoots({root});
const owner = identify(process.pid);
if (owner === undefined) {
	throw new Error('who am I?');
}

const valuesOf = (key: string): string[] => verbs.filter(verb => verb.startsWith(`${key}=`)).map(verb => verb.slice(key.length + 1));

mkdirSync(roots.run, {recursive: true});
for (let number = 0; number < Number(count); number++) {
	const id = newId();
	const claim = makeClaim(roots, id, owner);
	try {
		const {link, names, remove, warnings} = await attach(networkRoots(roots), network, {containerId: id, name: `c-${id}`, aliases: valuesOf('alias')}, {ips: valuesOf('ip'), live: verbs.includes('live')});
		console.log(JSON.stringify({id, ...link, mac: Buffer.from(link.mac).toString('hex'), names, remove, warnings}));
		if (verbs.includes('leave')) {
			console.log(JSON.stringify({left: await detach(networkRoots(roots), network, id)}));
		}

		if (!verbs.includes('keep')) {
			// As the helper does, in this order.
			for (const path of [...remove, runDirectory(roots, id)]) {
				rmSync(path, {recursive: true, force: true});
			}

			if (claim !== undefined) {
				dropClaim(claim);
			}
		}
	} catch (error) {
		console.log(JSON.stringify({id, error: describeError(error)}));
		if (claim !== undefined) {
			dropClaim(claim);
		}
	}
}

if (verbs.includes('die')) {
	process.kill(process.pid, 'SIGKILL');
}
