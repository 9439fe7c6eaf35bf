/** Containers with published ports, with build/server inside; and clients, on loopback alone. */

import {connect, type Socket} from 'node:net';
import {setTimeout as pause} from 'node:timers/promises';
import type {ExecutionContext} from 'ava';
import type {Launch} from '../../orchestrator/helper/launch.js';
import type {LaunchOptions} from '../../orchestrator/helper/launch-options.js';
import type {Plan, Port} from '../../orchestrator/helper/plan.js';
import type {Supervisor} from '../../orchestrator/helper/supervisor.js';
import {reachable} from './reachable.js';
import {planFor, type Privilege, supervisorFor} from './support.js';

export const server = reachable('build/server');

/** One on 127.0.0.1 (or `address`), at any port; 80 inside. */
export const port = (changes: Partial<Port> = {}): Port => ({protocol: 'tcp', address: '127.0.0.1', outside: 0, inside: 80, ...changes});

/** `argv` are words of build/server, which is at /server. */
export const publishing = (t: ExecutionContext, privilege: Privilege, argv: string[], changes: Partial<Plan> = {}): Plan & {state: string} => {
	const plan = planFor(t, privilege, ['/server', ...argv], {ports: [port()], ...changes});
	const [propagation, root, ...rest] = plan.create;
	return {...plan, create: [
		...[propagation, root].filter(op => op !== undefined),
		{op: 'bind', source: server, target: '/server', create: 'file', attributes: ['rdonly']},
		...rest,
	]};
};

export interface Published {
	supervisor: Supervisor;
	launch: Launch;
	/** The first port's real number. */
	number: number;
	/** What the server has printed so far. */
	readonly said: string;
	/** Wait until the server has printed `text`. */
	says: (text: string) => Promise<void>;
}

/** Start it and wait until its server listens. */
export const publish = async (t: ExecutionContext, privilege: Privilege, plan: Plan, options: LaunchOptions & {supervisor?: Supervisor} = {}): Promise<Published> => {
	const {supervisor = supervisorFor(t, privilege), ...rest} = options;
	const launch = supervisor.launch(plan, rest);
	const {stdout, stderr} = await launch.streams;
	let said = '';
	stdout?.on('data', (data: Buffer) => {
		said += data.toString();
	});
	stderr?.on('data', (data: Buffer) => t.log(data.toString()));
	let over = false;
	launch.released.finally(() => {
		over = true;
	}).catch(() => undefined);
	launch.exited.catch(() => undefined);
	launch.running.catch(() => undefined);
	const says = async (text: string): Promise<void> => {
		while (!said.includes(text)) {
			if (over) {
				throw new Error(`it has ended, and said only: ${said}`);
			}

			await pause(5);
		}
	};

	await launch.created;
	await says('listening');
	return {supervisor, launch, number: launch.ports[0]?.outside ?? 0, get said() {
		return said;
	}, says};
};

export const client = async (number: number, host = '127.0.0.1'): Promise<Socket> => new Promise((resolve, reject) => {
	const socket = connect({port: number, host, allowHalfOpen: true}, () => {
		socket.off('error', reject);
		resolve(socket);
	});
	socket.once('error', reject);
});

/** All that comes until the end. Rejects where there is another end than that. */
export const readAll = async (socket: Socket): Promise<Buffer> => {
	const chunks: Buffer[] = [];
	for await (const chunk of socket) {
		chunks.push(chunk as Buffer);
	}

	return Buffer.concat(chunks);
};

/** Say `data`, end that, and hear what is answered. */
export const ask = async (number: number, data: Buffer | string = '', host?: string): Promise<string> => {
	const socket = await client(number, host);
	socket.end(data);
	return (await readAll(socket)).toString();
};
