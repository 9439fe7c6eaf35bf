/** Containers made ahead of time: when the work comes, starting takes an exec. */

import {openCloche} from '../orchestrator/index.js';

const SIZE = 4;

await using cloche = await openCloche();

const before = performance.now();
const pool = await Promise.all(Array.from({length: SIZE}, async () => cloche.create({image: 'busybox', readOnly: true, tmpfs: '/tmp'})));
console.log(`${SIZE} containers made in ${(performance.now() - before).toFixed(1)} ms`);

for (const [index, sandbox] of pool.entries()) {
	const {stdout, durationMs} = await sandbox.start(['sh', '-c', 'echo "job $JOB in $(hostname), process $$"'], {env: {JOB: String(index)}});
	console.log(`${stdout}: ${durationMs.toFixed(1)} ms`);
	await sandbox.close();
}
