/** A registry of names as the orchestrator keeps it, a name server of the test's own, and containers that ask. */

import {mkdirSync, rmSync, symlinkSync} from 'node:fs';
import {createSocket, type RemoteInfo} from 'node:dgram';
import {createServer} from 'node:net';
import {once} from 'node:events';
import {join} from 'node:path';
import type {ExecutionContext} from 'ava';
import type {Plan} from '../../orchestrator/helper/plan.js';
import {withOps} from './bridged.js';
import {directoryFor, planFor} from './support.js';

export interface Registry {
	/** What NAMES says. */
	directory: string;
	join: (network: string, name: string, address: string, id?: string) => void;
	leave: (network: string, name: string, address: string) => void;
}

export const registryFor = (t: ExecutionContext, ...networks: string[]): Registry => {
	const root = directoryFor(t, 'root');
	const directory = join(root, 'networks');
	mkdirSync(directory);
	for (const network of networks) {
		mkdirSync(join(root, network));
		symlinkSync(join(root, network), join(directory, network));
	}

	return {
		directory,
		join(network, name, address, id = 'c0ffee0123456789') {
			mkdirSync(join(root, network, name), {recursive: true});
			symlinkSync(id, join(root, network, name, address));
		},
		leave: (network, name, address) => rmSync(join(root, network, name, address)),
	};
};

/** What the name server says to a query: a message, or nothing. */
export type Answer = (query: Buffer, via: 'udp' | 'tcp') => Buffer | undefined;

/** Header bits set in an answer of no records. */
export const bare = (query: Buffer, code: number, bits = 0): Buffer => {
	const end = query.indexOf(0, 12) + 5;
	const answer = Buffer.from(query.subarray(0, end));
	answer.writeUInt16BE(0x8180 | bits | code, 2);
	answer.fill(0, 6, 12);
	return answer;
};

/** An answer of one A record. */
export const addressed = (query: Buffer, address: string): Buffer => {
	const answer = bare(query, 0);
	answer.writeUInt16BE(1, 6);
	return Buffer.concat([answer, Buffer.from([0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]), Buffer.from(address.split('.').map(Number))]);
};

/** A name server on loopback: `ADDRESS#PORT`. */
export const serverFor = async (t: ExecutionContext, answer: Answer): Promise<string> => {
	const tcp = createServer(socket => {
		let bytes = Buffer.alloc(0);
		socket.on('error', () => undefined);
		socket.on('data', chunk => {
			bytes = Buffer.concat([bytes, chunk]);
			if (bytes.length < 2 || bytes.length < 2 + bytes.readUInt16BE(0)) {
				return;
			}

			const said = answer(bytes.subarray(2), 'tcp');
			if (said === undefined) {
				return;
			}

			const size = Buffer.alloc(2);
			size.writeUInt16BE(said.length);
			socket.end(Buffer.concat([size, said]));
		});
	});
	tcp.listen(0, '127.0.0.1');
	await once(tcp, 'listening');
	t.teardown(() => tcp.close());
	const bound = tcp.address();
	const port = bound !== null && typeof bound === 'object' ? bound.port : 0;
	const udp = createSocket('udp4');
	udp.on('message', (query: Buffer, from: RemoteInfo) => {
		const said = answer(query, 'udp');
		if (said !== undefined) {
			udp.send(said, from.port, from.address);
		}
	});
	udp.bind(port, '127.0.0.1');
	await once(udp, 'listening');
	t.teardown(() => {
		udp.close();
	});
	return `127.0.0.1#${port}`;
};

/** Operations that make a container ask its resolver. */
export const RESOLVING: Plan['create'] = [
	{op: 'file', target: '/etc/resolv.conf', data: 'nameserver 127.0.0.11\noptions ndots:0\n'},
	{op: 'resolver', address: '127.0.0.11'},
];

export const resolvingPlan = (t: ExecutionContext, argv: string[], names: NonNullable<Plan['names']>): Plan & {state: string} => ({
	...withOps(planFor(t, 'root', argv), ...RESOLVING), names,
});
