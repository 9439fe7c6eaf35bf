/** The library, in this very process: what a test author holds, and what is left when it is let go of. */

import {randomBytes} from 'node:crypto';
import {once} from 'node:events';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {Readable} from 'node:stream';
import {text} from 'node:stream/consumers';
import test from 'ava';
import {ClocheError, CommandError, type LibraryOptions, openCloche} from '../../../orchestrator/index.js';
import {directoryOf, remains} from '../support/cloche.js';
import {probe} from '../support/installed.js';
import {MARK, marked, newMark, until, withTime} from '../support/marked.js';
import {library} from './scene.js';

const withProbe: Omit<LibraryOptions, 'encoding'> = {volume: `${probe}:/probe:ro`};

library('run gives what the command printed, how it ended, and what it took', async (t, cloche) => {
	const result = await cloche.run('busybox', ['sh', '-c', 'echo out; echo error >&2']);
	t.like(result, {stdout: 'out', stderr: 'error', exitCode: 0, signal: undefined, failed: false, timedOut: false, isCanceled: false, image: 'busybox'});
	t.regex(result.id, /^[a-z\d]{12}$/);
	t.true(result.durationMs > 0 && result.usage.maxRss > 0);
	t.deepEqual(result.command, ['sh', '-c', 'echo out; echo error >&2']);
});

library('it is the tour, too: a host name, process 1, only lo, uid 0', async (t, cloche) => {
	const {stdout} = await cloche.run('busybox', ['/probe', 'hostname', ',', 'pid', ',', 'netifs', ',', 'uid'], {...withProbe, hostname: 'westeros'});
	t.is(stdout, 'westeros\n1 0\n1 lo up\n0 0 0');
});

library('options are the command line\'s, as values of their kinds', async (t, cloche) => {
	const directory = directoryOf();
	writeFileSync(join(directory, 'file'), 'content');
	const {stdout} = await cloche.run('busybox', ['sh', '-c', 'echo $A $B; cat /in/file; pwd; ulimit -n; touch /x || true'], {
		env: {A: 'a b', B: 1, C: undefined}, mount: [{type: 'bind', source: directory, target: '/in', readonly: true}, {type: 'tmpfs', target: '/t', size: '1m'}],
		workdir: '/usr', ulimit: ['nofile=100'], readOnly: true, sysctl: {'net.ipv4.ip_forward': 1}, stopTimeout: 100,
	});
	t.is(stdout, 'a b 1\ncontent/usr\n100');
});

library('a root that is a directory', async (t, cloche) => {
	const {stdout} = await cloche.run({rootfs: join(probe, '../layers/busybox')}, ['sh', '-c', 'echo x >/etc/new; ls /etc/new']);
	t.is(stdout, '/etc/new');
});

library('a command that fails rejects with all that is known; or not, where that is asked for', async (t, cloche) => {
	const error = await t.throwsAsync(cloche.run('busybox', ['sh', '-c', 'echo reason >&2; exit 3']).then(String), {instanceOf: CommandError});
	t.like(error, {exitCode: 3, shortMessage: 'sh -c echo reason >&2; exit 3 (in busybox): it exited with status 3'});
	t.regex(error.message, /\n\nreason$/);
	t.like(await cloche.run('busybox', ['/probe', 'exec', '/bin/sh', '-c', 'kill -9 $$; exit 7'], {...withProbe, reject: false}), {exitCode: 7, failed: true});
	t.like(await cloche.run('busybox', ['/probe', 'kill', '15'], {...withProbe, pid: 'host', reject: false}), {exitCode: undefined, signal: 'SIGTERM', failed: true});
});

library('what couldn\'t be run rejects with a ClocheError that says what to do', async (t, cloche) => {
	t.like(await t.throwsAsync(cloche.run('busybox', ['nope']).then(String), {instanceOf: ClocheError}), {exitCode: 127, code: 'ENOENT'});
	t.like(await t.throwsAsync(cloche.run('busybox', ['/etc']).then(String), {instanceOf: ClocheError}), {exitCode: 126});
	t.like(await t.throwsAsync(cloche.run('nope', ['true']).then(String), {instanceOf: ClocheError}), {exitCode: 125, what: 'no such image', where: 'nope'});
});

