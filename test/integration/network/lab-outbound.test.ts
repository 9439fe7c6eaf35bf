/** A lab's way out, which it has only where it asks for one: pasta(1). Namespaces stand for this machine and the world. */

import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {existsSync, readdirSync} from 'node:fs';
import {server} from '../support/installed.js';
import {readProc, until} from '../support/marked.js';
import {isThere} from '../support/place.js';
import type {Person} from '../support/who.js';
import {labs, type LabScene} from './labs.js';
import {onlyPrograms} from './scene.js';
import {makeWorld, WORLD} from './world.js';

const has = (name: string): boolean => ['/usr/sbin', '/usr/bin', '/sbin', '/bin'].some(directory => existsSync(`${directory}/${name}`));

const lacks = has('pasta') ? existsSync('/dev/net/tun') ? undefined : '/dev/net/tun' : 'pasta (package passt)';

/** The node of this machine is often root's alone; udev makes it everybody's. Root needs none of this. */
const withTun = ({other}: Person): string[] => other ? ['unshare', '--mount', 'sh', '-ec', 'mount -t tmpfs none /dev/net; mknod -m 666 /dev/net/tun c 10 200; exec "$@"', 'sh'] : [];

/** Those beside keepers; each is told its keeper's pid. */
const pastas = ({keepers}: LabScene): number[] => {
	const kept = new Set(keepers().flatMap(pid => [`${pid}`, `/proc/${pid}/ns/net`]));
	return readdirSync('/proc').filter(name => /^\d/.test(name)).map(Number).filter(pid => {
		const words = readProc(`${pid}/cmdline`).split('\0').slice(0, -1);
		return words[0] === 'pasta' && kept.has(words.at(-1) ?? '');
	});
};

/** Neither side ends its half before the other: passt of Debian 12 (2023-03-09) sends what comes then again and again. */
const reaches = async ({run}: LabScene, from: string, address: string): Promise<string> =>
	(await run(['exec', from, 'timeout', '5', 'bash', '-c', `exec 3<>/dev/tcp/${address}/80; echo over >&3; head -n 1 <&3`])).stdout;

const IDLE = {image: 'host', command: ['sleep', '1000']};

const definition = (outbound: boolean): object => ({
	name: 'demo', outbound, router: true,
	networks: {open: {subnet: '10.1.0.0/24'}, inner: {subnet: '10.2.0.0/24', internal: true}},
	containers: {one: {...IDLE, networks: ['open']}, inside: {...IDLE, networks: ['inner']}, both: {...IDLE, networks: ['open', 'inner']}},
});

labs('outbound: a container reaches the world; an internal one doesn\'t, nor anybody in a lab that asks for no way out', async scene => {
	const {t, net, well, write, kernel} = scene;
	const world = await makeWorld(scene.net);
	const [program = '', ...enter] = world.enter;
	const echo = spawn(program, [...enter, server, 'echo', '0.0.0.0', '80'], {stdio: ['ignore', 'pipe', 'inherit']});
	await once(echo.stdout, 'data');
	const before = kernel();
	try {
		await well('lab', 'up', write('lab.json', definition(true)));
		t.is(pastas(scene).length, 1);
		t.is(kernel(), before, 'nothing of it is on the machine');
		t.is(await reaches(scene, 'demo-one', WORLD), 'over\n');
		t.is(await reaches(scene, 'demo-both', WORLD), 'over\n');
		t.is(await reaches(scene, 'demo-inside', WORLD), '', 'routed, but internal');
		t.is(await well('exec', 'demo-one', 'getent', 'ahostsv4', 'inside').then(text => text.startsWith('10.2.0.')), true);
		const [pasta = 0] = pastas(scene);
		await well('lab', 'down', 'demo');
		await until(() => !isThere(pasta));

		await well('lab', 'up', write('lab.json', definition(false)));
		t.deepEqual(pastas(scene), []);
		t.is(await reaches(scene, 'demo-one', WORLD), '');
		await well('lab', 'down', 'demo');
	} finally {
		echo.kill('SIGKILL');
		world.end();
	}

	net.succeeds('ip', 'link', 'delete', 'up0');
	await until(() => !kernel().includes('up0'));
}, {before: withTun, lacks});

labs('outbound without pasta: one clear line, and all else works', async scene => {
	const {t, run, well, write} = scene;
	const {status, stdout, stderr} = await run(['lab', 'up', write('lab.json', definition(true))], onlyPrograms('node', 'env', 'ip', 'nft'));
	t.is(status, 0, stderr);
	t.regex(stderr, /^cloche: containers have no way out of their networks: pasta isn't in PATH; install it \(Debian: apt-get install passt\)\n$/);
	t.is(stdout.split('\n').length, 4);
	await well('lab', 'down', 'demo');
});

labs('outbound where this machine has no way out itself: one clear line, and all else works', async scene => {
	const {t, run, well, write} = scene;
	const {status, stderr} = await run(['lab', 'up', write('lab.json', definition(true))]);
	t.is(status, 0, stderr);
	t.regex(stderr, /^cloche: containers have no way out of their networks: [^\n]+\n$/);
	await well('lab', 'down', 'demo');
}, {before: withTun, lacks});
