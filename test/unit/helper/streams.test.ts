import {closeSync, constants, openSync, writeSync} from 'node:fs';
import {execa} from 'execa';
import test from 'ava';
import {openStreams} from '../../../orchestrator/helper/streams.js';

test('what an output holds is read without a socket, until its end', async t => {
	const fifo = await execa('mktemp', ['-u']);
	await execa('mkfifo', [fifo.stdout]);
	t.teardown(() => execa('rm', ['-f', fifo.stdout]));
	const both = openSync(fifo.stdout, constants.O_RDWR);
	const streams = openStreams(process.pid, {stdout: both});
	writeSync(both, 'one');
	t.deepEqual(streams.readRest('stdout'), {bytes: Buffer.from('one'), ended: false});
	writeSync(both, 'two');
	closeSync(both);
	t.deepEqual(streams.readRest('stdout'), {bytes: Buffer.from('two'), ended: true});
	t.is(streams.readRest('stdout'), undefined);
	t.is(streams.stdout, undefined);
});

test('a socket that was asked for brings the rest, and the descriptor is its own', async t => {
	const fifo = await execa('mktemp', ['-u']);
	await execa('mkfifo', [fifo.stdout]);
	t.teardown(() => execa('rm', ['-f', fifo.stdout]));
	const both = openSync(fifo.stdout, constants.O_RDWR);
	const streams = openStreams(process.pid, {stdout: both});
	const socket = streams.stdout;
	t.is(streams.stdout, socket);
	t.is(streams.readRest('stdout'), undefined);
	writeSync(both, 'late');
	closeSync(both);
	t.deepEqual(await socket?.toArray(), [Buffer.from('late')]);
});
