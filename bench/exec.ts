/** One more command in a container that runs: `exec true`, by the library, by the installed command, and by crun. */

import {spawn} from 'node:child_process';
import {once} from 'node:events';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import type {Scope} from '../orchestrator/base/scope.js';
import {makeBundle} from './bundle.js';
import {cloche} from './library.js';
import type {Subject} from './rounds.js';
import {tryCommand} from './spawn.js';
import {commandSubject, series} from './subjects.js';
import type {Workshop} from './workshop.js';

/** In the names of the series. */
export const EXEC = 'exec';
export const EXEC_COMMAND = 'exec command';
export const EXEC_CRUN = 'exec crun';

const COMMAND = fileURLToPath(new URL('../dist/cloche.cjs', import.meta.url));
const FOREVER = ['sleep', '100000'];
const BURST = 3;

/** A container that the library keeps; the command enters the same one. */
const oursIn = async (scope: Scope): Promise<Subject[]> => {
	const server = cloche.run('busybox', FOREVER, {stdout: 'ignore', stderr: 'ignore', reject: false});
	scope.defer(async () => server[Symbol.asyncDispose]());
	const {id} = await server.exec(['true']);
	return [
		{name: EXEC, every: 1, async measure(record) {
			for (let run = 0; run < BURST; run++) {
				const begin = performance.now();
				await server.exec(['true']);
				record(series(EXEC, ''), performance.now() - begin);
			}
		}},
		commandSubject(EXEC_COMMAND, [COMMAND, 'exec', id, 'true'], {count: 1, every: 1}),
	];
};

/** None where it isn't installed, or doesn't run here. */
const crunIn = async (workshop: Workshop, scope: Scope): Promise<Subject[]> => {
	const crun = ['crun', '--root', path.join(workshop.run, 'crun-exec'), '--cgroup-manager=disabled'] as const;
	try {
		const bundle = await makeBundle('crun', false, workshop, 'crun-exec', FOREVER);
		// It leaves its streams to the container, so nobody may wait for their end.
		const [file, ...words] = crun;
		const child = spawn(file, [...words, 'run', '--detach', '--bundle', bundle, 'bench-exec'], {stdio: 'ignore'});
		scope.defer(async () => {
			await tryCommand([...crun, 'delete', '--force', 'bench-exec']).catch(() => undefined); // It never was.
		});
		await once(child, 'exit');
		const exec = [...crun, 'exec', 'bench-exec', 'true'];
		await tryCommand(exec);
		return [commandSubject(EXEC_CRUN, exec, {count: BURST, every: 1})];
	} catch {
		return [];
	}
};

/** The containers stay until `scope` ends. */
export const execSubjects = async (workshop: Workshop, scope: Scope): Promise<Subject[]> => [...await oursIn(scope), ...await crunIn(workshop, scope)];
