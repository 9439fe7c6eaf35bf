/** Containers that live on: `ps` among many of them, and the log of one that writes a lot, beside conmon's. */

import {copyFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, readlinkSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import type {Bar} from './bars.js';
import type {Findings} from './findings.js';
import {interleave} from './rounds.js';
import {tryCommand} from './spawn.js';
import type {Record} from './statistics.js';
import {commandSubject, series, SMALL} from './subjects.js';
import {figure, type Row} from './table.js';
import type {Workshop} from './workshop.js';

const CLOCHE = fileURLToPath(new URL('../dist/cloche.cjs', import.meta.url));

const LIVE = 100;
const DEAD = 1000;

const RELAY_BYTES = 1 << 30;
const LINE = `${'0123456789'.repeat(9)}012345678\n`;
const RELAY_ROUNDS = 3;

const NODE_BESIDE = series('node beside ps', SMALL);
const PS = series('ps', SMALL);
const PS_ALL = series('ps -a', SMALL);
const [OURS, CONMON, PIPE] = ['relay ours', 'relay conmon', 'relay pipe'];

/** The dead are copies of one that has ended: only what is on disk of them counts. */
const copyDead = (root: string, id: string): void => {
	const containers = path.join(root, 'containers');
	const record = JSON.parse(readFileSync(path.join(containers, id, 'record.json'), 'utf8')) as {name: string};
	for (let index = 0; index < DEAD; index++) {
		const copy = `d${String(index).padStart(11, '0')}`;
		mkdirSync(path.join(containers, copy));
		writeFileSync(path.join(containers, copy, 'record.json'), JSON.stringify({...record, id: copy, name: `dead-${index}`}));
		copyFileSync(path.join(containers, id, 'exit.json'), path.join(containers, copy, 'exit.json'));
		symlinkSync(readlinkSync(path.join(containers, `${id}.init`)), path.join(containers, `${copy}.init`));
	}
};

const measurePs = async ({disk, scope}: Workshop, rounds: number, record: Record, signal: AbortSignal): Promise<void> => {
	const root = path.join(disk, 'many');
	const cloche = async (...words: string[]): Promise<string> => (await tryCommand([CLOCHE, '--root', root, ...words])).trim();
	scope.defer(async () => {
		await cloche('prune', '-f').catch(() => undefined);
	});
	const dead = await cloche('run', '-d', '--name', 'dead', 'busybox', 'true');
	await cloche('wait', 'dead');
	const live: string[] = [];
	scope.defer(async () => {
		if (live.length > 0) {
			await cloche('rm', '-f', ...live);
		}
	});
	for (let index = 0; index < LIVE; index++) {
		signal.throwIfAborted();
		live.push(await cloche('run', '-d', '--name', `live-${index}`, 'busybox', 'sleep', '100000'));
	}

	copyDead(root, dead);
	await interleave([
		commandSubject('node beside ps', ['node', '-e', '0'], {count: 1, every: 1}),
		commandSubject('ps', [CLOCHE, '--root', root, 'ps'], {count: 1, every: 1}),
		commandSubject('ps -a', [CLOCHE, '--root', root, 'ps', '-a'], {count: 1, every: 1}),
	], rounds, record, signal);
};

/** What conmon takes for an OCI runtime: `create` starts the writer and says its pid, so that only the relay is measured. */
const RUNTIME = (data: string): string => `#!/bin/sh
pid_file=
create=
while [ $# -gt 0 ]; do
	case $1 in
		create) create=1 ;;
		--pid-file) pid_file=$2; shift ;;
	esac
	shift
done
if [ -n "$create" ]; then
	(sleep 0.1; exec cat ${data}) &
	echo $! >"$pid_file"
fi
`;

const timed = async (argv: readonly string[]): Promise<number> => {
	const begin = performance.now();
	await tryCommand(argv);
	return performance.now() - begin;
};

const relayByConmon = async (directory: string, data: string): Promise<number> => {
	rmSync(directory, {recursive: true, force: true});
	mkdirSync(directory);
	const runtime = path.join(directory, 'runtime');
	writeFileSync(runtime, RUNTIME(data), {mode: 0o755});
	return timed([
		'conmon', '--api-version', '1', '--sync', '-c', 'relay', '-u', 'relay', '-n', 'relay', '-r', runtime, '-b', directory,
		'-p', path.join(directory, 'pid'), '-l', `k8s-file:${path.join(directory, 'log')}`, '--exit-dir', directory, '--no-sync-log',
		'--socket-dir-path', directory, '--full-attach',
	]);
};

/** In each round all three, one after the other: a gigabyte is long enough to be its own mean. */
const measureRelay = async ({disk}: Workshop, record: Record, signal: AbortSignal): Promise<void> => {
	const data = path.join(disk, 'gigabyte');
	const block = Buffer.from(LINE.repeat(10_000));
	writeFileSync(data, '');
	for (let size = 0; size < RELAY_BYTES; size += block.length) {
		writeFileSync(data, block, {flag: 'a'});
	}

	const hasConmon = await tryCommand(['conmon', '--version']).then(() => true, () => false);
	const root = path.join(disk, 'relay');
	const words = [CLOCHE, '--root', root];
	for (let round = 0; round < RELAY_ROUNDS; round++) {
		signal.throwIfAborted();
		const begin = performance.now();
		await tryCommand([...words, 'run', '-d', '--name', 'relay', '-v', `${data}:/data:ro`, 'busybox', 'cat', '/data']);
		await tryCommand([...words, 'wait', 'relay']);
		record(OURS, performance.now() - begin);
		await tryCommand([...words, 'rm', '-f', 'relay']);
		record(PIPE, await timed(['sh', '-c', `cat ${data} | cat >${disk}/piped`]));
		rmSync(path.join(disk, 'piped'));
		if (hasConmon) {
			record(CONMON, await relayByConmon(path.join(disk, 'conmon'), data));
			rmSync(path.join(disk, 'conmon'), {recursive: true});
		}
	}

	rmSync(data);
};

export const measureLife = async (workshop: Workshop, rounds: number, record: Record, signal: AbortSignal): Promise<void> => {
	await measurePs(workshop, rounds, record, signal);
	await measureRelay(workshop, record, signal);
};

const psRow = ({samples}: Findings, name: string, of: string): Row =>
	[name, figure(samples.median(of), 'ms'), '', '', of === NODE_BESIDE ? '' : figure(samples.ratio(of, NODE_BESIDE), '×')];

const relayRow = ({samples}: Findings, name: string, of: string): Row => {
	const milliseconds = samples.median(of);
	return [name, figure(milliseconds, 'ms'), figure(milliseconds === undefined ? undefined : RELAY_BYTES / (1 << 20) / milliseconds * 1000, 'MiB/s')];
};

export const lifeRows = (findings: Findings): Row[] => findings.samples.has(PS) ? [
	[`With ${LIVE} containers that run and ${DEAD} that have ended`],
	psRow(findings, 'node -e 0', NODE_BESIDE),
	psRow(findings, 'cloche ps', PS),
	psRow(findings, 'cloche ps -a', PS_ALL),
	['A gigabyte of lines through a container\'s log'],
	relayRow(findings, 'a detached container, until wait is back', OURS),
	relayRow(findings, 'conmon (k8s-file), the writer a plain process', CONMON),
	relayRow(findings, 'cat through a pipe, into a file, as it is', PIPE),
] : [];

export const lifeBars = ({samples}: Findings): Bar[] => [
	{what: `ps, ${LIVE} running and ${DEAD} ended ÷ node -e 0`, value: samples.ratio(PS, NODE_BESIDE), unit: '×', limit: 2, side: 'at most'},
	samples.has(CONMON)
		? {what: 'log relay of 1 GB, speed ÷ conmon\'s', value: samples.ratio(CONMON, OURS), unit: '×', limit: 1, side: 'at least'}
		: {what: 'log relay of 1 GB, speed ÷ cat\'s through a pipe', value: samples.ratio(PIPE, OURS), unit: '×', limit: 0.5, side: 'at least'},
];
