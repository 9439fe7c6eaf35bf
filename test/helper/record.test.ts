/** What a supervisor writes down: the exit record, room for which it took beforehand; the init's link; the journal. */

import {spawn} from 'node:child_process';
import {mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {isTemporary} from '../../orchestrator/base/atomic.js';
import {identify} from '../../orchestrator/base/process.js';
import {readExit, readInit} from '../../orchestrator/container/store/exit.js';
import {keep} from './keeper.js';

const directoryFor = (t: ExecutionContext): string => {
	const directory = mkdtempSync(join(tmpdir(), 'cloche-record-'));
	t.teardown(() => rmSync(directory, {recursive: true, force: true}));
	return directory;
};

test('the exit record is read as what it is, and takes its reserve with it', t => {
	const directory = directoryFor(t);
	keep(directory, 'reserve');
	const [reserve = '', ...others] = readdirSync(directory);
	t.deepEqual(others, []);
	t.true(isTemporary(reserve));
	t.is(statSync(join(directory, reserve)).size, 4096);
	keep(directory, 'reserve', 'exit 7 0');
	t.deepEqual(readdirSync(directory), ['exit.json']);
	t.is(statSync(join(directory, 'exit.json')).mode & 0o777, 0o600);
	const {ended, started, ...rest} = readExit(directory) ?? {ended: ''};
	t.deepEqual(rest, {version: 1, code: 7, userTime: 0, systemTime: 0, maxRss: 0});
	t.is(new Date(ended).toISOString(), ended);
	t.is(new Date(started ?? '').toISOString(), started ?? 'none');
});

test('a run that is followed by another says so; then there is none until the next end', t => {
	const directory = directoryFor(t);
	keep(directory, 'reserve', 'exit 1 1');
	t.like(readExit(directory), {code: 1, restarting: true});
	keep(directory, 'forget');
	t.is(readExit(directory), undefined);
	t.is(readdirSync(directory).length, 1, 'its room is kept');
	keep(directory, 'exit 2 1', 'exit 2 0');
	t.is(readExit(directory)?.restarting, undefined);
	t.deepEqual(readdirSync(directory), ['exit.json']);
});

test('why it never ran is told, whatever the words are, in a record that its reserve can hold', t => {
	const directory = directoryFor(t);
	keep(directory, 'reserve', `failure "\\\u0001é${'x'.repeat(40)}`);
	t.true(readExit(directory)?.error?.startsWith(`"\\\u0001é${'x'.repeat(40)} \n\n\n`));
	t.true(readExit(directory)?.error?.endsWith(': No such file or directory'));
	t.is(readExit(directory)?.code, undefined);
	t.true(statSync(join(directory, 'exit.json')).size <= 4096);
});

(process.getuid?.() === 0 ? test : test.skip)('on a full disk (root) the exit record is written, and written again; a reserve is refused where there is no room', t => {
	const directory = directoryFor(t);
	const [first = '', second = '', third = '', ...none] = keep(directory, 'tmpfs 64k', 'reserve', 'fill', 'exit 1 1', 'cat exit.json', 'exit 3 0', 'cat exit.json', 'forget', 'exit 4 0', 'cat exit.json').toString().split('\n').filter(line => line.trim() !== '');
	t.like(JSON.parse(first), {code: 1, restarting: true});
	t.like(JSON.parse(second), {code: 3});
	t.false('restarting' in (JSON.parse(second) as object));
	t.like(JSON.parse(third), {code: 4});
	t.deepEqual(none, []);
	t.is(keep(directory, 'tmpfs 64k', 'fill', 'reserve', 'list').toString(), 'write: No space left on device\nballast\n');
});

test('the link tells the init, and replaces the one before', t => {
	const directory = directoryFor(t);
	const child = spawn('sleep', ['1000'], {stdio: 'ignore'});
	t.teardown(() => child.kill());
	const pid = child.pid ?? 0;
	keep(directory, `init ${process.pid}`, `init ${pid}`);
	t.like(readInit(join(directory, 'c')), {boot: '1a2b3c4d', pid, start: identify(pid)?.start ?? -1});
	t.deepEqual(readdirSync(directory), ['c.init']);
});

test('events are lines of JSON behind what others wrote; where they can\'t be written, nothing happens', t => {
	const directory = directoryFor(t);
	writeFileSync(join(directory, 'events'), '{"action":"create"}\n');
	keep(directory, 'event start', 'event die');
	const lines = readFileSync(join(directory, 'events'), 'utf8').trim().split('\n').map(line => JSON.parse(line) as {time?: string; action: string; id?: string; image?: string; exitCode?: number});
	t.deepEqual(lines.map(({action}) => action), ['create', 'start', 'die']);
	t.like(lines[2], {id: 'c', image: 'busybox', exitCode: 1});
	t.is(new Date(lines[1]?.time ?? '').toISOString(), lines[1]?.time ?? 'none');
	const gone = directoryFor(t);
	rmSync(gone, {recursive: true});
	t.is(keep(gone, 'event start', 'reserve').toString(), 'open: No such file or directory\n');
});
