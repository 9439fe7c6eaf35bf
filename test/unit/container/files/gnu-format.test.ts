/** Other tars' streams as GNU's: read back by the machine's own tar. */

import {execFileSync} from 'node:child_process';
import {mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {Readable} from 'node:stream';
import {buffer} from 'node:stream/consumers';
import {pipeline} from 'node:stream/promises';
import test, {type ExecutionContext} from 'ava';
import {ClocheError} from '../../../../orchestrator/base/errors.js';
import {parsePax, ToGnuFormat} from '../../../../orchestrator/container/files/gnu-format.js';

const converted = async (bytes: Buffer, piece: number): Promise<Buffer> => {
	const pieces: Buffer[] = [];
	for (let at = 0; at < bytes.length; at += piece) {
		pieces.push(bytes.subarray(at, at + piece));
	}

	let whole = Buffer.alloc(0);
	await pipeline(Readable.from(pieces), new ToGnuFormat(), async stream => {
		whole = await buffer(stream);
	});
	return whole;
};

const tree = (t: ExecutionContext): string => {
	const directory = mkdtempSync(join(tmpdir(), 'cloche-unit-'));
	t.teardown(() => {
		rmSync(directory, {recursive: true});
	});
	const deep = join(directory, 'a'.repeat(99), 'b'.repeat(99));
	mkdirSync(deep, {recursive: true});
	writeFileSync(join(deep, 'ü'.repeat(100)), 'x'.repeat(1000));
	writeFileSync(join(deep, 'exactly'), 'x'.repeat(512));
	writeFileSync(join(directory, 'empty'), '');
	symlinkSync('y'.repeat(300), join(directory, 'link'));
	return directory;
};

const listing = (tar: Buffer): string => execFileSync('tar', ['t', '-v', '--numeric-owner', '--full-time', '--quoting-style=literal'], {input: tar}).toString().replaceAll(/\.\d+/g, '');

for (const format of ['pax', 'gnu', 'ustar', 'posix', 'v7']) {
	test(`${format}, in pieces of any size`, async t => {
		const directory = tree(t);
		const names = format === 'ustar' || format === 'v7' ? ['empty'] : ['.'];
		const tar = execFileSync('tar', ['c', `--format=${format}`, '--sort=name', '-C', directory, ...names]);
		for (const piece of [tar.length, 511, 7]) {
			const gnu = await converted(tar, piece);
			t.is(listing(gnu), listing(tar));
			t.false(gnu.includes('PaxHeaders'));
		}
	});
}

test('numbers that don\'t fit', async t => {
	const directory = tree(t);
	const tar = execFileSync('tar', ['c', '--format=pax', '--owner=x:4000000', '--group=x:5000000', '-C', directory, 'empty']);
	t.regex(listing(await converted(tar, 4096)), /4000000\/5000000/);
});

test('what is no tar stream, or breaks off, is told', async t => {
	const tar = execFileSync('tar', ['c', '--format=pax', '-C', tree(t), '.']);
	await t.throwsAsync(converted(Buffer.from('no tar'.repeat(500)), 100), {instanceOf: ClocheError, message: /isn't one, or it is damaged/});
	await t.throwsAsync(converted(tar.subarray(0, 1600), 100), {instanceOf: ClocheError, message: /cut short/});
	for (const text of ['x', '5 a', '3 a=b\n', '999999 a=b\n', '-1 a=b\n', '6 ab\n\n']) {
		t.throws(() => parsePax(Buffer.from(text)), {instanceOf: ClocheError}, text);
	}

	t.deepEqual([...parsePax(Buffer.from('6 a=b\n7 c==\n\n'))].map(([key, value]) => [key, value.toString()]), [['a', 'b'], ['c', '=\n']]);
});
