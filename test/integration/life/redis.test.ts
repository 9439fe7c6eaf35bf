/** The life of a real server, told by the commands that a CI job would use: Debian's redis through the `host` image. */

import {existsSync, symlinkSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {cloche, directoryOf, type Ended, type Invocation, present, remains, Running} from '../support/cloche.js';
import {until} from '../support/marked.js';

/** The server, under the name that makes it one: Debian's redis-tools has it without a service that starts by itself. */
const SERVER = '/usr/bin/redis-check-rdb';

for (const as of present) {
	const title = `${as.who}: redis is started, entered, paused, followed, stopped, started again with its data, and removed`;
	(existsSync(SERVER) ? test : test.skip)(existsSync(SERVER) ? title : `${title} (no redis here: apt-get install redis-tools)`, async t => {
		const directory = directoryOf(as);
		const root = join(directory, 'state');
		const invocation: Invocation = {as, env: {CLOCHE_ROOT: root}};
		symlinkSync(SERVER, join(directory, 'redis-server'));
		const well = async (words: readonly string[], more: Invocation = {}): Promise<Ended> => {
			const ended = await cloche(words, {...invocation, ...more});
			t.is(ended.stderr, '', words.join(' '));
			t.is(ended.status, 0, words.join(' '));
			return ended;
		};

		const answers = async (): Promise<boolean> => (await cloche(['exec', 'db', 'redis-cli', 'ping'], invocation)).stdout === 'PONG\n';

		// Detached: the command is back with the id, the server runs.
		const {stdout: id} = await well(['run', '-d', '--name', 'db', '-w', '/data', '-v', `${directory}/redis-server:/opt/redis-server`, 'host', '/opt/redis-server', '--save', '3600', '1', '--daemonize', 'no']);
		t.regex(id, /^[a-z][a-z\d]{11}\n$/);
		await until(answers);
		t.is((await well(['ps', '--format', '{{.Names}} {{.Image}} {{.State}}'])).stdout, 'db host running\n');

		// Entered with its own client, by flags and by stdin.
		t.is((await well(['exec', 'db', 'redis-cli', 'set', 'flower', 'cosmea'])).stdout, 'OK\n');
		t.is((await well(['exec', '-i', 'db', 'redis-cli'], {input: 'get flower\nincr visits\n'})).stdout, 'cosmea\n1\n');

		// Followed from its first line on, until it ends.
		const follower = new Running(['logs', '-f', 'db'], invocation);

		const paused = await cloche(['pause', 'db'], invocation);
		if (paused.status === 0) {
			t.is((await well(['ps', '--format', '{{.State}}'])).stdout, 'paused\n');
			const {status, stderr} = await cloche(['exec', 'db', 'redis-cli', 'ping'], invocation);
			t.is(status, 125);
			t.regex(stderr, /^cloche: [^\n]*paused[^\n]*\n$/);
			await well(['unpause', 'db']);
		} else {
			t.regex(paused.stderr, /^cloche: [^\n]*cgroup[^\n]*\n$/);
			t.not(as.uid, 0, paused.stderr);
		}

		t.true(await answers());

		// Stopped by its own signal, in its own way.
		await well(['stop', 'db']);
		const {stdout: log} = await well(['logs', 'db']);
		t.regex(log, /Ready to accept connections/);
		t.regex(log, /Received SIGTERM scheduling shutdown[^]*DB saved on disk[^]*bye bye\.\.\.\n$/);
		const followed = await follower.ended;
		t.is(followed.status, 0);
		t.is(followed.stdout, log);
		t.is((await well(['wait', 'db'])).stdout, '0\n');
		t.is((await well(['ps', '-a', '--format', '{{.State}}'])).stdout, 'exited\n');

		// Again, with its data.
		t.is((await well(['start', 'db'])).stdout, 'db\n');
		await until(answers);
		t.is((await well(['exec', 'db', 'redis-cli', 'mget', 'flower', 'visits'])).stdout, 'cosmea\n1\n');

		await well(['rm', '-f', 'db']);
		t.deepEqual(remains(root), []);
	});
}
