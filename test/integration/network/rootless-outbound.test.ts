/** The way out of an ordinary user's networks: pasta(1), where it is and can open /dev/net/tun; else one clear line. Namespaces stand for machines. */

import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {existsSync} from 'node:fs';
import {server} from '../support/installed.js';
import {readProc} from '../support/marked.js';
import {people, type Person} from '../support/who.js';
import {allGone, inMounts, ordinary, type Ordinary} from './ordinary.js';
import {Namespace, onlyPrograms} from './scene.js';
import {MACHINE, makeWorld, WORLD} from './world.js';

/** The node of this machine is often root's alone; udev makes it everybody's. */
const tun = (mode: string): string => `mount -t tmpfs none /dev/net; mknod -m ${mode} /dev/net/tun c 10 200`;

const find = (name: string): string | undefined => ['/usr/sbin', '/usr/bin', '/sbin', '/bin'].map(directory => `${directory}/${name}`).find(path => existsSync(path));

const lacks = people.root === undefined ? 'root' : find('pasta') === undefined ? 'pasta (package passt)' : existsSync('/dev/net/tun') ? undefined : '/dev/net/tun';

interface Outside {
	/** A machine of the user's own. */
	machine: Namespace;
	/** Beyond it, its default route. */
	world: Namespace;
	end: () => void;
}

const makeOutside = async (): Promise<Outside> => {
	const machine = await Namespace.make();
	const world = await makeWorld(machine);
	return {machine, world, end() {
		machine.end();
		world.end();
	}};
};

/** A server that listens by now; build/server says so. */
const serve = async ({enter}: Namespace, verb: string, address: string, port: number, ...more: string[]): Promise<ChildProcess> => {
	const [program = '', ...words] = [...enter, server, verb, address, `${port}`, ...more];
	const child = spawn(program, words, {stdio: ['ignore', 'pipe', 'inherit']});
	await once(child.stdout, 'data');
	return child;
};

/** Neither side ends its half before the other: passt of Debian 12 (2023-03-09) sends what comes then again and again. */
const TCP = (address: string, port: number): string[] => ['host', 'bash', '-c', `exec 3<>/dev/tcp/${address}/${port}; echo over >&3; head -n 1 <&3`];
const UDP = (address: string, port: number): string[] => ['host', 'bash', '-c', `exec 3<>/dev/udp/${address}/${port}; echo over >&3; head -n 1 <&3`];
const refusedTcp = async ({run}: Ordinary, network: string, address: string, port: number): Promise<boolean> =>
	(await run(['run', '--network', network, 'busybox', 'nc', '-w', '2', address, `${port}`])).stdout === '';

/** By whose they are. */
const outsides = new Map<number, Outside>();

const outsideOf = ({as}: Ordinary): Outside => {
	const outside = outsides.get(as.uid);
	if (outside === undefined) {
		throw new Error('he has no machine');
	}

	return outside;
};

const pastas = ({processes}: Ordinary): number[] => processes().filter(pid => readProc(`${pid}/cmdline`).startsWith('pasta'));

/** From here on his commands run on a machine of his own. */
const onMachine = (mode: string) => async (as: Person): Promise<string[]> => {
	const outside = await makeOutside();
	outsides.set(as.uid, outside);
	return [...outside.machine.enter, ...inMounts(as, tun(mode))];
};

ordinary('a container reaches the world by TCP and UDP; an internal one doesn\'t, and nobody the machine\'s own services', async scene => {
	const {t, run, well} = scene;
	const {machine, world, end} = outsideOf(scene);
	const servers = [
		await serve(world, 'echo', '0.0.0.0', 80), await serve(world, 'datagrams', '0.0.0.0', 5300),
		await serve(machine, 'send', '127.0.0.1', 8080, '9'), await serve(machine, 'send', '0.0.0.0', 8081, '9'),
	];
	try {
		await well('network', 'create', 'tests');
		await well('network', 'create', '--internal', 'inner');
		const first = await run(['run', '-d', '--name', 'stays', '--network', 'tests', 'busybox', 'sleep', '1000']);
		t.deepEqual([first.status, first.stderr], [0, ''], 'nothing is said where there is a way out');
		t.is(pastas(scene).length, 1);
		t.is(await well('run', '--network', 'tests', ...TCP(WORLD, 80)), 'over');
		t.is(await well('run', '--network', 'tests', ...UDP(WORLD, 5300)), 'over');
		t.true(await refusedTcp(scene, 'inner', WORLD, 80), 'no way out of an internal one');
		const gateway = await well('network', 'inspect', '-f', '{{range .IPAM.Config}}{{.Gateway}}{{end}}', 'tests');
		for (const address of ['127.0.0.1', MACHINE, WORLD, gateway]) {
			for (const port of [8080, 8081]) {
				t.true(await refusedTcp(scene, 'tests', address, port), `${address}:${port}`);
			}
		}

		// Nor is anything of ours on the machine's ports.
		t.is(machine.run('sh', '-c', 'cat /proc/net/tcp /proc/net/tcp6 | grep -c " 0A "').trim(), '2');
		process.kill(pastas(scene)[0] ?? 0, 'SIGKILL');
		await well('run', '--network', 'tests', 'busybox', 'true');
		await well('exec', 'stays', 'true');
		await well('rm', '-f', 'stays');
		await allGone(scene);
		t.is(await well('run', '--network', 'tests', ...TCP(WORLD, 80)), 'over', 'there is another one with the next keeper');
	} finally {
		for (const child of servers) {
			child.kill('SIGKILL');
		}

		end();
	}
}, {before: onMachine('666'), lacks});

const line = (reason: RegExp): RegExp => new RegExp(`^cloche: containers have no way out of their networks: ${reason.source}; [^\\n]+\\n$`);

/** What is told once, of the first container that is to have a way out. */
const tells = async ({t, run}: Ordinary, reason: RegExp, env: Record<string, string> = {}): Promise<void> => {
	for (const [name, ...flags] of [['inner', '--internal'], ['tests'], ['other']]) {
		t.deepEqual((await run(['network', 'create', ...flags, name ?? ''], env)).stderr, '');
	}

	const start = async (network: string): Promise<string> => {
		const {status, stderr} = await run(['run', '-d', '--name', `on-${network}`, '--network', network, 'busybox', 'sleep', '1000'], env);
		t.is(status, 0, stderr);
		return stderr;
	};

	t.is(await start('inner'), '', 'one on an internal network needs none');
	t.regex(await start('tests'), line(reason));
	t.is((await run(['run', '--network', 'tests', 'busybox', 'true'], env)).stderr, '', 'it has been said');
	t.regex(await start('other'), line(reason));
	t.is((await run(['rm', '-f', 'on-inner', 'on-tests', 'on-other'], env)).status, 0);
};

ordinary('without a tun that can be opened: one clear line, and all else works', async scene => {
	await tells(scene, /pasta can't open \/dev\/net\/tun/);
}, {before: as => inMounts(as, tun('600')), lacks});

ordinary('without pasta in PATH: one clear line, and all else works', async scene => {
	await tells(scene, /pasta isn't in PATH/, onlyPrograms('node', 'env', 'ip', 'nft'));
});

ordinary('where this machine has no way out itself, pasta says no: one clear line', async scene => {
	const {machine, end} = outsideOf(scene);
	try {
		machine.run('ip', 'link', 'delete', 'up0');
		await tells(scene, /pasta isn't running/);
	} finally {
		end();
	}
}, {before: onMachine('666'), lacks});
