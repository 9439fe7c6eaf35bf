/**
 * Run commands in containers, and look at what comes back.
 *
 * From a project that has Cloche as a dependency it is `import {…} from 'cloche'`.
 */

import {cloche, CommandError} from '../orchestrator/index.js';

// A handle, and a promise of the result.
const {stdout, durationMs} = await cloche.run('busybox', ['echo', 'hello'], {hostname: 'westeros'});
console.log(`${stdout}, after ${durationMs.toFixed(1)} ms`);

// Input, environment, a user: as the flags of `cloche run`.
const sorted = await cloche.run('busybox', ['sort'], {input: 'pear\napple\n', env: {LC_ALL: 'C'}});
console.log(sorted.stdout);

// What fails rejects, with everything that is known of it.
try {
	await cloche.run('busybox', ['sh', '-c', 'echo "no such luck" >&2; exit 3']);
} catch (error) {
	if (!(error instanceof CommandError)) {
		throw error;
	}

	console.log(`status ${error.exitCode}: ${error.message}`);
}

// Output while it runs, and an end to it.
const counting = cloche.run('busybox', ['sh', '-c', 'i=0; while true; do echo $i; i=$((i+1)); done'], {reject: false, maxBuffer: 1_000_000_000});
for await (const chunk of counting.stdout) {
	console.log(`it counts: ${String(chunk).slice(0, 5).replaceAll('\n', ' ')}…`);
	break;
}

counting.kill();
console.log(`it was ended by ${(await counting).signal ?? 'nobody'}`);

// Nothing is left: no process, no mount, no file.
await cloche.close();
