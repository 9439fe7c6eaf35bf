/**
 * What a test author writes, in a process of its own, since a library works in the network namespace that its process is in:
 * `replication.ts ROOT NETWORK SERVER`, where SERVER is redis' binary under the name that makes it a server. Three of them, found
 * by name, all on port 6379; the primary is cut off and joined again. Prints nothing where all went well.
 */

import assert from 'node:assert/strict';
import {execa} from 'execa';
import {type Container, type DetachOptions, openCloche} from '../../../orchestrator/index.js';
import {until} from '../support/marked.js';

const [root = '', network = '', server = ''] = process.argv.slice(2);
await using cloche = await openCloche({root});

const serve = async (name: string, more: readonly string[] = [], options: DetachOptions = {}): Promise<Container> => cloche.start('host', [
	'/opt/redis-server', '--port', '6379', '--protected-mode', 'no', '--save', '',
	// In seconds: how long a silent link is up, and how often one speaks that has nothing to say.
	'--repl-timeout', '2', '--repl-ping-replica-period', '1', '--repl-diskless-sync-delay', '0', ...more,
], {name, network, volume: `${server}:/opt/redis-server`, workdir: '/tmp', ...options});

const ask = async (container: Container, ...words: string[]): Promise<string> => (await container.exec(['redis-cli', ...words], {reject: false})).stdout;

const field = async (container: Container, section: string, name: string): Promise<string | undefined> =>
	new RegExp(`^${name}:(.*?)\r?$`, 'm').exec(await ask(container, 'info', section))?.[1];

await using primary = await serve('primary', [], {publish: '127.0.0.1::6379'});
await using one = await serve('replica-1', ['--replicaof', 'primary', '6379']);
await using two = await serve('replica-2', ['--replicaof', 'primary', '6379']);
const replicas = [one, two];

/** Wait until all replicas tell so of their link. */
const linkIs = async (status: 'up' | 'down'): Promise<void> => {
	for (const replica of replicas) {
		await until(async () => await field(replica, 'replication', 'master_link_status') === status, () => `${replica.name ?? ''}: the link is ${status}`);
	}
};

const [port] = primary.ports();
assert.deepEqual({...port, outside: 6379}, {protocol: 'tcp', address: '127.0.0.1', outside: 6379, inside: 6379});
assert.notEqual(port?.outside, 0);

/** From this machine, as any client of it would. */
const write = async (key: string, value: string): Promise<void> => {
	const {stdout} = await execa('redis-cli', ['-h', '127.0.0.1', '-p', `${port?.outside ?? 0}`, 'set', key, value]);
	assert.equal(stdout, 'OK');
};

const arrives = async (key: string, value: string): Promise<void> => {
	for (const replica of replicas) {
		await until(async () => await ask(replica, 'get', key) === value, () => `${replica.name ?? ''} has ${key}`);
	}
};

// All have the same port, and find each other by name.
await linkIs('up');
assert.deepEqual(await Promise.all(replicas.map(async replica => field(replica, 'replication', 'master_host'))), ['primary', 'primary']);
await write('flower', 'cosmea');
await arrives('flower', 'cosmea');

// Cut off: both sides notice, and a client outside is served as before.
const fullBefore = await field(primary, 'stats', 'sync_full');
await cloche.faults.isolate(primary);
await linkIs('down');
await until(async () => await field(primary, 'replication', 'connected_slaves') === '0');
await write('tree', 'linden');
assert.deepEqual(await Promise.all(replicas.map(async replica => ask(replica, 'get', 'tree'))), ['', '']);
const offset = Number(await field(primary, 'replication', 'master_repl_offset'));

// Joined again: they catch up with what they missed, without beginning anew.
await cloche.faults.heal(primary);
await linkIs('up');
await arrives('tree', 'linden');
for (const replica of replicas) {
	assert.ok(Number(await field(replica, 'replication', 'slave_repl_offset')) >= offset);
}

await until(async () => await field(primary, 'replication', 'connected_slaves') === '2');
assert.equal(await field(primary, 'stats', 'sync_full'), fullBefore);
await write('herb', 'thyme');
await arrives('herb', 'thyme');
