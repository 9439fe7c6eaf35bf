/** How `cloche run` ends: as the command does; 128 and the signal; 125, 126, 127 where it never ran. */

import test from 'ava';
import {cloche, present, refused, remains, stateOf, withProbe} from '../support/cloche.js';

for (const as of present) {
	test(`${as.who}: the exit status is the command's`, async t => {
		for (const status of [0, 1, 42, 124, 125, 126, 127, 128, 255]) {
			const ended = await cloche(['run', ...withProbe, 'busybox', '/probe', 'exit', String(status)], {as});
			t.deepEqual({status: ended.status, stderr: ended.stderr}, {status, stderr: ''});
		}
	});

	test(`${as.who}: with --init, too`, async t => {
		t.is((await cloche(['run', '--init', ...withProbe, 'busybox', '/probe', 'exit', '42'], {as})).status, 42);
		t.is((await cloche(['run', '--init', ...withProbe, 'busybox', '/probe', 'kill', '15'], {as})).status, 143);
		t.is((await cloche(['run', '--init', ...withProbe, 'busybox', '/probe', 'kill', '11'], {as})).status, 139);
	});

	test(`${as.who}: 128 and the signal where one ended it`, async t => {
		// A process 1 isn't hit by signals of its own making (pid_namespaces(7)), so its child is; sh passes that on as 128 and N.
		for (const signal of [1, 2, 6, 9, 11, 15]) {
			const ended = await cloche(['run', '--pid', 'host', ...withProbe, 'busybox', '/probe', 'kill', String(signal)], {as});
			t.deepEqual({status: ended.status, stderr: ended.stderr}, {status: 128 + signal, stderr: ''}, String(signal));
		}
	});

	test(`${as.who}: 127 where the command isn't there, 126 where it can't be executed, each with one line`, async t => {
		const cases = [
			[['nope'], 127, /nope/], [['/nope/nope'], 127, /\/nope\/nope/], [['./nope'], 127, /\.\/nope/],
			[['/etc/passwd'], 126, /\/etc\/passwd/], [['/etc'], 126, /\/etc/], [['/etc/passwd/x'], 127, /passwd/],
		] as const;
		for (const [words, status, pattern] of cases) {
			const ended = await cloche(['run', 'busybox', ...words], {as});
			t.deepEqual({status: ended.status, stdout: ended.stdout}, {status, stdout: ''}, words.join(' '));
			t.regex(ended.stderr, /^cloche: [^\n]+\n$/);
			t.regex(ended.stderr, pattern);
		}
	});

	test(`${as.who}: 125 is ours, and leaves nothing`, async t => {
		await refused(t, ['run', '--hostname', '', 'busybox', 'true'], [/--hostname/], {as});
		await refused(t, ['run', '--sysctl', 'net.no.such=1', 'busybox', 'true'], [/net[./]no[./]such/], {as});
	});
}

test.after('nothing is left of any of them', t => {
	for (const as of present) {
		t.deepEqual(remains(stateOf(as)), []);
	}
});
