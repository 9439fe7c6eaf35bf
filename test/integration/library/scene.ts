/** A library on a state root of its own. */

import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {type Cloche, openCloche} from '../../../orchestrator/index.js';
import {directoryOf, remains} from '../support/cloche.js';

/**
 * A test with one; when that is closed, nothing may be left.
 *
 * @param remainsIn what else there would be, by the state root
 */
export const library = (title: string, show: (t: ExecutionContext, cloche: Cloche) => Promise<void>, remainsIn?: (root: string) => Promise<string[]>): void => {
	test(title, async t => {
		const root = join(directoryOf(), 'state');
		const cloche = await openCloche({root});
		try {
			await show(t, cloche);
		} finally {
			await cloche.close();
		}

		t.deepEqual([...remains(root), ...await remainsIn?.(root) ?? []], []);
	});
};
