/** Peers are commands: how long one takes from start to end, started by a small process and by this one. */

import {execFile, spawn} from 'node:child_process';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';

const run = promisify(execFile);

/** The bundle of the bench stands in build/, and so does this: bench/spawner.c. */
const SPAWNER = fileURLToPath(new URL('spawner', import.meta.url));

/** In an argument: a number of its own for each run. */
const PLACEHOLDER = /@/g;

/** Ours, without what makes Node start slower, or not as users have it. */
const environment = (): NodeJS.ProcessEnv => ({...process.env, NODE_EXTRA_CA_CERTS: undefined, NODE_OPTIONS: undefined});

/** What a run takes: `count` times, `jobs` at once. */
export interface Runs {
	count: number;
	jobs: number;
}

export interface Times {
	/** Milliseconds of each. */
	each: number[];
	/** Milliseconds from the first start to the last end. */
	together: number;
}

let numbered = 0;

const number = (argv: readonly string[]): [file: string, args: string[]] => {
	numbered++;
	const [file = '', ...args] = argv.map(word => word.replace(PLACEHOLDER, `${process.pid}-n${numbered}`));
	return [file, args];
};

/** The last words that a command had for a failure. */
const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? '';

/** Run it once, with nobody looking at the clock. Throws an error that has the command's own last words. */
export const tryCommand = async (argv: readonly string[], cwd?: string): Promise<string> => {
	const [file, args] = number(argv);
	try {
		const {stdout} = await run(file, args, {cwd, env: environment(), maxBuffer: 1 << 28});
		return stdout;
	} catch (error) {
		const words = error instanceof Error && 'stderr' in error && typeof error.stderr === 'string' ? lastLine(error.stderr) : '';
		throw new Error(words === '' ? `${file} failed` : words, {cause: error});
	}
};

/** From a process that is small: see bench/spawner.c. */
export const spawnSmall = async (argv: readonly string[], {count, jobs}: Runs, cwd?: string): Promise<Times> => {
	const {stdout} = await run(SPAWNER, ['-n', `${count}`, '-j', `${jobs}`, ...argv], {cwd, env: environment()});
	const times: Times = {each: [], together: 0};
	for (const line of stdout.trimEnd().split('\n')) {
		const [first = '', second = ''] = line.split(' ');
		if (first === '=') {
			times.together = Number(second) / 1e6;
		} else if (second === '0') {
			times.each.push(Number(first) / 1e6);
		} else {
			throw new Error(`${argv.join(' ')}: wait status ${second}`);
		}
	}

	return times;
};

/** From this Node, with its outputs read, as the library's are. */
const spawnOnce = async (argv: readonly string[]): Promise<number> => {
	const [file, args] = number(argv);
	const env = environment();
	const begin = performance.now();
	return new Promise((resolve, reject) => {
		const child = spawn(file, args, {stdio: ['ignore', 'pipe', 'pipe'], env});
		child.stdout.resume();
		child.stderr.resume();
		child.on('error', reject);
		child.on('close', (code, signal) => {
			if (code === 0) {
				resolve(performance.now() - begin);
			} else {
				reject(new Error(`${argv.join(' ')}: ${signal ?? `exit status ${code ?? 0}`}`));
			}
		});
	});
};

/** Calls `once` `count` times, `jobs` at once. */
export const inLanes = async ({count, jobs}: Runs, once: () => Promise<number>): Promise<Times> => {
	const each: number[] = [];
	let left = count;
	const lane = async (): Promise<void> => {
		while (left > 0) {
			left--;
			each.push(await once());
		}
	};

	const begin = performance.now();
	await Promise.all(Array.from({length: jobs}, lane));
	return {each, together: performance.now() - begin};
};

export const spawnFromNode = async (argv: readonly string[], runs: Runs): Promise<Times> => inLanes(runs, async () => spawnOnce(argv));
