/** prune: what doesn't run goes, what runs stays; it asks at a terminal. */

import {remains, cloche} from '../support/cloche.js';
import {everybody} from '../support/place.js';

everybody('ended ones and ones that were never started go; what runs stays', async (t, {well, run, root}) => {
	const ended = await well('run', '-d', '--name', 'ended', 'busybox', 'sh', '-c', 'head -c 1000000 /dev/zero >/big');
	const created = await well('create', 'busybox', 'true');
	const up = await well('run', '-d', '--name', 'up', 'busybox', 'sleep', '1000');
	await well('wait', 'ended');
	const {status, stdout, stderr} = await run('prune', '--force');
	t.is(status, 0, stderr);
	t.deepEqual(stdout.trim().split('\n').sort(), [ended, created].sort());
	t.regex(stderr, /^Reclaimed 1\.\d+MB\.\n$/);
	t.is(await well('ps', '-aq', '--no-trunc'), up);
	await well('rm', '-f', 'up');
	t.deepEqual(remains(root), []);
});

everybody('filters: by label, by age', async (t, {well, run}) => {
	await well('run', '-d', '--name', 'plain', 'busybox', 'true');
	await well('run', '-d', '--name', 'mine', '--label', 'of=me', 'busybox', 'true');
	await well('run', '-d', '--name', 'yours', '--label', 'of=you', 'busybox', 'true');
	await well('wait', 'plain', 'mine', 'yours');
	t.is((await run('prune', '-f', '--filter', 'until=1h')).status, 0);
	t.is((await run('prune', '-f', '--filter', 'label=of=me')).status, 0);
	t.is(await well('ps', '-a', '--format', '{{.Names}}', '--filter', 'name=mine'), '');
	t.is((await run('prune', '-f', '--filter', 'label!=of=you')).status, 0);
	t.is(await well('ps', '-a', '--format', '{{.Names}}'), 'yours');
	t.is((await run('prune', '-f', '--filter', 'until=soon')).status, 125);
	t.is((await run('prune', '-f', '--filter', 'color=red')).status, 125);
	t.is((await run('prune', '-f', '--filter', 'until=0s')).status, 0);
	t.is(await well('ps', '-aq'), '');
});

everybody('without --force it asks at a terminal, and where there is none it refuses', async (t, {well, fails, invocation}) => {
	await well('run', '-d', '--name', 'one', 'busybox', 'true');
	await well('wait', 'one');
	t.regex(await fails('prune'), /no terminal to ask at; give --force/);
	const {status} = await cloche(['prune'], {...invocation, input: 'y\n'});
	t.is(status, 125);
	t.is(await well('ps', '-a', '--format', '{{.Names}}'), 'one');
});
