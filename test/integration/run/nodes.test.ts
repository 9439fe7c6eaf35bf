/** However Node is set, and however nsinit is spawned, a run is the same. */

import test from 'ava';
import {cloche, withProbe} from '../support/cloche.js';

const settings: ReadonlyArray<readonly [string, Readonly<Record<string, string>>]> = [
	['through child_process', {CLOCHE_FORGO_BINDINGS: '1'}],
	['where deprecations are told', {NODE_PENDING_DEPRECATION: '1'}],
	['where deprecations are thrown', {NODE_OPTIONS: '--pending-deprecation --throw-deprecation'}],
];

for (const [title, env] of settings) {
	test(`${title}: the command's streams, status and signal, and nothing more on stderr`, async t => {
		const said = await cloche(['run', '-i', 'busybox', 'sh', '-c', 'cat; echo error >&2; exit 42'], {env, input: 'cloche'});
		t.like(said, {status: 42, stdout: 'cloche', stderr: 'error\n'});
		const killed = await cloche(['run', '--init', ...withProbe, 'busybox', '/probe', 'kill', '15'], {env});
		t.like(killed, {status: 143, stdout: '', stderr: ''});
	});

	test(`${title}: a helper that isn't there is one line`, async t => {
		const {status, stdout, stderr} = await cloche(['run', 'busybox', 'true'], {env: {...env, CLOCHE_NSINIT: '/nowhere/nsinit'}});
		t.like({status, stdout}, {status: 125, stdout: ''});
		t.regex(stderr, /^cloche: [^\n]*\/nowhere\/nsinit[^\n]*\n$/);
	});
}
