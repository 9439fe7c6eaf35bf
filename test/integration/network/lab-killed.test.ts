/** kill -9 of `lab up` at many moments, and of what it has started: what is left goes with `lab down`, or with the next start. */

import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {setTimeout as pause} from 'node:timers/promises';
import {until} from '../support/marked.js';
import {gets, labs, type LabScene, SERVER} from './labs.js';

const DEFINITION = {
	name: 'demo',
	networks: {front: {subnet: '10.1.0.0/24'}, back: {subnet: '10.2.0.0/24', internal: true}},
	router: true,
	containers: {
		db: {image: 'busybox', command: SERVER, networks: {back: {ip: '10.2.0.10'}}},
		web: {image: 'busybox', command: SERVER, networks: {front: {ip: '10.1.0.10'}}},
	},
};

const MOMENTS = 8;

/** What was half started ends, or becomes whole, by itself: its supervisor sees to that. */
const clean = async ({run, well}: LabScene): Promise<void> => {
	await run(['lab', 'down', 'demo']);
	await well('run', 'busybox', 'true');
	await until(async () => {
		await run(['lab', 'down', 'demo']);
		return await well('ps', '-aq') === '';
	});
};

labs('lab up, killed at any moment: lab down leaves nothing, and it comes up again', async scene => {
	const {t, begin, well, write, nothing} = scene;
	const file = write('lab.json', DEFINITION);
	const before = performance.now();
	await well('lab', 'up', file);
	const whole = performance.now() - before;
	await well('lab', 'down', 'demo');
	for (let moment = 0; moment < MOMENTS; moment++) {
		const up = begin('lab', 'up', file);
		await Promise.race([pause(whole * moment / MOMENTS), up.ended]);
		up.child.kill('SIGKILL');
		await up.ended;
		await clean(scene);
		await nothing();
	}

	await well('lab', 'up', file);
	t.is(await gets(scene, 'demo-web', 'db'), 'db');
	await well('lab', 'down', 'demo');
});

/** Sends it as soon as there is a container: a process of its own, since this one may be slower than all of the lab. */
const SENDER = 'until [ -n "$(ls "$1/containers" 2>/dev/null)" ]; do kill -0 "$3" || exit; done; kill -s "$2" "$3"';

for (const [signal, status] of [['SIGINT', 130], ['SIGTERM', 143], ['SIGHUP', 129]] as const) {
	labs(`lab up, ended by ${signal} while its containers start, takes back what has come up`, async scene => {
		const {t, begin, well, root, write, nothing} = scene;
		const containers = Object.fromEntries(Array.from({length: 12}, (_, index) => [`c${index}`, {image: 'busybox', command: ['sleep', '1000'], networks: ['front', 'back']}]));
		const file = write('lab.json', {...DEFINITION, containers});
		for (;;) {
			const up = begin('lab', 'up', file);
			const sender = spawn('sh', ['-c', SENDER, 'sh', root, signal.slice('SIG'.length), `${up.pid}`], {stdio: 'ignore'});
			const [ended] = await Promise.all([up.ended, once(sender, 'exit')]);
			if (ended.status !== 0) {
				t.like(ended, {status, signal: null, stdout: '', stderr: `cloche: the lab didn't come up: ${signal}\n`});
				break;
			}

			await well('lab', 'down', 'demo'); // It was quicker.
		}

		await nothing();
		t.is(await well('lab', 'ls', '-q'), '');
	});
}

labs('lab down, killed at any moment, and begun again', async scene => {
	const {t, begin, well, run, write, nothing} = scene;
	const file = write('lab.json', DEFINITION);
	await well('lab', 'up', file);
	const before = performance.now();
	await well('lab', 'down', 'demo');
	const whole = performance.now() - before;
	for (let moment = 0; moment < MOMENTS; moment += 2) {
		await well('lab', 'up', file);
		const down = begin('lab', 'down', 'demo');
		await Promise.race([pause(whole * moment / MOMENTS), down.ended]);
		down.child.kill('SIGKILL');
		await down.ended;
		const {status, stderr} = await run(['lab', 'down', 'demo']);
		t.true(status === 0 || stderr.includes('no such lab'), stderr);
		await well('run', 'busybox', 'true');
		await nothing();
	}
});

labs('its keeper is killed while containers are being started: they start, or the line says why, and nothing is left', async scene => {
	const {t, begin, run, write, keepers, nothing} = scene;
	const file = write('lab.json', {...DEFINITION, containers: Object.fromEntries(Array.from({length: 6}, (_, index) => [`c${index}`, {image: 'busybox', command: ['sleep', '1000'], networks: ['front', 'back']}]))});
	for (let round = 0; round < 4; round++) {
		const up = begin('lab', 'up', file);
		await until(() => up.child.exitCode !== null || keepers().length > 0);
		await pause(round * 20);
		for (const keeper of keepers()) {
			process.kill(keeper, 'SIGKILL');
		}

		const {status, stdout, stderr} = await up.ended;
		if (status !== 0) {
			t.regex(stderr, /^cloche: [^\n]+\n$/);
			t.is(stdout, '');
		}

		t.is((await run(['lab', 'down', 'demo'])).status, status === 0 ? 0 : 125);
		await nothing();
	}
});