library('unknown options, wrong kinds and NULs are refused by name', async (t, cloche) => {
	const cases: ReadonlyArray<readonly [options: object, words: readonly string[], message: RegExp]> = [
		[{hostnam: 'x'}, ['true'], /hostnam\b.*hostname/],
		[{Env: {}}, ['true'], /Env/],
		[{hostname: 'a\0b'}, ['true'], /^hostname .*NUL/],
		[{env: {A: 'x\0y'}}, ['true'], /^env .*NUL/],
		[{volume: '/a\0b:/c'}, ['true'], /^volume .*NUL/],
		[{init: 'yes'}, ['true'], /^init yes: it is a string; give true or false/],
		[{readOnly: 1}, ['true'], /^readOnly/],
		[{timeout: 'soon'}, ['true'], /^timeout soon/],
		[{timeout: -1}, ['true'], /^timeout/],
		[{stdout: 'file'}, ['true'], /^stdout/],
		[{}, ['ec\0ho'], /NUL/],
		[{}, ['echo', 'a\0b'], /process\.args\[1\]: it holds a NUL/],
		[{}, [''], /command is empty/],
	];
	for (const [options, words, message] of cases) {
		const error = await t.throwsAsync(async () => cloche.run('busybox', words, options), {instanceOf: ClocheError, message}, JSON.stringify(options));
		t.is(error.exitCode, 125);
		t.false(error.message.includes('\n'));
	}

	await t.throwsAsync(cloche.run('busy\0box', ['true']).then(String), {message: /NUL|no such image/});
	await t.throwsAsync(cloche.create({imag: 'busybox'} as object), {message: /^unknown option 'imag'/});
});

library('input: text, bytes, a stream; and none', async (t, cloche) => {
	const bytes = randomBytes(3_000_000);
	t.is((await cloche.run('busybox', ['cat'], {input: 'text'})).stdout, 'text');
	t.deepEqual((await cloche.run('busybox', ['cat'], {input: bytes, encoding: 'buffer', stripFinalNewline: false})).stdout, bytes);
	t.is((await cloche.run('busybox', ['cat'], {input: Readable.from(['a', 'b'])})).stdout, 'ab');
	t.is((await cloche.run('busybox', ['cat'])).stdout, '');
	// Who doesn't read all of it has a right to it.
	t.is((await cloche.run('busybox', ['head', '-c', '1'], {input: bytes, encoding: 'buffer'})).stdout.length, 1);
});

library('a conversation: what is written is answered while it runs', async (t, cloche) => {
	const running = cloche.run('busybox', ['sh', '-c', 'while read -r line; do echo "got $line"; done'], {interactive: true});
	for (const word of ['one', 'two']) {
		running.stdin.write(`${word}\n`);
		const [answer] = await once(running.stdout, 'data') as [Buffer];
		t.is(String(answer), `got ${word}\n`);
	}

	running.stdin.end();
	t.is((await running).stdout, 'got one\ngot two');
});

library('64 MiB come out as they are, and a reader that is slow makes the payload wait', async (t, cloche) => {
	const {stdout} = await cloche.run('busybox', ['/probe', 'flood', '67108864'], {...withProbe, encoding: 'buffer', stripFinalNewline: false});
	t.is(stdout.length, 67_108_864);
	t.true(stdout.every((byte, index) => byte === (index & 0xff)) || stdout.subarray(0, 256).equals(Buffer.from(Array.from({length: 256}, (_, index) => index))));
});

library('more output than maxBuffer ends it', async (t, cloche) => {
	await t.throwsAsync(cloche.run('busybox', ['yes'], {maxBuffer: 100_000}).then(String), {instanceOf: CommandError, message: /maxBuffer/});
	const result = await cloche.run('busybox', ['yes'], {maxBuffer: 100_000, stripFinalNewline: false, reject: false});
	t.true(result.isMaxBuffer);
	t.is(result.stdout.length, 100_000);
});

library('an AbortSignal ends it: before, at once, and while it runs', async (t, cloche) => {
	const before = await t.throwsAsync(cloche.run('busybox', ['sleep', '1000'], {signal: AbortSignal.abort(new Error('why'))}).then(String), {instanceOf: Error});
	t.true(before instanceof CommandError ? before.result.isCanceled : before instanceof ClocheError);
	const controller = new AbortController();
	const running = cloche.run('busybox', ['sh', '-c', 'echo ready; sleep 1000'], {signal: controller.signal});
	await once(running.stdout, 'data');
	controller.abort(new Error('enough'));
	const error = await t.throwsAsync(running.then(String), {instanceOf: CommandError, message: /it was canceled/});
	t.is((error.cause as Error).message, 'enough');
	t.true(error.result.isCanceled);
});

