import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {existsSync, mkdirSync, readlinkSync, symlinkSync} from 'node:fs';
import {join} from 'node:path';
import {setImmediate as tick} from 'node:timers/promises';
import test from 'ava';
import {formatIdentity, identify} from '../../../orchestrator/base/process.js';
import {inTurn, stalled} from '../../../orchestrator/base/turn.js';
import {withDirectory} from '../temporary.js';

test('of many, one at a time is at it, and each has its turn', async t => {
	await withDirectory(async directory => {
		const path = join(directory, 'turn');
		let working = 0;
		const done = await Promise.all(Array.from({length: 40}, async (_, index) => inTurn(path, async () => {
			t.is(++working, 1);
			await tick();
			working--;
			return index;
		})));
		t.deepEqual(done, Array.from({length: 40}, (_, index) => index));
		t.false(existsSync(path));
	});
});

test('who fails has had its turn', async t => {
	await withDirectory(async directory => {
		const path = join(directory, 'turn');
		await t.throwsAsync(inTurn(path, () => {
			throw new Error('failed');
		}), {message: 'failed'});
		t.false(existsSync(path));
	});
});

test('a dead one\'s turn is over', async t => {
	await withDirectory(async directory => {
		const path = join(directory, 'turn');
		const child = spawn('/bin/sleep', ['60']);
		const identity = identify(child.pid ?? 0);
		mkdirSync(path);
		symlinkSync(readlinkSync('/proc/self/ns/pid'), join(path, identity === undefined ? '' : formatIdentity(identity)));
		child.kill('SIGKILL');
		await once(child, 'exit');
		t.is(await inTurn(path, () => 'mine'), 'mine');
	});
});

test('patience ends with one turn that doesn\'t, not with many that do', t => {
	const isStalled = stalled(10);
	for (let now = 100; now < 200; now += 10) {
		t.false(isStalled(`owner ${now}`, now));
		t.false(isStalled(`owner ${now}`, now + 9));
	}

	t.false(isStalled('the last', 200));
	t.false(isStalled('the last', 210));
	t.true(isStalled('the last', 211));
	t.false(isStalled('', 212));
	t.false(isStalled('the last', 213));
});
