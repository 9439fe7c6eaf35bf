/** The installed command's launcher: what V8 kept is read only where it is this command's, and nobody else's work. */

import {spawnSync} from 'node:child_process';
import {chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, symlinkSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {withDirectory} from './temporary.js';

const launcher = readFileSync(join(import.meta.dirname, '../../orchestrator/launcher.cjs'), 'utf8');

/** A command that prints a word; all have the same length, which is all that V8 compares. */
const install = (directory: string, word: string, hash = word): void => {
	writeFileSync(join(directory, 'cloche.cjs'), launcher.replace('\'use strict\';', `'use strict'; const COMMAND_HASH = '${hash}';`));
	writeFileSync(join(directory, 'command.cjs'), `function word() { return '${word}'; } console.log(word());`);
};

const run = (directory: string, ...words: string[]): string => {
	const {stdout, stderr, status} = spawnSync(process.execPath, [...words, join(directory, 'cloche.cjs'), 'run'], {encoding: 'utf8'});
	return `${stdout}${stderr}${status === 0 ? '' : `status ${status ?? '?'}`}`.trim();
};

const cachesIn = (directory: string): string[] => readdirSync(directory).filter(name => name.includes('.cache'));

/** Put the cache that command `one` left where that of command `two` is looked for: read, it runs `one`. */
const plant = (directory: string): string => {
	install(directory, 'one');
	run(directory);
	const [name = ''] = cachesIn(directory);
	const planted = join(directory, name.replace('-one-', '-two-'));
	renameSync(join(directory, name), planted);
	install(directory, 'two');
	return planted;
};

test('a run leaves what V8 made of it for all to read, whatever the umask', async t => {
	await withDirectory(directory => {
		install(directory, 'one');
		const before = process.umask(0o077);
		t.is(run(directory), 'one');
		process.umask(0);
		const [name = '', ...more] = cachesIn(directory);
		t.deepEqual(more, []);
		t.is(statSync(join(directory, name)).mode & 0o777, 0o644);
		process.umask(before);
		t.is(run(directory), 'one');
	});
});

test('another command of the same length is another command', async t => {
	await withDirectory(directory => {
		install(directory, 'one');
		run(directory);
		install(directory, 'two');
		t.is(run(directory), 'two');
	});
});

test('what is read is believed, so these tests mean something', async t => {
	await withDirectory(directory => {
		plant(directory);
		t.is(run(directory), 'one');
	});
});

test('one that others may write is not read, and replaced', async t => {
	for (const mode of [0o664, 0o646, 0o666]) {
		await withDirectory(directory => {
			const planted = plant(directory);
			chmodSync(planted, mode);
			t.is(run(directory), 'two', mode.toString(8));
			t.is(statSync(planted).mode & 0o777, 0o644);
		});
	}
});

const asRoot = process.geteuid?.() === 0;
(asRoot ? test : test.skip)(`one that somebody else made is not read, unless the command is theirs${asRoot ? '' : ' (only root can give a file away)'}`, async t => {
	await withDirectory(directory => {
		chownSync(plant(directory), 12_345, 12_345);
		t.is(run(directory), 'two');
	});
	await withDirectory(directory => {
		chownSync(plant(directory), 12_345, 12_345);
		chownSync(join(directory, 'command.cjs'), 12_345, 12_345);
		t.is(run(directory), 'one');
	});
});

test('a link is not followed, neither to read nor to write', async t => {
	await withDirectory(directory => {
		const planted = plant(directory);
		renameSync(planted, join(directory, 'elsewhere'));
		symlinkSync('elsewhere', planted);
		t.is(run(directory), 'two');
		t.false(readFileSync(planted).equals(readFileSync(join(directory, 'elsewhere'))));
	});
});

test('nothing that is wrong with it fails the command', async t => {
	await withDirectory(directory => {
		const planted = plant(directory);
		writeFileSync(planted, '');
		t.is(run(directory), 'two', 'cut short');
		t.true(statSync(planted).size > 0, 'and made anew');
		writeFileSync(planted, 'nonsense');
		t.is(run(directory), 'two', 'nonsense');
		t.is(run(directory, '--no-opt'), 'two', 'other flags');
	});
	await withDirectory(directory => {
		const planted = plant(directory);
		renameSync(planted, join(directory, 'elsewhere'));
		mkdirSync(planted);
		t.is(run(directory), 'two', 'a directory');
		t.deepEqual(cachesIn(directory).length, 1, 'and nothing is left beside it');
	});
});

test('one that goes away while it runs takes nothing along', async t => {
	await withDirectory(directory => {
		const away = join(directory, 'away');
		mkdirSync(away);
		install(away, 'one');
		writeFileSync(join(away, 'command.cjs'), 'require(\'fs\').rmSync(__dirname, {recursive: true}); console.log(\'one\');');
		t.is(run(away), 'one');
	});
});
