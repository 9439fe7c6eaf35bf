/** The handle of a running command, on a container that the test plays. */

import {PassThrough} from 'node:stream';
import {setTimeout as pause} from 'node:timers/promises';
import test from 'ava';
import {collect, decode} from '../../../orchestrator/api/collect.js';
import {ContainerProcess} from '../../../orchestrator/api/container-process.js';
import type {Started} from '../../../orchestrator/api/launched.js';
import {type LibraryOptions, splitOptions, type StreamOptions} from '../../../orchestrator/api/options.js';
import {CommandError} from '../../../orchestrator/api/result.js';
import {ClocheError} from '../../../orchestrator/base/errors.js';
import type {Outcome} from '../../../orchestrator/container/lifecycle.js';

const usage = {userTime: 1500, systemTime: 500, maxRss: 2};

/** A started container, and the ends of what it writes and reads. */
const play = (options: StreamOptions = {}) => {
	const stdin = new PassThrough();
	const stdout = new PassThrough();
	const stderr = new PassThrough();
	const told: string[] = [];
	let end: (outcome: Outcome) => void = () => undefined;
	const outcome = new Promise<Outcome>(resolve => {
		end = resolve;
	});
	const lifecycle = {
		signal: (number: number) => told.push(`signal ${number}`),
		stop: () => told.push('stop'),
		kill: () => told.push('kill'),
	};
	const started = {
		container: {
			id: 'abc',
			launch: {streams: Promise.resolve({stdin, stdout, stderr, readRest: () => undefined}), running: Promise.resolve(), created: Promise.resolve(42), resize: (rows: number, columns: number) => told.push(`${rows}×${columns}`)},
			lifecycle,
			outcome,
			released: outcome.then(() => undefined),
		},
		image: 'busybox',
		command: ['a', 'b'],
	};
	// Only what the handle uses is played.
	const handle = new ContainerProcess(Promise.resolve(started as unknown as Started), options);
	return {
		handle, stdin, stdout, stderr, told,
		finish: (exit: {code: number} | {signal: number}, timedOut = false) => {
			stdout.end();
			stderr.end();
			end({exit: {...exit, ...usage}, timedOut});
		},
	};
};

const write = async (stream: PassThrough, text: string): Promise<void> => {
	stream.write(text);
	await pause(5);
};

test('the result of what went well', async t => {
	const {handle, stdout, stderr, finish} = play();
	await write(stdout, 'out\n');
	await write(stderr, 'err\n');
	finish({code: 0});
	const result = await handle;
	t.like(result, {command: ['a', 'b'], image: 'busybox', id: 'abc', exitCode: 0, signal: undefined, stdout: 'out', stderr: 'err', failed: false, timedOut: false, isCanceled: false});
	t.deepEqual(result.usage, {userTime: 1.5, systemTime: 0.5, maxRss: 2048});
	t.true(result.durationMs > 0);
});

test('a failure rejects with all that is known', async t => {
	const {handle, stdout, stderr, finish} = play();
	await write(stdout, 'out');
	await write(stderr, 'went wrong\n');
	finish({code: 3});
	const error = await t.throwsAsync(async () => handle, {instanceOf: CommandError});
	t.true(error instanceof ClocheError);
	t.is(error.message, 'a b (in busybox): it exited with status 3\n\nwent wrong');
	t.is(error.shortMessage, 'a b (in busybox): it exited with status 3');
	t.is(error.exitCode, 3);
	t.is(error.result.stdout, 'out');
});

test('a failure is a result where that was asked for', async t => {
	const {handle, finish} = play({reject: false});
	finish({signal: 15});
	t.like(await handle, {exitCode: undefined, signal: 'SIGTERM', failed: true});
});

test('bytes, and text with its newline', async t => {
	const bytes = play({encoding: 'buffer'});
	await write(bytes.stdout, '\u00E9\n');
	bytes.finish({code: 0});
	t.deepEqual((await bytes.handle as unknown as {stdout: Buffer}).stdout, Buffer.from('\u00E9\n'));
	const text = play({stripFinalNewline: false});
	await write(text.stdout, 'a\n');
	text.finish({code: 0});
	t.is((await text.handle).stdout, 'a\n');
});

test('input is written and ended', async t => {
	const {stdin, finish, handle} = play({input: 'abc'});
	const text = await stdin.toArray();
	t.is(Buffer.concat(text as Buffer[]).toString(), 'abc');
	finish({code: 0});
	await handle;
});