library('a timeout asks first, then kills', async (t, cloche) => {
	// Only who was ready by then ends well.
	const asked = await withTime(async timeout => cloche.run('busybox', ['/probe', 'exit-on-term'], {...withProbe, timeout, reject: false}), ({stdout}) => stdout !== '');
	t.like(asked, {timedOut: true, exitCode: 0, failed: true});
	t.like(await cloche.run('busybox', ['/probe', 'ignore-term'], {...withProbe, timeout: '200ms', stopTimeout: 50, reject: false}), {timedOut: true, signal: 'SIGKILL'});
	t.like(await cloche.run('busybox', ['true'], {timeout: '1h'}), {timedOut: false, exitCode: 0});
});

library('kill and stop', async (t, cloche) => {
	const one = cloche.run('busybox', ['/probe', 'print-signals', '1'], {...withProbe, reject: false});
	await once(one.stdout, 'data');
	one.kill('SIGUSR1');
	t.like(await one, {stdout: 'ready\n10', exitCode: 0});
	const two = cloche.run('busybox', ['/probe', 'ignore-term'], {...withProbe, reject: false, stopTimeout: 50});
	await once(two.stdout, 'data');
	await two.stop();
	t.like(await two, {signal: 'SIGKILL'});
	const three = cloche.run('busybox', ['sleep', '1000'], {reject: false});
	t.throws(() => {
		three.kill('SIGNOPE');
	}, {message: /SIGNOPE.*not a signal/});
	t.true(await three.pid() > 1);
	three.kill();
	t.like(await three, {failed: true});
});

library('create makes it, start starts it: once', async (t, cloche) => {
	const mark = newMark();
	await using box = await cloche.create({image: 'busybox', hostname: 'made', env: {[MARK]: mark}});
	t.true((box.pid ?? 0) > 1);
	t.is((await box.start(['sh', '-c', 'hostname; echo $A; pwd'], {env: {A: '1'}, workdir: '/usr'})).stdout, 'made\n1\n/usr');
	t.throws(() => {
		box.start(['true']);
	}, {message: /started already/});
	t.deepEqual(marked(mark), []);
});

library('one that is never started is gone when it is let go of', async (t, cloche) => {
	let pid: number | undefined;
	{
		await using box = await cloche.create({image: 'busybox'});
		({pid} = box);
	}

	t.throws(() => process.kill(pid ?? 0, 0), {code: 'ESRCH'});
});

library('leaving the scope kills what runs', async (t, cloche) => {
	const mark = newMark();
	{
		await using running = cloche.run('busybox', ['sleep', '1000'], {env: {[MARK]: mark}, reject: false});
		await running.pid();
		await until(() => marked(mark).length > 0);
	}

	t.deepEqual(marked(mark), []);
});

test('close kills everything and is final', async t => {
	const root = join(directoryOf(), 'state');
	const cloche = await openCloche({root});
	const mark = newMark();
	const running = Array.from({length: 5}, () => cloche.run('busybox', ['sleep', '1000'], {env: {[MARK]: mark}, reject: false}));
	await Promise.all(running.map(async one => one.pid()));
	await cloche.close();
	t.deepEqual(marked(mark), []);
	t.deepEqual(remains(root), []);
	t.true((await Promise.all(running)).every(({signal}) => signal === 'SIGKILL'));
	await t.throwsAsync(cloche.run('busybox', ['true']).then(String), {message: /closed/});
	await cloche.close();
});

library('a terminal: one output, and a size that can be changed', async (t, cloche) => {
	const running = cloche.run('busybox', ['sh', '-c', 'test -t 0 && test -t 2 && echo yes; until stty size 2>&1 | grep "40 120"; do :; done; read x; echo "got $x"'], {tty: true, interactive: true});
	await once(running.stdout, 'data');
	running.resize(40, 120);
	running.stdin.write('words\n');
	const {stdout} = await running;
	t.regex(stdout, /^yes\r\n[^]*40 120\r\n[^]*got words\r?$/);
});

library('an output that goes nowhere isn\'t kept', async (t, cloche) => {
	t.like(await cloche.run('busybox', ['sh', '-c', 'echo out; echo error >&2'], {stdout: 'ignore'}), {stdout: '', stderr: 'error'});
});

library('output can be read while it comes, and whoever asks for it late has missed nothing', async (t, cloche) => {
	const running = cloche.run('busybox', ['sh', '-c', 'echo one; echo two >&2']);
	t.deepEqual(await Promise.all([text(running.stdout), text(running.stderr)]), ['one\n', 'two\n']);
	t.like(await running, {stdout: 'one', stderr: 'two'});
});
