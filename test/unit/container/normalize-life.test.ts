import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'ava';
import {normalizeOptions} from '../../../orchestrator/container/normalize.js';
import type {RunOptions} from '../../../orchestrator/container/options/run-options.js';
import type {ContainerSpec} from '../../../orchestrator/container/spec.js';
import {specFromJson, specToJson} from '../../../orchestrator/container/spec-json.js';

const normalize = (options: RunOptions): ContainerSpec =>
	normalizeOptions('busybox', ['true'], options, {label: option => `--${option}`, cwd: '/', env: {}, uptime: 0n});

const refusal = (t: {throws: (run: () => unknown) => Error}, options: RunOptions): string => t.throws(() => normalize(options)).message;

test('a restart policy is what docker run takes', t => {
	const policy = (restart: string) => normalize({detach: true, restart}).restart;
	t.deepEqual(policy('always'), {policy: 'always'});
	t.deepEqual(policy('unless-stopped'), {policy: 'unless-stopped'});
	t.deepEqual(policy('on-failure'), {policy: 'on-failure'});
	t.deepEqual(policy('on-failure:0'), {policy: 'on-failure'});
	t.deepEqual(policy('on-failure:5'), {policy: 'on-failure', most: 5});
	t.is(policy('no'), undefined);
	for (const restart of ['sometimes', 'always:3', 'on-failure:x', 'on-failure:-1', 'on-failure:1:2']) {
		t.regex(refusal(t, {detach: true, restart}), /^--restart /);
	}
});

test('a health check has docker run\'s defaults', t => {
	t.deepEqual(normalize({detach: true, healthCmd: 'test -e /ok'}).health, {
		command: ['/bin/sh', '-c', 'test -e /ok'], interval: 30_000, timeout: 30_000, retries: 3, startPeriod: 0,
	});
	t.deepEqual(normalize({detach: true, healthCmd: ['probe', 'me'], healthInterval: '1s', healthTimeout: 200, healthRetries: '7', healthStartPeriod: '1m'}).health, {
		command: ['probe', 'me'], interval: 1000, timeout: 200, retries: 7, startPeriod: 60_000,
	});
	t.is(normalize({noHealthcheck: true}).health, undefined);
	t.regex(refusal(t, {detach: true, healthCmd: 'x', noHealthcheck: true}), /^--noHealthcheck: --healthCmd asks for a check/);
	t.regex(refusal(t, {detach: true, healthInterval: '1s'}), /^--healthInterval: there is no check/);
	t.regex(refusal(t, {detach: true, healthCmd: 'x', healthRetries: 0}), /^--healthRetries 0/);
	t.regex(refusal(t, {detach: true, healthCmd: 'x', healthTimeout: 0}), /^--healthTimeout 0ms/);
});

test('a log\'s size and number of files', t => {
	t.deepEqual(normalize({detach: true, logOpt: ['max-size=10m', 'max-file=3']}).log, {maxSize: 10_485_760, maxFiles: 3});
	t.deepEqual(normalize({detach: true, logOpt: {'max-file': 2}}).log, {maxSize: 16_777_216, maxFiles: 2});
	for (const logOpt of ['max-size', 'max-size=0', 'max-file=0', 'mode=blocking', 'max-size=x']) {
		t.regex(refusal(t, {detach: true, logOpt}), /^--logOpt /);
	}
});

test('labels come from files and options, and the last of a name counts', t => {
	const directory = mkdtempSync(join(tmpdir(), 'cloche-labels-'));
	t.teardown(() => {
		rmSync(directory, {recursive: true});
	});
	const file = join(directory, 'labels');
	writeFileSync(file, '# one\na=1\n\n  b = c=d\nempty\n');
	t.deepEqual(normalize({labelFile: file, label: ['a=2', 'f=']}).labels, {'a': '2', 'b ': ' c=d', 'empty': '', 'f': ''});
	t.deepEqual(normalize({label: {a: 1}}).labels, {a: '1'});
	t.regex(refusal(t, {label: '=x'}), /^--label =x: the label has no name/);
});

test('what takes a supervisor of its own is refused in the foreground', t => {
	t.regex(refusal(t, {restart: 'always'}), /^--restart: .*add --detach/);
	t.regex(refusal(t, {healthCmd: 'x'}), /^--healthCmd: .*add --detach/);
	t.regex(refusal(t, {logOpt: 'max-file=1'}), /^--logOpt: .*add --detach/);
	t.regex(refusal(t, {detach: true, restart: 'always', rm: true}), /^--restart: .*leave out --rm/);
	t.is(normalize({restart: 'no'}).restart, undefined);
});

test('a spec is the same after it was JSON', t => {
	const spec: ContainerSpec = {...normalize({detach: true, ulimit: 'nofile=unlimited', timeOffset: 'boottime=+2d', label: 'a=b', restart: 'on-failure:2'})};
	spec.linux.seccomp = Uint8Array.of(6, 0, 0xFF);
	t.deepEqual(specFromJson(JSON.parse(JSON.stringify(specToJson(spec)))), spec);
});
