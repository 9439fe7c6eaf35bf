/** What a test author does by mistake, or too early, is told in words or answered, and never ends the process. */

import {join} from 'node:path';
import {Readable} from 'node:stream';
import test from 'ava';
import {type Cloche, ClocheError, CommandError, openCloche} from '../../../orchestrator/index.js';
import {directoryOf} from '../support/cloche.js';
import {withTime} from '../support/marked.js';

let cloche: Cloche;

test.before(async () => {
	cloche = await openCloche({root: join(directoryOf(), 'state')});
});

test.after.always(async () => {
	await cloche.close();
});

test('an input that breaks kills the container, and is the cause', async t => {
	const input = new Readable({
		read() {
			this.destroy(new Error('boom'));
		},
	});
	const error = await t.throwsAsync(cloche.run('busybox', ['cat'], {input}), {instanceOf: CommandError});
	t.like(error.cause, {message: 'boom'});
});

test('an abort is a cancellation, whenever it comes', async t => {
	t.like(await cloche.run('busybox', ['true'], {signal: AbortSignal.abort(), reject: false}), {isCanceled: true, signal: 'SIGKILL', failed: true});
	const reason = new Error('enough');
	t.is((await t.throwsAsync(cloche.run('busybox', ['true'], {signal: AbortSignal.abort(reason)}), {instanceOf: CommandError})).cause, reason);
});

test('what is disposed of before it runs was killed', async t => {
	const running = cloche.run('busybox', ['sleep', '60'], {reject: false});
	await running[Symbol.asyncDispose]();
	t.like(await running, {signal: 'SIGKILL', failed: true});
});

test('output that is asked for and never read keeps nobody waiting', async t => {
	const result = await withTime(async timeout => {
		const running = cloche.run('busybox', ['yes'], {timeout, reject: false});
		const {stdout} = running;
		t.teardown(() => {
			stdout.destroy();
		});
		return running;
	}, ({stdout}) => stdout !== '');
	t.true(result.timedOut);
	t.true(result.stdout.startsWith('y\ny\n'));
});

test('words that are none are named', t => {
	// As plain JavaScript can.
	const words = ['echo', 5] as unknown as string[];
	const word = 'true' as unknown as string[];
	return Promise.all([
		t.throwsAsync(cloche.run('busybox', words), {instanceOf: ClocheError, message: 'process.args[1]: it is a number; give text'}),
		t.throwsAsync(cloche.run('busybox', word), {instanceOf: ClocheError, message: 'command: it is a string; give its words in an array'}),
	]).then(() => undefined);
});
