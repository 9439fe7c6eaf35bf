/** Keepers: whoever begins, ends or is killed when, there is one where one is needed, and none where not; nothing is left that the next start doesn't remove. */

import {closeSync, constants, openSync, readdirSync} from 'node:fs';
import {setImmediate as turn, setTimeout as pause} from 'node:timers/promises';
import {nameOf, readProc, until} from '../support/marked.js';
import {allGone, ordinary, type Ordinary} from './ordinary.js';

const BOX = ['busybox', 'sleep', '1000'];

/** So many workers, each of which does `work` with one number after the other. */
const workers = async (many: number, numbers: number, work: (number: number) => Promise<void>): Promise<void> => {
	let next = 0;
	await Promise.all(Array.from({length: many}, async () => {
		while (next < numbers) {
			await work(next++);
		}
	}));
};

const keeperOf = ({keepers}: Ordinary): number => {
	const [keeper = 0, ...others] = keepers();
	if (others.length > 0) {
		throw new Error('there are two keepers');
	}

	return keeper;
};

const parentOf = (pid: number): number => Number(/^PPid:\t(\d+)/m.exec(readProc(`${pid}/status`))?.[1]);

/** The process outside that answers for it. */
const supervisorOf = (pid: number): number => nameOf(parentOf(pid)) === 'nsinit' ? supervisorOf(parentOf(pid)) : pid;

ordinary('20 containers by 8 commands at a time from nothing: one keeper, and they reach each other', async scene => {
	const {t, well, keepers} = scene;
	await well('network', 'create', '--internal', 'tests');
	const names = Array.from({length: 20}, (_, number) => `n${number}`);
	await workers(8, names.length, async number => {
		await well('run', '-d', '--name', names[number] ?? '', '--network', 'tests', 'busybox', 'nc', '-ll', '-p', '80', '-e', 'echo', names[number] ?? '');
	});
	t.is(keepers().length, 1);
	t.is(new Set((await well('network', 'inspect', '-f', '{{range .containers}}{{.ipv4Address}}\n{{end}}', 'tests')).split('\n')).size, names.length);
	await workers(4, names.length, async number => {
		t.is(await well('exec', names[number] ?? '', 'nc', '-w', '60', `n${(number + 1) % names.length}`, '80'), `n${(number + 1) % names.length}`);
	});
	await well('rm', '-f', ...names);
});

ordinary('a start never fails because the keeper has just ended: 60, while all the others end', async ({t, well}) => {
	await well('network', 'create', '--internal', 'tests');
	await workers(4, 60, async () => {
		t.regex(await well('run', '--network', 'tests', 'busybox', 'ip', '-o', '-4', 'addr', 'show', 'eth0'), /inet 10\./);
	});
});

ordinary('nor because somebody looks at a new keeper and goes again', async ({t, file, well}) => {
	await well('network', 'create', '--internal', 'tests');
	let looked = 0;
	let over = false;
	const look = async (): Promise<void> => {
		for (; !over; await turn()) {
			try {
				for (const name of readdirSync(file('networks/.parents')).filter(each => !each.endsWith('~'))) {
					closeSync(openSync(file('networks/.parents', name), constants.O_WRONLY | constants.O_NONBLOCK));
					looked++;
				}
			} catch {
				// There is none now.
			}
		}
	};

	const looking = look();
	try {
		for (let count = 0; count < 10; count++) {
			t.regex(await well('run', '--network', 'tests', 'busybox', 'ip', '-o', '-4', 'addr', 'show', 'eth0'), /inet 10\./);
		}
	} finally {
		over = true;
		await looking;
	}

	t.true(looked > 0);
});

for (const [whom, victimOf] of [
	['the keeper', keeperOf],
	['the keeper\'s supervisor', (scene: Ordinary) => supervisorOf(keeperOf(scene))],
] as const) {
	ordinary(`${whom} is killed: the next start makes another, and those who were there can be removed and started`, async scene => {
		const {t, well, run, keepers, presences} = scene;
		await well('network', 'create', '--internal', 'tests');
		await well('run', '-d', '--name', 'before', '--network', 'tests', ...BOX);
		const keeper = keeperOf(scene);
		process.kill(victimOf(scene), 'SIGKILL');
		await until(() => !keepers().includes(keeper));
		t.is(await well('network', 'inspect', '-f', '{{.up}}', 'tests'), 'false');
		await well('run', '-d', '--name', 'after', '--network', 'tests', 'busybox', 'nc', '-ll', '-p', '80', '-e', 'echo', 'here');
		t.is(keepers().length, 1);
		t.deepEqual(presences().length, 1);
		t.is(await well('network', 'inspect', '-f', '{{.up}}', 'tests'), 'true');
		t.is(await well('run', '--network', 'tests', 'busybox', 'nc', '-w', '60', 'after', '80'), 'here');
		t.is((await run(['exec', 'before', 'true'])).status, 0);
		t.regex((await run(['network', 'connect', 'tests', 'before'])).stderr, /^cloche: [^\n]+\n$/);
		await well('restart', '-t', '0', 'before');
		t.is(await well('exec', 'before', 'nc', '-w', '60', 'after', '80'), 'here');
		await well('rm', '-f', 'before', 'after');
	});
}

ordinary('all are killed at once: the next start removes what is left', async scene => {
	const {t, well, processes} = scene;
	await well('network', 'create', '--internal', 'tests');
	await well('run', '-d', '--name', 'box', '--network', 'tests', ...BOX);
	for (const pid of processes()) {
		try {
			process.kill(pid, 'SIGKILL');
		} catch {
			// It went with another.
		}
	}

	await allGone(scene);
	await well('run', '--network', 'tests', 'busybox', 'true');
	t.deepEqual(readdirSync(`${scene.root}/networks/tests/leases`), []);
	await well('rm', 'box');
});

ordinary('a command that is killed at any moment of its start leaves no keeper, and the next start works', async scene => {
	const {t, well, begin} = scene;
	await well('network', 'create', '--internal', 'tests');
	const begun = process.hrtime.bigint();
	await well('run', '--network', 'tests', 'busybox', 'true');
	const whole = Number((process.hrtime.bigint() - begun) / 1_000_000n);
	const moments = 8;
	for (let moment = 0; moment < moments; moment++) {
		const running = begin('run', '--network', 'tests', 'busybox', 'true');
		await pause(whole * moment / moments);
		running.child.kill('SIGKILL');
		await running.ended;
		if (moment % 2 === 0) {
			await allGone(scene);
		}

		if (moment % 2 === 0) {
			t.regex(await well('run', '--network', 'tests', 'busybox', 'ip', '-o', '-4', 'addr', 'show', 'eth0'), /inet 10\./);
		}
	}

	await allGone(scene);
	await well('run', '--network', 'tests', 'busybox', 'true');
	await well('gc');
	t.deepEqual(readdirSync(`${scene.root}/networks/tests/leases`), []);
});
