/**
 * One of several processes that work on the same state root at once: `contender.ts ROOT ROUNDS [DIE_AFTER]`.
 *
 * Each round it claims one name that all of them want, and checks that it alone has it; and it makes a container without
 * a name while all collect garbage, and checks that nobody touches it. With DIE_AFTER it kills itself then, holding both.
 * It prints how often it got the name.
 */

import {closeSync, existsSync, mkdirSync, openSync, unlinkSync} from 'node:fs';
import {ClocheError} from '../../orchestrator/base/errors.js';
import {identify} from '../../orchestrator/base/process.js';
import {type StoredContainer, createContainer} from '../../orchestrator/container/store/create.js';
import {collectGarbage} from '../../orchestrator/container/store/gc.js';
import {releaseName} from '../../orchestrator/container/store/names.js';
import {removeTree} from '../../orchestrator/container/store/remove-tree.js';
import {stateRoots} from '../../orchestrator/container/store/roots.js';

const [root = '', rounds = '0', dieAfter = '-1'] = process.argv.slice(2);
const roots = stateRoots({root});
const owner = identify(process.pid);
if (owner === undefined) {
	throw new Error('who am I?');
}

const what = {image: 'busybox', lowers: ['/l'], driver: 'overlay', command: ['true'], keep: false, owner};

const remove = (stored: StoredContainer): void => {
	for (const path of stored.remove) {
		if (path.includes('/names/')) {
			releaseName(roots, 'wanted', stored.id);
		} else {
			removeTree(path);
		}
	}
};

const tryName = (): StoredContainer | undefined => {
	try {
		return createContainer(roots, {...what, name: 'wanted'});
	} catch (error) {
		if (error instanceof ClocheError && error.message.startsWith('the name is taken')) {
			return undefined;
		}

		throw error;
	}
};

let wins = 0;
for (let round = 0; round < Number(rounds); round++) {
	const nameless = createContainer(roots, what);
	mkdirSync(`${nameless.directory}/upper`);
	const {problems} = collectGarbage(roots);
	const named = tryName();
	if (named !== undefined) {
		wins++;
		// Fails if anyone else is in here.
		closeSync(openSync(`${root}/witness`, 'wx'));
		unlinkSync(`${root}/witness`);
	}

	if (problems.length > 0 || !existsSync(`${nameless.directory}/upper`) || (named !== undefined && !existsSync(named.directory))) {
		throw new Error(`a living container was touched, or: ${problems.map(String).join(', ')}`);
	}

	if (round === Number(dieAfter)) {
		process.kill(process.pid, 'SIGKILL');
	}

	remove(nameless);
	if (named !== undefined) {
		remove(named);
	}
}

process.stdout.write(`${wins}\n`);
