/** Many processes work on one state root's names and containers at once. */

import {readdirSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import test from 'ava';
import {execa} from 'execa';
import {collectGarbage} from '../../orchestrator/container/store/gc.js';
import {readClaims} from '../../orchestrator/container/store/claim.js';
import {namesDirectory} from '../../orchestrator/container/store/roots.js';
import {scratchRoots} from '../unit/container/state/scratch.js';

const contender = fileURLToPath(new URL('contender.ts', import.meta.url));
const ROUNDS = 100;

test('eight processes, some of which die: one at a time has the name, nobody touches the living, nothing is left', async t => {
	const roots = scratchRoots(t);
	const run = async (...args: string[]) => execa(process.execPath, ['--import=tsx', contender, roots.data, String(ROUNDS), ...args], {reject: false});
	const results = await Promise.all([run(), run(), run(), run(), run('20'), run('40'), run('60'), run('80')]);
	const survivors = results.slice(0, 4);
	for (const {exitCode, stderr} of survivors) {
		t.is(exitCode, 0, stderr);
	}

	for (const {signal} of results.slice(4)) {
		t.is(signal, 'SIGKILL');
	}

	t.true(survivors.reduce((sum, {stdout}) => sum + Number(stdout), 0) > ROUNDS / 10);
	t.deepEqual(collectGarbage(roots).problems, []);
	t.deepEqual(readClaims(roots), {claims: [], unknown: []});
	t.deepEqual(readdirSync(`${roots.data}/containers`), []);
	t.deepEqual(readdirSync(namesDirectory(roots)).filter(name => readdirSync(`${namesDirectory(roots)}/${name}`).length > 0), []);
});
