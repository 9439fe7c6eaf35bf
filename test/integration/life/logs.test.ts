/** `cloche logs` of real containers; what the reader makes of a log is told by test/unit/container/log. */

import {once} from 'node:events';
import {cloche, Running} from '../support/cloche.js';
import {command} from '../support/installed.js';
import {until} from '../support/marked.js';
import {everybody} from '../support/place.js';

everybody('both streams, each to our own, byte by byte', async (t, {prints, invocation}) => {
	await prints('run', '-d', '--name', 'both', 'busybox', 'sh', '-c', 'printf "a\\0b\\377\\nc"; echo wrong >&2; head -c 100000 /dev/zero; echo end');
	await prints('wait', 'both');
	const {bytes, status} = await cloche(['logs', 'both'], invocation);
	t.is(status, 0);
	t.true(bytes.stdout.equals(Buffer.concat([Buffer.from('a\0b\xFF\nc', 'latin1'), Buffer.alloc(100_000), Buffer.from('end\n')])));
	t.is(bytes.stderr.toString(), 'wrong\n');
	const stamped = await cloche(['logs', '--timestamps', '--tail', '1', 'both'], invocation);
	t.regex(stamped.stderr + stamped.stdout, /^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z /);
});

everybody('followed through rotation, from the beginning or the tail, until the container ends', async (t, {prints, invocation}) => {
	await prints('run', '-d', '-i', '--name', 'source', '--log-opt', 'max-size=64k', 'busybox', 'sh', '-c', 'echo ready; read go; seq 1 20000; echo end');
	const followers = [['-f'], ['--follow', '--tail', '1']].map(words => new Running(['logs', ...words, 'source'], invocation));
	// Each has begun: one that came later would begin with a later last line.
	await Promise.all(followers.map(async ({child}) => child.stdout === null ? undefined : once(child.stdout, 'data')));
	const push = new Running(['attach', 'source'], {...invocation, input: 'go\n'});
	const expected = `ready\n${Array.from({length: 20_000}, (_, index) => `${index + 1}\n`).join('')}end\n`;
	for (const {ended} of followers) {
		const {status, stdout, stderr} = await ended;
		t.deepEqual([status, stderr], [0, '']);
		t.true(stdout === expected);
	}

	await push.ended;
	t.true(await prints('logs', 'source') === expected);
	t.is(await prints('logs', '--tail', '2', 'source'), '20000\nend\n');
	t.is(await prints('logs', '--since', '1h', '--tail=1', 'source'), 'end\n');
	t.is(await prints('logs', '--until', '1h', 'source'), '');
});

everybody('who stops reading ends quietly; one that is removed at its end is followed to its last line', async (t, {prints, invocation}) => {
	await prints('run', '-d', '--name', 'endless', 'busybox', 'yes');
	const script = '{ "$0" logs -f endless; echo "status $?" >&2; } | head -n 2';
	const {stdout, stderr} = await cloche(['-c', script, command], {...invocation, program: ['sh']});
	t.deepEqual([stdout, stderr], ['y\ny\n', 'status 0\n']);
	await prints('rm', '-f', 'endless');
	await prints('run', '-d', '--rm', '-i', '--name', 'passing', 'busybox', 'sh', '-c', 'echo one; read go; echo two');
	const passing = new Running(['logs', '-f', 'passing'], invocation);
	await until(async () => (await prints('logs', 'passing')) === 'one\n');
	await new Running(['attach', 'passing'], {...invocation, input: 'go\n'}).ended;
	t.is((await passing.ended).stdout, 'one\ntwo\n');
});

everybody('what can\'t be had is one line', async (t, {prints, fails}) => {
	await prints('run', '--name', 'front', 'busybox', 'echo', 'hello');
	t.regex(await fails('logs', 'front'), /no log: front: it ran in the foreground/);
	t.regex(await fails('logs', 'missing'), /no such container: missing/);
	t.regex(await fails('logs', '--tail', 'x', 'front'), /not a number of lines/);
	t.regex(await fails('logs', '--since', 'yesterday', 'front'), /--since yesterday: not a time; give a time/);
});
