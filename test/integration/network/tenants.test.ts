/** Many networks come and go, several at a time, with containers that reach each other. */

import {mkdirSync, readdirSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {cloche, directoryOf, remains} from '../support/cloche.js';
import {repository} from '../support/installed.js';
import {gone} from '../support/marked.js';
import {scene} from './scene.js';

const NETWORKS = 100;
const TENANTS = 8;
const tenant = fileURLToPath(new URL('tenant.ts', import.meta.url));

scene(`${NETWORKS} networks of five containers come and go, ${TENANTS} at a time: no subnet or address is two's at once, and nothing is left`, async ({t, net, root, place: {mark, invocation}, well}) => {
	// Some processors' minute and a half, on a machine that may have little of that to give.
	t.timeout(600_000);
	const claims = join(directoryOf('root'), 'claims');
	mkdirSync(claims);
	const names = Array.from({length: NETWORKS}, (_, index) => `n${index}`);
	const ended = await Promise.all(Array.from({length: TENANTS}, async (_, index) => cloche(
		[root, claims, ...names.filter((_name, at) => at % TENANTS === index)],
		{...invocation, program: [...net.enter, process.execPath, '--import=tsx', tenant], cwd: repository},
	)));
	t.deepEqual(ended.map(({status, stderr}) => ({status, stderr})), ended.map(() => ({status: 0, stderr: ''})));
	const had = ended.map(({stdout}) => JSON.parse(stdout) as {subnets: number; addresses: number});
	t.is(had.reduce((sum, {subnets}) => sum + subnets, 0), NETWORKS);
	t.is(had.reduce((sum, {addresses}) => sum + addresses, 0), 5 * NETWORKS);
	t.deepEqual(readdirSync(claims), []);
	await gone(mark);
	t.is(await well('network', 'ls', '-q'), '');
	t.deepEqual(remains(root), []);
	t.deepEqual(readdirSync(join(root, 'networks')), []);
});
