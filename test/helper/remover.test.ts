/** A large tree's remover that can't be watched is ended before its channel is: nobody would hear of it. */

import {chownSync, existsSync, mkdirSync, statSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {type Fault, faulty, runWith} from './strace.js';
import {directoryFor, privileges} from './support.js';

// Root's anchor takes the first pidfd.
const faults: ReadonlyArray<readonly [Fault, (typeof privileges)[number]]> = [
	[{call: 'pidfd_open', error: 'EMFILE', when: 2}, 'root'],
	[{call: 'pidfd_open', error: 'EMFILE', when: 1}, 'rootless'],
];

for (const [fault, privilege] of faults.filter(([, privilege]) => privileges.includes(privilege))) {
	faulty(`${privilege}: a remover without a pidfd leaves what it hadn't removed, with a warning that says why`, async t => {
		const tree = join(directoryFor(t, privilege), 'tree');
		const {struck, error, exit, warnings, ended, plan} = await runWith(t, privilege, fault, full => {
			mkdirSync(tree, {mode: 0o777});
			for (let file = 0; file < 10_000; file++) {
				writeFileSync(join(tree, String(file)), '');
			}

			const {uid, gid} = statSync(dirname(tree));
			chownSync(tree, uid, gid);
			return {...full, remove: [tree, ...full.remove]};
		});
		t.is(struck, 1);
		t.is(error, undefined);
		t.is(exit?.code, 0);
		t.like(warnings, {length: 1, 0: {step: 'remove', path: tree, code: 'EMFILE'}});
		t.true(existsSync(plan.state), 'the claim tells gc of the rest');
		t.true(existsSync(tree));
		t.is(ended, 'status 0');
	});
}
