/** Standard streams: the payload's are the very files that we were given; bytes and order are kept; ends are ends. */

import {createHash, randomBytes} from 'node:crypto';
import {once} from 'node:events';
import {closeSync, fstatSync, openSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import type {Readable} from 'node:stream';
import test, {type ExecutionContext} from 'ava';
import {cloche, directoryOf, present, ran, Running, withProbe} from '../support/cloche.js';
import {command} from '../support/installed.js';
import type {Person} from '../support/who.js';

const everybody = (title: string, show: (t: ExecutionContext, as: Person) => Promise<void>): void => {
	for (const as of present) {
		test(`${as.who}: ${title}`, async t => {
			await show(t, as);
		});
	}
};

const MIB = 1_048_576;

everybody('an inherited file stays the same file, with its place in it', async (t, as) => {
	const directory = directoryOf(as);
	const [input, output, errors] = ['in', 'out', 'err'].map(name => join(directory, name));
	writeFileSync(input ?? '', 'skipped line\nread line\n', {mode: 0o666});
	const descriptors = [openSync(input ?? '', 'r'), openSync(output ?? '', 'w', 0o666), openSync(errors ?? '', 'w', 0o666)];
	const inodes = descriptors.map(fd => String(fstatSync(fd).ino));
	const script = 'for fd in 0 1 2; do stat -L -c %i /proc/self/fd/$fd; done; read -r line; echo "got $line"; echo error >&2';
	const {status} = await cloche(['run', '-i', 'busybox', 'sh', '-c', script], {as, stdio: descriptors});
	t.is(status, 0);
	t.deepEqual(readFileSync(output ?? '', 'utf8').split('\n'), [...inodes, 'got skipped line', '']);
	t.is(readFileSync(errors ?? '', 'utf8'), 'error\n');
	for (const fd of descriptors) {
		closeSync(fd);
	}
});

everybody('what is appended to stays appended to, and both streams may be one file', async (t, as) => {
	const path = join(directoryOf(as), 'log');
	writeFileSync(path, 'before\n', {mode: 0o666});
	const fd = openSync(path, 'a');
	const {status} = await cloche(['run', ...withProbe, 'busybox', '/probe', 'interleave', '200'], {as, stdio: ['ignore', fd, fd]});
	t.is(status, 0);
	closeSync(fd);
	t.is(readFileSync(path, 'utf8'), ['before', ...Array.from({length: 200}, (_, index) => String(index)), ''].join('\n'));
});

everybody('a pipe stays the same pipe', async (t, as) => {
	const look = 'for fd in 0 1 2; do readlink /proc/self/fd/$fd; done';
	const through = {as, program: ['/bin/sh', '-c', `${look}; exec "$0" "$@"`, command], input: 'end\n'};
	const {status, stdout, stderr} = await cloche(['run', '-i', 'busybox', 'sh', '-c', `${look}; cat`], through);
	t.is(status, 0, stderr);
	const [in1, out1, err1, in2, out2, err2, rest] = stdout.split('\n');
	t.deepEqual([in2, out2, err2, rest], [in1, out1, err1, 'end']);
});

everybody('/dev/stdout can be opened again, where a shell gave a pipe', async (t, as) => {
	const {status, stdout} = await cloche(['run', 'busybox', 'sh', '-c', 'echo one >/dev/stdout; echo two >/dev/stderr'], {
		as, program: ['/bin/sh', '-c', '"$0" "$@" 2>&1 | cat', command],
	});
	t.deepEqual({status, stdout}, {status: 0, stdout: 'one\ntwo\n'});
});

/** How many bytes come, and their hash. */
const digest = async (stream: Readable | null): Promise<string> => {
	const hash = createHash('sha256');
	let size = 0;
	for await (const chunk of stream ?? []) {
		hash.update(chunk as Buffer);
		size += (chunk as Buffer).length;
	}

	return `${size} ${hash.digest('hex')}`;
};

everybody('64 MiB of random bytes come through stdin, stdout and stderr as they are', async (t, as) => {
	const bytes = randomBytes(64 * MIB);
	const sent = `${bytes.length} ${createHash('sha256').update(bytes).digest('hex')}`;
	const {child} = new Running(['run', '-i', 'busybox', 'sh', '-c', 'tee /tmp/copy; cat /tmp/copy >&2'], {as, input: bytes, stdio: ['pipe', 'pipe', 'pipe'], keep: false});
	const [out, errors, exit] = await Promise.all([digest(child.stdout), digest(child.stderr), once(child, 'exit')]);
	t.deepEqual(exit, [0, null]);
	t.is(out, sent);
	t.is(errors, sent);
});

/** How many bytes have come once there are `enough`, or no more. */
const count = async (stream: Readable | null, enough: number): Promise<number> => {
	let size = 0;
	for await (const chunk of stream?.iterator({destroyOnReturn: false}) ?? []) {
		size += (chunk as Buffer).length;
		if (size >= enough) {
			break;
		}
	}

	return size;
};

everybody('both streams flow at once: neither waits for the other\'s reader', async (t, as) => {
	const {child, ended} = new Running(['run', 'busybox', 'sh', '-c', 'head -c 8388608 /dev/zero >&2 & head -c 8388608 /dev/zero; wait'], {as, keep: false});
	// Nobody reads stderr until all of stdout is there.
	t.is(await count(child.stdout, 8 * MIB), 8 * MIB);
	t.is(await count(child.stderr, 8 * MIB), 8 * MIB);
	t.like(await ended, {status: 0, signal: null});
});

everybody('the end of input is the end, and an input that never ends holds up nobody', async (t, as) => {
	t.is(await ran(t, ['-i', 'busybox', 'wc', '-c'], {as, input: new Uint8Array(123_456)}), '123456\n');
	const running = new Running(['run', '-i', 'busybox', 'echo', 'done'], {as, stdio: ['pipe', 'pipe', 'pipe']});
	const {status, stdout} = await running.ended;
	t.deepEqual({status, stdout, open: running.child.stdin?.writableEnded}, {status: 0, stdout: 'done\n', open: false});
	running.child.stdin?.destroy();
});

everybody('a reader that goes away ends the writer, and the run', async (t, as) => {
	const {child, ended} = new Running(['run', 'busybox', 'sh', '-c', 'yes; exit $?'], {as, keep: false});
	await once(child.stdout ?? child, 'data');
	child.stdout?.destroy();
	// yes(1) is killed by SIGPIPE, as anywhere: it isn't process 1.
	t.like(await ended, {status: 141, signal: null});
});

everybody('a reader that goes away is EPIPE to process 1, which the kernel spares from SIGPIPE', async (t, as) => {
	const {child, ended} = new Running(['run', ...withProbe, 'busybox', '/probe', 'flood', '100000000'], {as, keep: false});
	await once(child.stdout ?? child, 'data');
	child.stdout?.destroy();
	// The probe's own status where write(2) fails.
	t.like(await ended, {status: 1, signal: null});
});

everybody('streams that are closed from the start do no harm', async (t, as) => {
	const directory = directoryOf(as);
	for (const [closed, expected] of [['0<&-', 'x\n'], ['2>&-', 'x\n'], ['1>&-', '']] as const) {
		const through = {as, cwd: directory, program: ['/bin/sh', '-c', `exec "$0" "$@" ${closed}`, command]};
		const {status, stdout} = await cloche(['run', '-i', 'busybox', 'sh', '-c', 'echo x; exit 3'], through);
		t.is(stdout, expected, closed);
		t.is(status, 3, closed);
	}
});
