/** `cloche attach`: at the terminal or the streams of a container that somebody else keeps. */

import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {cloche, directoryOf, type Ended, type Invocation, present, Running, withProbe} from '../support/cloche.js';
import {command} from '../support/installed.js';
import {until} from '../support/marked.js';
import {Terminal} from '../support/terminal.js';
import type {Person} from '../support/who.js';

interface Scene {
	as: Person;
	env: Record<string, string>;
	invocation: Invocation;
	/** `cloche run --detach --name c` with these words. */
	begin: (...words: readonly string[]) => Promise<void>;
	/** `cloche WORDS…`. */
	call: (...words: readonly string[]) => Promise<Ended>;
	attached: (words?: readonly string[], invocation?: Invocation) => Running;
	/** A terminal that is attached to `c`. */
	terminal: (words?: readonly string[], size?: {rows: number; columns: number}) => Terminal;
}

const everybody = (title: string, show: (t: ExecutionContext, scene: Scene) => Promise<void>): void => {
	for (const as of present) {
		test(`${as.who}: ${title}`, async t => {
			const env = {CLOCHE_ROOT: join(directoryOf(as), 'state')};
			const invocation = {as, env};
			const call: Scene['call'] = (...words) => cloche(words, invocation);
			try {
				await show(t, {
					as, env, invocation, call,
					begin: async (...words) => {
						const {status, stderr} = await call('run', '--detach', '--name', 'c', ...withProbe, ...words);
						t.is(stderr, '');
						t.is(status, 0);
					},
					attached: (words = [], more = {}) => new Running(['attach', ...words, 'c'], {...invocation, ...more}),
					terminal: (words = [], size = {rows: 24, columns: 80}) => new Terminal(t, as, ['attach', ...words, 'c'], {...size, env}),
				});
			} finally {
				await call('rm', '--force', 'c');
			}
		});
	}
};

const text = async (running: Running, pattern: RegExp): Promise<string> => {
	let seen = '';
	while (!pattern.test(seen)) {
		const [chunk] = await once(running.child.stdout ?? running.child, 'data') as [Buffer];
		seen += String(chunk);
	}

	return seen;
};

/** Says `tick` until /go is there. */
const TICKING = 'until [ -e /go ]; do echo tick; sleep 0.05; done';

everybody('its two outputs come to ours, and its exit status is ours; so for several at once', async (t, {begin, call, attached}) => {
	await begin('busybox', 'sh', '-c', `${TICKING}; echo out; echo error >&2; exit 7`);
	const several = [attached(), attached(['--no-stdin']), attached()];
	for (const one of several) {
		await text(one, /tick\n/);
	}

	await call('exec', 'c', 'touch', '/go');
	for (const one of several) {
		const {status, stdout, stderr} = await one.ended;
		t.is(status, 7);
		t.regex(stdout, /^(?:tick\n)*out\n$/);
		t.is(stderr, 'error\n');
	}
});

everybody('what we are given it reads, if it is interactive', async (t, {begin, invocation}) => {
	await begin('--interactive', 'busybox', 'sh', '-c', 'while read line; do echo "got $line"; [ "$line" = end ] && exit 3; done');
	const listening = new Running(['attach', '--no-stdin', 'c'], {...invocation, input: 'unheard\n'});
	const {status, stdout} = await cloche(['attach', 'c'], {...invocation, input: 'one\nend\n'});
	t.is(stdout, 'got one\ngot end\n');
	t.is(status, 3);
	t.notRegex((await listening.ended).stdout, /unheard/);
});

everybody('signals go to it; with --sig-proxy=false they end only us', async (t, {begin, attached}) => {
	await begin('busybox', 'sh', '-c', 'trap "echo heard; exit 4" TERM; while :; do echo tick; sleep 0.05; done');
	const aside = attached(['--sig-proxy=false']);
	await text(aside, /tick/);
	aside.child.kill('SIGTERM');
	t.is((await aside.ended).signal, 'SIGTERM');
	const one = attached();
	await text(one, /tick/);
	one.child.kill('SIGTERM');
	const {status, stdout} = await one.ended;
	t.regex(stdout, /heard\n$/);
	t.is(status, 4);
});

