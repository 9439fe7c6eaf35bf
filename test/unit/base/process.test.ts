import {spawn} from 'node:child_process';
import {once} from 'node:events';
import test from 'ava';
import {bootId, formatIdentity, identify, isAlive, parseIdentity, parseStat, startTime} from '../../../orchestrator/base/process.js';

const tail = (state: string, start: number): string => `${state} 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 ${start} 20 21`;

test('a name with spaces and parentheses doesn\'t shift the fields', t => {
	for (const name of ['node', 'a b', ') R 1 (', '((', 'x) Z 9 9']) {
		t.deepEqual(parseStat(`17 (${name}) ${tail('S', 4711)}\n`), {state: 'S', start: 4711});
	}

	t.is(parseStat('rubbish'), undefined);
	t.is(parseStat('1 (x) S 1'), undefined);
});

test('we are alive, under our own identity only', t => {
	const self = identify(process.pid);
	if (self === undefined) {
		return t.fail();
	}

	t.regex(bootId(), /^[\da-f]{8}$/);
	t.true(isAlive(self));
	t.false(isAlive({...self, start: self.start + 1}));
	t.false(isAlive({...self, boot: '00000000'}));
});

test('a process that ended is not, and neither is its zombie', async t => {
	const child = spawn('/bin/sleep', ['60']);
	const pid = child.pid ?? 0;
	const identity = identify(pid);
	t.true(identity !== undefined && isAlive(identity));
	child.kill('SIGKILL');
	await once(child, 'exit');
	t.is(startTime(pid), undefined);
	t.false(identity !== undefined && isAlive(identity));
	t.is(identify(2 ** 22 + 1), undefined);
});

test('an identity survives a file name', t => {
	const identity = {boot: '0123abcd', pid: 17, start: 4711};
	t.is(formatIdentity(identity), '0123abcd-17-4711');
	t.deepEqual(parseIdentity('0123abcd-17-4711'), identity);
	for (const text of ['', '0123abcd-0-1', '0123abc-17-4711', '0123abcd-17', '0123abcd-17-4711-x', 'x0123abcd-17-4711']) {
		t.is(parseIdentity(text), undefined, text);
	}
});
