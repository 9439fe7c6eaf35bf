/** Help, versions and mistakes, as a person meets them. Nothing here needs root, a helper or an image. */

import {execFile} from 'node:child_process';
import {promisify} from 'node:util';
import test from 'ava';
import {commandHelp, columns, wrap} from '../../../orchestrator/cli/help.js';
import {mainHelp} from '../../../orchestrator/cli/main-help.js';
import {groupsOf} from '../../../orchestrator/cli/options.js';
import {runTable} from '../../../orchestrator/cli/run-table.js';

const run = promisify(execFile);

interface Outcome {
	code: number;
	stdout: string;
	stderr: string;
}

const cloche = async (...words: string[]): Promise<Outcome> => {
	try {
		return {code: 0, ...await run(process.execPath, ['--import=tsx', 'orchestrator/main.ts', ...words])};
	} catch (error) {
		if (error instanceof Error && 'code' in error && typeof error.code === 'number' && 'stdout' in error && 'stderr' in error) {
			return {code: error.code, stdout: String(error.stdout), stderr: String(error.stderr)};
		}

		throw error;
	}
};

test('help of run names every option, in lines that fit', t => {
	const help = commandHelp(runTable);
	for (const {name, doc} of groupsOf(runTable).flatMap(group => group.options)) {
		t.true(help.includes(`--${name}`), name);
		t.true(help.replaceAll(/\n +/g, ' ').includes(doc), doc);
	}

	for (const line of help.split('\n')) {
		t.true(line.length <= 100, line);
	}
});

test('help of all names every command', t => {
	for (const name of ['run', 'rm', 'gc', '--root', '--version', '--help']) {
		t.true(mainHelp().includes(name));
	}
});

test('lines are broken at blanks', t => {
	t.deepEqual(wrap('aa bb cc', 5), ['aa bb', 'cc']);
	t.deepEqual(wrap('aaaaaaaa b', 5), ['aaaaaaaa', 'b']);
	t.is(columns('  --x', 'doc').indexOf('doc'), columns('  --something', 'doc').indexOf('doc'));
	t.regex(columns(`  --${'x'.repeat(40)}`, 'doc'), /\n {30,}doc$/);
});

const outcomes: ReadonlyArray<readonly [words: readonly string[], code: number, stdout: RegExp, stderr: RegExp]> = [
	[['--help'], 0, /^Usage: cloche .*COMMAND/, /^$/],
	[['help'], 0, /^Usage: cloche/, /^$/],
	[['run', '--help'], 0, /^Usage: cloche run \[OPTION…\] IMAGE/, /^$/],
	[['rm', '--help'], 0, /^Usage: cloche rm/, /^$/],
	[['gc', '-h'], 0, /^Usage: cloche gc/, /^$/],
	[['--version'], 0, /^cloche \d+\.\d+\.\d+\n$/, /^$/],
	[[], 125, /^$/, /^Usage: cloche/],
	[['rnu'], 125, /^$/, /^cloche: unknown command 'rnu'; did you mean run\? .*\n$/],
	[['constructor'], 125, /^$/, /^cloche: unknown command 'constructor'/],
	[['--rooot', 'x', 'run'], 125, /^$/, /^cloche: unknown option --rooot; did you mean --root\?/],
	[['run'], 125, /^$/, /^cloche: no image: a container needs a root; name an image.*\n$/],
	[['run', '--hostname', 'a b', 'busybox'], 125, /^$/, /^cloche: --hostname a b: not a host name; give .*\n$/],
	[['run', '--stop-signal', 'X', 'busybox'], 125, /^$/, /^cloche: --stop-signal X: not a signal; give .*\n$/],
	[['run', '--cap-add', 'X', 'busybox'], 125, /^$/, /^cloche: --cap-add X: not a capability/],
	[['run', '--explain', 'nosuchimage'], 125, /^$/, /^cloche: no such image: nosuchimage; there are host and busybox/],
	[['run', '--rootfs', '/nowhere', 'x'], 125, /^$/, /^cloche: .*\/nowhere: no such file or directory/],
	[['rm'], 125, /^$/, /^cloche: rm: no container given/],
	[['gc', 'x'], 125, /^$/, /^cloche: gc x: it takes no operands/],
];

for (const [words, code, stdout, stderr] of outcomes) {
	test(`cloche ${words.join(' ')}`, async t => {
		const outcome = await cloche('--root', '/nowhere/state', ...words.filter(word => word !== ''));
		if (words.length === 0) {
			t.is(outcome.code, 125);
		}

		t.is(outcome.code, code, outcome.stderr);
		t.regex(outcome.stdout, stdout);
		t.regex(outcome.stderr, stderr);
	});
}
