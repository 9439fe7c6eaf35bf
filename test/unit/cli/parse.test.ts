/** The command line's words: each flag of `run`, what ends the flags, and what is refused. */

import test from 'ava';
import {ClocheError} from '../../../orchestrator/base/errors.js';
import {groupsOf} from '../../../orchestrator/cli/options.js';
import {parseWords} from '../../../orchestrator/cli/parse.js';
import {runTable} from '../../../orchestrator/cli/run-table.js';
import {RUN_OPTION_NAMES} from '../../../orchestrator/container/options/option-names.js';

const parse = (...words: string[]) => parseWords(words, groupsOf(runTable), 'cloche run');

const entries = groupsOf(runTable).flatMap(group => group.options);

for (const {name, short, type, multiple} of entries) {
	test(`--${name}`, t => {
		if (type === 'boolean') {
			t.deepEqual(parse(`--${name}`, 'image'), {values: {[name]: true}, operands: ['image']});
			t.deepEqual(parse(`--${name}=false`, 'image').values, {[name]: false});
			t.throws(() => parse(`--${name}=maybe`), {instanceOf: ClocheError, message: new RegExp(`^--${name}=maybe: it takes no value but true and false`)});
		} else {
			const value = multiple === true ? ['x'] : 'x';
			t.deepEqual(parse(`--${name}`, 'x', 'image'), {values: {[name]: value}, operands: ['image']});
			t.deepEqual(parse(`--${name}=x`, 'image'), {values: {[name]: value}, operands: ['image']});
			t.deepEqual(parse(`--${name}`, '--rm', 'image').values, {[name]: multiple === true ? ['--rm'] : '--rm'}, 'as docker run, a value can begin with a dash');
			t.throws(() => parse(`--${name}`), {message: new RegExp(`^--${name}: no value follows; give --${name} `)});
			t.deepEqual(parse(`--${name}=a`, `--${name}=b`, 'image').values, {[name]: multiple === true ? ['a', 'b'] : 'b'});
		}
	});

	if (short !== undefined) {
		test(`-${short} is --${name}`, t => {
			const value = multiple === true ? ['x'] : 'x';
			t.deepEqual(parse(`-${short}`, ...(type === 'string' ? ['x'] : []), 'image'), {values: {[name]: type === 'string' ? value : true}, operands: ['image']});
		});
	}
}

test('short ones can stand together', t => {
	t.deepEqual(parse('-it', 'image').values, {interactive: true, tty: true});
	t.deepEqual(parse('-itv', '/a:/b', 'image').values, {interactive: true, tty: true, volume: ['/a:/b']});
	t.deepEqual(parse('-itv/a:/b', 'image').values, {interactive: true, tty: true, volume: ['/a:/b']});
	t.deepEqual(parse('-eA=1', '-e=B=2', '-e', '=x', 'image').values, {env: ['A=1', 'B=2', '=x']});
});

for (const words of [
	['busybox', '-x', '--rm', '--', '-it', '--nonsense', '--name'],
	['busybox', '--', 'x'],
	['busybox', ''],
	['', 'x'],
	['-', '--rm'],
	['busybox', 'sh', '-c', 'echo "$@" \\ \n $(x) * ?', '--help', '-h', '--version', 'ä\u{1F514}'],
]) {
	test(`from the image on, words pass untouched: ${JSON.stringify(words)}`, t => {
		t.deepEqual(parse('--rm', ...words), {values: {rm: true}, operands: words});
	});
}

test('-- ends the options', t => {
	t.deepEqual(parse('--rm', '--', '-image', '--', '-x'), {values: {rm: true}, operands: ['-image', '--', '-x']});
});

test('where options may follow operands, all words that are none are operands, and -- ends the options', t => {
	const parseAmong = (...words: string[]) => parseWords(words, groupsOf(runTable), 'cloche run', true);
	t.deepEqual(parseAmong('one', '--rm', 'two', '-w', '/x', 'three'), {values: {rm: true, workdir: '/x'}, operands: ['one', 'two', 'three']});
	t.deepEqual(parseAmong('one', '--', '--rm', '-q'), {values: {}, operands: ['one', '--rm', '-q']});
	t.throws(() => parseAmong('one', '-q'), {message: /^unknown option -q/});
});

for (const [words, message] of [
	[['--hostnmae', 'x', 'image'], /^unknown option --hostnmae; did you mean --hostname\?/],
	[['--hostnmae=x', 'image'], /^unknown option --hostnmae; did you mean --hostname\?/],
	[['-q', 'image'], /^unknown option -q/],
	[['-iq', 'image'], /^unknown option -q/],
	[['--i', 'image'], /^unknown option --i/],
	[['--privileged', 'image'], /^unknown option --privileged; cloche run --help lists them all/],
	[['--no-rm', 'image'], /^unknown option --no-rm; cloche run --help/],
] as const) {
	test(`refused: ${words.join(' ')}`, t => {
		t.throws(() => parse(...words), {instanceOf: ClocheError, message});
	});
}

test('the command line and the library have the same options', t => {
	const dashed = RUN_OPTION_NAMES.map(name => name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`));
	const ours = new Set(['explain', 'trace', 'root', 'help', 'cidfile']);
	t.deepEqual(entries.map(({name}) => name).filter(name => !ours.has(name)).sort(), dashed.sort());
});

test('no name is taken twice', t => {
	const names = entries.flatMap(({name, short}) => short === undefined ? [name] : [name, short]);
	t.is(new Set(names).size, names.length);
});
