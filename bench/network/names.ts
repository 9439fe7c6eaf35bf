/** How fast a container's resolver answers, beside an echo on the same loopback: bench/asker.c. */

import {fileURLToPath} from 'node:url';
import type {Scope} from '../../orchestrator/base/scope.js';
import type {ContainerProcess} from '../library.js';
import type {Subject} from '../rounds.js';
import {median} from '../statistics.js';
import {series} from '../subjects.js';
import type {Ground, Network} from './ground.js';

/** In the names of the series: by the container's resolver, and by an echo. */
export const LOOKUP = 'lookup';
export const ECHO = 'lookup echo';

/** One at a time: microseconds of the median one; how many a second, and with several on their way. */
export const LATENCY = 'latency';
export const ALONE = 'alone';
export const TOGETHER = 'together';

const ASKER = fileURLToPath(new URL('asker', import.meta.url));
const NAME = 'asked';
const JOBS = 8;
const COUNT = 1000;

const ask = async (client: ContainerProcess, jobs: number, words: readonly string[]): Promise<{each: number[]; rate: number}> => {
	const {stdout} = await client.exec(['/asker', '-n', `${COUNT}`, '-j', `${jobs}`, ...words, NAME]);
	const lines = stdout.split('\n');
	const [, together = ''] = lines.pop()?.split(' ') ?? [];
	return {each: lines.map(Number), rate: COUNT / Number(together) * 1e9};
};

const subject = (client: ContainerProcess, name: string, words: readonly string[]): Subject => ({
	name, every: 1,
	async measure(record) {
		const {each, rate} = await ask(client, 1, words);
		record(series(name, LATENCY), median(each) / 1000);
		record(series(name, ALONE), rate);
		record(series(name, TOGETHER), (await ask(client, JOBS, words)).rate);
	},
});

/** Two containers on one network: one is asked for, the other asks. */
export const nameSubjects = async ({door}: Ground, network: Network, scope: Scope): Promise<Subject[]> => {
	const sleep = (alias: string): ContainerProcess => scope.use(door.run('busybox', ['sleep', '100000'], {
		network: network.name, networkAlias: alias, volume: `${ASKER}:/asker:ro`, stdout: 'ignore', stderr: 'ignore', reject: false,
	}));
	await sleep(NAME).pid();
	const client = sleep('asks');
	return [subject(client, LOOKUP, []), subject(client, ECHO, ['-e'])];
};
