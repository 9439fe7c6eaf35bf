/** The command's words reach it untouched, whatever they hold. */

import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {cloche, directoryOf, probed, ran, Running, withProbe} from '../support/cloche.js';
import {command, probe} from '../support/installed.js';

/** As the probe prints a word. */
const shown = (word: string): string => `"${word.replace(/["\\]/g, '\\$&').replace(/[\0-\u001F\u007F]/g, character =>
	`\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)}"`;

const WORDS = [
	'', ' ', '  two  ', '\'', '"', '\\', '\\n', '$HOME', '$(id)', '`id`', '*', '?', '[a-z]', '~', '!', '#', '&', ';', '|', '<', '>', '(', ')', '{a,b}',
	'\n', 'a\nb', '\t', '\r', '\u0001', '\u007F', '\u001B[31m', 'ümläut', '日本', '𝄞', 'e\u0301', '\u202E',
	'-', '--', '---', '-i', '--rm', '--hostname', '--hostname=x', '-e', 'A=B', '--help', '--version', '--root', '--', ',', '%s%n', '\\0', 'x'.repeat(10_000),
];

test('every odd character passes', async t => {
	t.deepEqual(await probed(t, [], ['argv', ...WORDS]), WORDS.map(word => shown(word)));
});

test('flags after the image are the command\'s own, and `--` may stand before the image', async t => {
	t.deepEqual(await probed(t, [], ['argv', '-it', '--read-only', '--', '--name', 'x']), ['"-it"', '"--read-only"', '"--"', '"--name"', '"x"']);
	t.is(await ran(t, ['--hostname', 'x', '--', 'busybox', 'hostname']), 'x\n');
	t.is(await ran(t, ['--', 'busybox', 'echo', '--', '-n']), '-- -n\n');
});

test('what Node would take for itself is the command\'s', async t => {
	const words = ['--env-file', '/missing', '--env-file=/missing', '--inspect', '--eval', '1', '--require=/missing', '-p'];
	t.deepEqual(await probed(t, [], ['argv', ...words]), words.map(word => shown(word)));
	const file = join(directoryOf(), 'variables');
	writeFileSync(file, 'FROM_FILE=1\nNODE_OPTIONS=--nope\n');
	t.deepEqual(await probed(t, ['-e', 'FROM_FILE'], ['env', 'FROM_FILE', ',', 'argv', '--env-file', file]), ['"--env-file"', shown(file)]);
});

test('values of flags may begin with a dash, or hold =', async t => {
	t.deepEqual(await probed(t, ['-e', 'A=-x', '--env=B=--rm', '-eC==='], ['env', 'A', ',', 'env', 'B', ',', 'env', 'C']), ['"-x"', '"--rm"', '"=="']);
});

test('variables, the directory and mounts with odd characters pass, too', async t => {
	const directory = join(directoryOf(), 'ä "b"\n$c:d'.replace(':', ';'));
	writeFileSync(directory, 'content');
	const inside = '/pl äce/"x"\n$y';
	t.deepEqual(await probed(t, ['-v', `${directory}:${inside}`, '-w', '/w\n"d"', '-e', 'V= \n$"\''], ['read', inside, ',', 'print', '', ',', 'env', 'V', ',', 'exec', '/probe', 'cwd']), ['content', '" \\u000a$\\"\'"', '/w', '"d"']);
});

test('a line in the tour: sh sees its words as they are', async t => {
	t.is(await ran(t, ['busybox', 'sh', '-c', 'printf "%s|" "$@"', 'sh', 'a b', '', '$x', '\n']), 'a b||$x|\n|');
});

/**
 * Node gives argv to us as text, so bytes that are no UTF-8 are lost before we see them: they come out as U+FFFD each, in
 * every program written for Node. This holds what is so.
 */
test('bytes that are no UTF-8 in a word come out as U+FFFD, since Node reads them so', async t => {
	const script = join(directoryOf(), 'call.sh');
	writeFileSync(script, `exec ${command} run -v ${probe}:/probe:ro busybox /probe argv "$(printf 'a\\377b')"\n`);
	const {status, stdout} = await new Running([script], {program: ['/bin/sh']}).ended;
	t.deepEqual({status, stdout}, {status: 0, stdout: '"a\u{FFFD}b"\n'});
});

test('many words and much environment pass, up to what one frame holds', async t => {
	const words = Array.from({length: 3000}, (_, index) => `word ${index}`);
	t.deepEqual(await probed(t, [], ['argv', ...words]), words.map(word => shown(word)));
	const large = 'x'.repeat(120_000);
	const {status, stdout} = await cloche(['run', ...withProbe, '-e', 'A', '-e', 'B', '-e', 'C', 'busybox', '/probe', 'env', 'C'], {env: {A: large, B: large, C: large}});
	t.is(status, 0);
	t.is(stdout.length, large.length + 3);
});
