/** What a published port carries, beside the same without it, and beside docker's and podman's relays: iperf3, one connection. */

import {setTimeout as sleep} from 'node:timers/promises';
import type {Scope} from '../../orchestrator/base/scope.js';
import type {Findings} from '../findings.js';
import type {Subject} from '../rounds.js';
import {tryCommand} from '../spawn.js';
import {addressOn, type Ground} from './ground.js';
import {RELAYS, type Target} from './relays.js';

/** In the names of the series: Gbit/s. */
export const DIRECT = 'published direct';
export const PUBLISHED = 'published';
export const relaySeries = (id: string): string => `published ${id}`;

const IPERF = 'iperf3';
const PORT = 5201;
const LOOPBACK = '127.0.0.1';
const SECONDS = 1;

/** As many are given before anybody else would get it. */
const HOST_PART = 200;

interface IperfReport {
	end: {sum_received: {bits_per_second: number}};
}

const transfer = async (address: string, port: number, ...words: string[]): Promise<number> => {
	const text = await tryCommand([IPERF, '--client', address, '--port', `${port}`, '--json', ...words]);
	return (JSON.parse(text) as IperfReport).end.sum_received.bits_per_second / 1e9;
};

/** A server takes one client after the other, and some time to be there, and between two. */
const ATTEMPTS = 50;
const PAUSE_MS = 100;

const insist = async (attempt: () => Promise<number>, attempts = ATTEMPTS): Promise<number> => {
	try {
		return await attempt();
	} catch (error) {
		if (attempts <= 1) {
			throw error;
		}

		await sleep(PAUSE_MS);
		return insist(attempt, attempts - 1);
	}
};

const subject = (name: string, address: string, port: number): Subject => ({
	name, every: 1,
	async measure(record) {
		record(name, await insist(async () => transfer(address, port, '--time', `${SECONDS}`), 3));
	},
});

/** The same server for all: only the way to it differs. None without iperf3. */
export const relaySubjects = async ({absent}: Findings, {door, make}: Ground, scope: Scope): Promise<Subject[]> => {
	try {
		await tryCommand([IPERF, '--version']);
	} catch {
		absent.push({id: IPERF, why: 'not installed, so relays aren\'t measured'});
		return [];
	}

	// Of its own: on another one the starts before may have come round to that address.
	const network = await make('bench-relay');
	const address = addressOn(network, HOST_PART);
	const server = scope.use(door.run('host', [IPERF, '--server'], {
		network: {name: network.name, ip: address}, publish: `${LOOPBACK}::${PORT}`, stdout: 'ignore', stderr: 'ignore', reject: false,
	}));
	const [port] = await server.ports();
	await insist(async () => transfer(address, PORT, '--bytes', '1M'));
	const target: Target = {pid: await server.pid(), address, port: PORT};
	const subjects = [subject(DIRECT, address, PORT), subject(PUBLISHED, LOOPBACK, port?.outside ?? 0)];
	for (const {id, start} of RELAYS) {
		try {
			const outside = await start(target, scope);
			await insist(async () => transfer(LOOPBACK, outside, '--bytes', '1M'), 5);
			subjects.push(subject(relaySeries(id), LOOPBACK, outside));
		} catch (error) {
			absent.push({id, why: error instanceof Error ? error.message : String(error)});
		}
	}

	return subjects;
};
