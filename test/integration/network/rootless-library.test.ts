/** The library as an ordinary user, on networks; and how long a start on one takes him. */

import {Running} from '../support/cloche.js';
import {installLibrary} from '../support/library.js';
import {allGone, ordinary} from './ordinary.js';

const LIBRARY = `
import {openCloche} from ${JSON.stringify(installLibrary())};
const cloche = await openCloche();
const box = await cloche.start('busybox', ['nc', '-ll', '-p', '80', '-e', 'echo', 'here'], {name: 'web', network: 'tests'});
for (let count = 0; count < 3; count++) {
	const {stdout} = await cloche.run('busybox', ['nc', '-w', '60', 'web', '80'], {network: 'tests'});
	console.log(stdout);
}

const all = await Promise.all(Array.from({length: 5}, () => cloche.run('busybox', ['nc', '-w', '60', 'web', '80'], {network: 'tests'})));
console.log(all.map(({stdout}) => stdout).join(' '));
await box.remove({force: true});
// The keeper has ended by now, or does while these start.
for (let count = 0; count < 5; count++) {
	console.log((await cloche.run('busybox', ['hostname'], {network: 'tests', hostname: 'h' + count})).stdout);
}

await cloche.close();
`;

ordinary('the library: containers on networks, by a supervisor that stays; nothing is left when it is closed', async scene => {
	const {t, well, invocation} = scene;
	await well('network', 'create', '--internal', 'tests');
	const {status, stdout, stderr} = await new Running(['--input-type=module', '-e', LIBRARY], {...invocation(), program: [process.execPath]}).ended;
	t.is(status, 0, stderr);
	t.is(stdout, 'here\nhere\nhere\nhere here here here here\nh0\nh1\nh2\nh3\nh4\n');
	await allGone(scene);
});

ordinary('how long it takes', async ({t, well}) => {
	await well('network', 'create', '--internal', 'tests');
	const median = async (...flags: string[]): Promise<string> => {
		const times: number[] = [];
		for (let count = 0; count < 7; count++) {
			const begun = performance.now();
			await well('run', ...flags, 'busybox', 'true');
			times.push(performance.now() - begun);
		}

		return `${(times.sort((a, b) => a - b)[3] ?? 0).toFixed(0)} ms`;
	};

	const [bare, first] = [await median(), await median('--network', 'tests')];
	await well('run', '-d', '--name', 'stays', '--network', 'tests', 'busybox', 'sleep', '1000');
	t.log(`run true: ${bare} without a network, ${first} as the first on one, ${await median('--network', 'tests')} as another`);
	await well('rm', '-f', 'stays');
	t.pass();
});