test('streams can be had before there is a container', async t => {
	const {handle, stdin, stdout, finish} = play();
	const heard: string[] = [];
	handle.stdout.on('data', (chunk: Buffer) => heard.push(chunk.toString()));
	handle.stdin.end('to it');
	await write(stdout, 'from it');
	t.deepEqual(heard, ['from it']);
	t.is(String(stdin.read()), 'to it');
	finish({code: 0});
	t.is((await handle).stdout, 'from it', 'and are collected all the same');
});

test('whoever stops reading early makes nobody wait', async t => {
	const {handle, stdout, finish} = play();
	stdout.write('first');
	for await (const chunk of handle.stdout) {
		t.is(String(chunk), 'first');
		break;
	}

	await write(stdout, 'x'.repeat(500_000));
	finish({code: 0});
	t.is((await handle).stdout.length, 500_005);
});

test('it is told what to do', async t => {
	const {handle, told, finish} = play();
	handle.kill();
	handle.kill('SIGINT');
	handle.kill(9);
	handle.resize(24, 80);
	t.throws(() => {
		handle.kill('NOPE');
	}, {message: /^kill NOPE: not a signal; give/});
	t.is(await handle.pid(), 42);
	const stopping = handle.stop();
	await pause(1);
	t.deepEqual(told, ['signal 15', 'signal 2', 'signal 9', '24×80', 'stop']);
	finish({code: 0});
	await stopping;
});

test('disposing kills', async t => {
	const {handle, told, finish} = play({reject: false});
	const disposing = handle[Symbol.asyncDispose]();
	await pause(1);
	t.deepEqual(told, ['kill']);
	finish({signal: 9});
	await disposing;
});

test('an abort kills, and is the cause', async t => {
	const controller = new AbortController();
	const {handle, told, finish} = play({signal: controller.signal});
	await pause(1);
	controller.abort(new Error('enough'));
	t.deepEqual(told, ['kill']);
	finish({signal: 9});
	const error = await t.throwsAsync(async () => handle, {instanceOf: CommandError, message: /it was canceled/});
	t.true(error.result.isCanceled);
	t.like(error.cause, {message: 'enough'});
});

test('too much output kills', async t => {
	const {handle, stdout, told, finish} = play({maxBuffer: 4});
	await write(stdout, 'abc');
	await write(stdout, 'def');
	t.deepEqual(told, ['kill']);
	finish({signal: 9});
	const error = await t.throwsAsync(async () => handle, {instanceOf: CommandError, message: /more than maxBuffer/});
	t.is(error.result.stdout, 'abcd');
});

test('what couldn\'t start rejects', async t => {
	const handle = new ContainerProcess(Promise.reject(new ClocheError('no')), {});
	await t.throwsAsync(async () => handle, {message: 'no'});
	await t.notThrowsAsync(async () => handle.stop());
	await t.notThrowsAsync(async () => handle[Symbol.asyncDispose]());
	t.is(await handle.catch(() => 'caught'), 'caught');
});

test('a broken stream has ended', async t => {
	const stream = new PassThrough();
	const collecting = collect(stream, 10, () => undefined);
	stream.write('a');
	await pause(1);
	stream.destroy(new Error('broken'));
	t.is(decode((await collecting).bytes, 'utf8', true), 'a');
	t.is((await collect(undefined, 1, () => undefined)).bytes.length, 0);
});

test('options are split, and unknown ones refused', t => {
	const {run, streams} = splitOptions({hostname: 'h', input: 'x', reject: false});
	t.deepEqual(run, {hostname: 'h'});
	t.like(streams, {input: 'x', reject: false});
	const wrong: ReadonlyArray<readonly [options: object, message: RegExp]> = [
		[{hostnmae: 'h'}, /^unknown option 'hostnmae'; did you mean 'hostname'\?/],
		[{stdout: 'file'}, /^stdout: file: not one of its values; give pipe, inherit or ignore/],
		[{encoding: 'latin1'}, /^encoding: latin1/],
		[{maxBuffer: 0}, /^maxBuffer: 0/],
		[{interactive: true, input: 'x'}, /^input: interactive gives/],
	];
	for (const [options, message] of wrong) {
		t.throws(() => splitOptions(options as LibraryOptions), {message});
	}
});
