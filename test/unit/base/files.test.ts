import {chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {claimDirectory, createExclusive, isTemporary, writeAtomic} from '../../../orchestrator/base/atomic.js';
import {isId, newId} from '../../../orchestrator/base/id.js';

const directoryOf = (t: ExecutionContext): string => {
	const directory = mkdtempSync(join(tmpdir(), 'cloche-base-'));
	t.teardown(() => rmSync(directory, {recursive: true}));
	return directory;
};

test('writeAtomic replaces, with the mode asked for, and leaves nothing else', t => {
	const directory = directoryOf(t);
	const path = join(directory, 'record.json');
	writeAtomic(path, 'one');
	writeAtomic(path, Buffer.from('two'), 0o600);
	t.is(readFileSync(path, 'utf8'), 'two');
	t.is(statSync(path).mode & 0o777, 0o600);
	t.deepEqual(readdirSync(directory), ['record.json']);
});

test('writeAtomic that fails leaves nothing', t => {
	const directory = directoryOf(t);
	mkdirSync(join(directory, 'taken'));
	t.throws(() => writeAtomic(join(directory, 'taken'), 'x'), {code: 'EISDIR'});
	t.throws(() => writeAtomic(join(directory, 'nowhere', 'x'), 'x'), {code: 'ENOENT'});
	t.deepEqual(readdirSync(directory), ['taken']);
});

test('createExclusive is won once, and the loser changes nothing', t => {
	const directory = directoryOf(t);
	const path = join(directory, 'name');
	t.true(createExclusive(path, 'first'));
	t.false(createExclusive(path, 'second'));
	t.is(readFileSync(path, 'utf8'), 'first');
	t.deepEqual(readdirSync(directory), ['name']);
});

test('claimDirectory is won once; it never shows half filled', t => {
	const directory = directoryOf(t);
	const path = join(directory, 'id');
	const fill = (content: string) => (made: string): void => {
		t.false(existsSync(path) && content === 'first');
		writeFileSync(join(made, 'record.json'), content);
	};

	t.true(claimDirectory(path, fill('first')));
	t.false(claimDirectory(path, fill('second')));
	t.is(readFileSync(join(path, 'record.json'), 'utf8'), 'first');
	t.deepEqual(readdirSync(directory), ['id']);
});

test('claimDirectory that fails while filling leaves nothing', t => {
	const directory = directoryOf(t);
	t.throws(() => claimDirectory(join(directory, 'id'), made => {
		writeFileSync(join(made, 'x'), '');
		throw new Error('full');
	}), {message: 'full'});
	t.deepEqual(readdirSync(directory), []);
});

test('what a killed writer leaves can be told from the rest', t => {
	const directory = directoryOf(t);
	const names: string[] = [];
	claimDirectory(join(directory, 'x'.repeat(200)), made => {
		names.push(...readdirSync(directory));
		chmodSync(made, 0o755);
		writeFileSync(join(made, 'x'), '');
	});
	t.true(names.length === 1 && names.every(isTemporary));
	t.false(isTemporary('record.json'));
	t.false(isTemporary('.config'));
	t.false(isTemporary(newId()));
});

test('ids are 12 lower-case letters and digits, a letter first, and differ', t => {
	const ids = Array.from({length: 10_000}, newId);
	t.true(ids.every(isId));
	t.is(new Set(ids).size, ids.length);
	t.false(isId('1bcdefghijkl'));
	t.false(isId('abcdefghijk'));
	t.false(isId('abcdefghijkl\n'));
});
