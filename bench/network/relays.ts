/** The relays of docker and podman, as those start them, each in front of a container of ours. */

import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {existsSync} from 'node:fs';
import {mkdtemp, rm} from 'node:fs/promises';
import {createServer} from 'node:net';
import os from 'node:os';
import path from 'node:path';
import type {Readable, Writable} from 'node:stream';
import type {Scope} from '../../orchestrator/base/scope.js';

/** What is to be reached: a port of a container. */
export interface Target {
	pid: number;
	address: string;
	port: number;
}

interface Relay {
	id: string;
	/** @returns the port on this machine's loopback; throws why it doesn't run here */
	start: (target: Target, scope: Scope) => Promise<number>;
}

const LOOPBACK = '127.0.0.1';

const find = (program: string, directories: readonly string[]): string => {
	const places = [...(process.env['PATH'] ?? '').split(':'), ...directories];
	const found = places.map(directory => path.join(directory, program)).find(file => existsSync(file));
	if (found === undefined) {
		throw new Error('not installed');
	}

	return found;
};

const freePort = async (): Promise<number> => {
	const server = createServer().listen(0, LOOPBACK);
	await once(server, 'listening');
	const address = server.address();
	server.close();
	await once(server, 'close');
	return typeof address === 'object' && address !== null ? address.port : 0;
};

/** @param pipe where it says by the character `ready` that it listens: anything else is why not */
const untilReady = async (child: ChildProcess, pipe: Readable, ready: string): Promise<void> => {
	let words = '';
	child.stderr?.setEncoding('utf8').on('data', (text: string) => {
		words += text;
	});
	const said = await Promise.race([
		once(pipe, 'data').then(([data]) => String(data)),
		once(child, 'close').then(() => words),
		once(child, 'error').then(([error]) => String(error)),
	]);
	if (!said.startsWith(ready)) {
		throw new Error(`it doesn't run here: ${said.trim().split('\n').at(-1) ?? ''}`);
	}
};

const endWith = (scope: Scope, child: ChildProcess): void => {
	scope.defer(async () => {
		if (child.exitCode === null && child.signalCode === null) {
			child.kill();
			await once(child, 'close');
		}
	});
};

/** libnetwork's cmd/proxy: it says on descriptor 3 that it listens. */
const dockerProxy: Relay = {
	id: 'docker-proxy',
	async start({address, port}, scope) {
		const program = find('docker-proxy', ['/usr/sbin', '/usr/libexec/docker', '/usr/lib/docker']);
		const outside = await freePort();
		const child = spawn(program, ['-proto', 'tcp', '-host-ip', LOOPBACK, '-host-port', `${outside}`, '-container-ip', address, '-container-port', `${port}`], {stdio: ['ignore', 'ignore', 'pipe', 'pipe']});
		endWith(scope, child);
		await untilReady(child, child.stdio[3] as Readable, '0');
		return outside;
	},
};

/** podman's cmd/rootlessport: what to do is on its standard input; it ends when descriptor 3 does, and says on 4 that it listens. */
const rootlessport: Relay = {
	id: 'rootlessport',
	async start({pid, address, port}, scope) {
		const program = find('rootlessport', ['/usr/lib/podman', '/usr/libexec/podman', '/usr/local/libexec/podman']);
		const outside = await freePort();
		const directory = await mkdtemp(path.join(os.tmpdir(), 'cloche-bench-'));
		scope.defer(async () => rm(directory, {recursive: true, force: true}));
		const child = spawn(program, {stdio: ['pipe', 'ignore', 'pipe', 'pipe', 'pipe']});
		const [stdin, , , exit, ready] = child.stdio as unknown as [Writable, null, Readable, Writable, Readable];
		scope.defer(async () => {
			exit.destroy();
			if (child.exitCode === null && child.signalCode === null) {
				await once(child, 'close');
			}
		});
		stdin.end(JSON.stringify({
			Mappings: [{host_ip: LOOPBACK, container_port: port, host_port: outside, range: 1, protocol: 'tcp'}],
			NetNSPath: `/proc/${pid}/ns/net`, ExitFD: 3, ReadyFD: 4, TmpDir: directory, ChildIP: address, ContainerID: 'bench', RootlessCNI: false,
		}));
		await untilReady(child, ready, '1');
		return outside;
	},
};

export const RELAYS: readonly Relay[] = [dockerProxy, rootlessport];