everybody('a terminal: keys, the window\'s size and its changes, detach keys, and the terminal is given back as it was', async (t, {as, begin, call, env}) => {
	await begin('-it', 'busybox', 'sh');
	const shell = new Terminal(t, as, ['attach', 'c'], {rows: 30, columns: 90, env, program: ['/bin/sh', '-c', 'read enter; "$0" "$@"; echo status $?; read enter', command]});
	const before = await shell.attributes();
	shell.type('\r');
	await shell.sees(/# /);
	shell.type('stty size\r');
	await shell.sees(/30 90\r\n/);
	await shell.resize(41, 101);
	await until(async () => (await call('exec', 'c', 'sh', '-c', 'stty size </dev/pts/0')).stdout === '41 101\n');
	t.not(await shell.attributes(), before);
	// Half of the keys is for the container.
	shell.type('sh -c \'echo read""y; exec cat -v\'\r');
	await shell.sees(/\nready\r\n/);
	shell.type('a\u0010b\r');
	await shell.sees(/a\^Pb\r\n/);
	shell.type('\u0004');
	await shell.sees(/# /);
	shell.type('\u0010');
	shell.type('\u0011');
	await shell.sees(/status 0\r\n/);
	t.is(await shell.attributes(), before);
	shell.type('\r');
	await shell.ended;

	const again = new Terminal(t, as, ['attach', '--detach-keys', 'ctrl-a,d', 'c'], {env, program: ['/bin/sh', '-c', '"$0" "$@"; echo status $?; read enter', command]});
	again.type('\r');
	await again.sees(/# /);
	again.type('exit 9\r');
	await again.sees(/status 9\r\n/);
	t.is((await again.attributes()).split(' ').slice(0, 3).join(' '), before.split(' ').slice(0, 3).join(' '));
	again.type('\r');
	await again.ended;
});

everybody('a signal that ends us gives the terminal back, and the container goes on', async (t, {as, begin, call, env}) => {
	await begin('-it', 'busybox', 'sh');
	const script = 'read enter; sh -c \'echo pid $$; exec "$0" "$@"\' "$0" "$@"; echo status $?; read enter';
	const one = new Terminal(t, as, ['attach', 'c'], {env, program: ['/bin/sh', '-c', script, command]});
	const before = await one.attributes();
	one.type('\r');
	const [pid = ''] = /\d+/.exec(await one.sees(/pid \d+\r\n/)) ?? [];
	await one.sees(/# /);
	process.kill(Number(pid), 'SIGTERM');
	await one.sees(/status 143\r\n/);
	t.is(await one.attributes(), before);
	one.type('\r');
	await one.ended;
	t.is((await call('exec', 'c', 'echo', 'there')).stdout, 'there\n');
});

everybody('one that stops reading holds up neither the container nor the others, and is told what it lost', async (t, {begin, call, attached, env, as}) => {
	await begin('busybox', 'sh', '-c', 'until [ -e /go ]; do echo tick; sleep 0.05; done; head -c 20000000 /dev/zero; touch /done; until [ -e /end ]; do sleep 0.05; done; echo last');
	const slow = spawn(command, ['attach', 'c'], {stdio: ['ignore', 'pipe', 'pipe'], env: {...as.env, ...env}, ...(as.other ? {uid: as.uid, gid: as.gid} : {})});
	let said = '';
	slow.stderr.on('data', chunk => {
		said += String(chunk);
	});
	await once(slow.stdout, 'readable');
	const other = attached([], {keep: false, stdio: ['ignore', 'ignore', 'ignore']});
	await call('exec', 'c', 'touch', '/go');
	await until(async () => (await call('exec', 'c', 'test', '-e', '/done')).status === 0);
	await call('exec', 'c', 'touch', '/end');
	t.is((await other.ended).status, 0);
	let got = 0;
	slow.stdout.on('data', (chunk: Buffer) => {
		got += chunk.length;
	});
	const [status] = await once(slow, 'close') as [number];
	t.is(status, 0);
	const lost = said.match(/\d+(?= bytes of output were left out)/g)?.reduce((sum, bytes) => sum + Number(bytes), 0) ?? 0;
	t.true(lost > 1_000_000, said);
	t.true(got < 19_000_000, String(got));
	t.true(got + lost >= 20_000_000, `${got} ${lost}`);
});

everybody('who has nothing to attach to is told why', async (t, {begin, call, invocation, attached}) => {
	await begin('busybox', 'true');
	await until(async () => (await call('ps', '--all', '--format', '{{.State}}')).stdout === 'exited\n');
	const ended = await attached().ended;
	t.is(ended.status, 125);
	t.regex(ended.stderr, /^cloche: the container isn't running: c: it is exited; [^\n]+\n$/);
	t.regex((await call('attach', 'nosuch')).stderr, /no such container/);
	t.regex((await call('attach', '--detach-keys', 'ctrl-ü', 'c')).stderr, /--detach-keys/);
	const front = new Running(['run', '--name', 'front', 'busybox', 'sh', '-c', 'trap "exit 3" TERM; echo ready; while :; do sleep 0.05; done'], invocation);
	await text(front, /ready/);
	t.regex((await call('attach', 'front')).stderr, /isn't detached/);
	front.child.kill('SIGTERM');
	t.is((await front.ended).status, 3);
	await call('rm', 'front');
});
