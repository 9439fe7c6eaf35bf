/**
 * One of several processes whose networks come and go on one state root: `tenant.ts ROOT CLAIMS NAME…`. Each network gets
 * five containers, of which each tells the one before it, which asks by name, what address it has. Whatever subnet and address
 * somebody has is a directory in CLAIMS for as long as he has it: mkdir(2) fails where it is another's. Prints how many it had.
 */

import assert from 'node:assert/strict';
import {mkdirSync, rmdirSync} from 'node:fs';
import {join} from 'node:path';
import {type Cloche, type Container, openCloche, type Sandbox} from '../../../orchestrator/index.js';
import {networkRoots} from '../../../orchestrator/container/store/networks.js';
import {stateRoots} from '../../../orchestrator/container/store/roots.js';
import {createNetwork} from '../../../orchestrator/network/create.js';
import {removeNetwork} from '../../../orchestrator/network/remove.js';
import {until} from '../support/marked.js';

const [root = '', claims = '', ...names] = process.argv.slice(2);
const HOSTS = ['a', 'b', 'c', 'd', 'e'];
const SERVER = ['nc', '-ll', '-p', '7', '-e', 'ip', '-o', '-4', 'address', 'show', 'dev', 'eth0'];

const claimed: string[] = [];
let subnets = 0;
let addresses = 0;

const claim = (word: string): void => {
	const path = join(claims, word.replace('/', '-'));
	mkdirSync(path);
	claimed.push(path);
};

const release = (): void => {
	for (const path of claimed.splice(0)) {
		rmdirSync(path);
	}
};

/** The first of them would outlive us, the others end with us at the latest. */
const open = async (cloche: Cloche, network: string, host: string): Promise<Container | Sandbox> => {
	const options = {network: {name: network, alias: host}};
	if (host === 'a') {
		return cloche.start('busybox', SERVER, options);
	}

	const box = await cloche.create({image: 'busybox', ...options});
	box.start(SERVER, {reject: false});
	return box;
};

/** Ask the host of that name, once it listens. */
const ask = async (box: Container | Sandbox, host: string): Promise<string> => {
	let answer = '';
	await until(async () => {
		answer = (await box.exec(['nc', host, '7'], {reject: false, timeout: 60_000})).stdout;
		return answer !== '';
	}, () => `no answer from ${host}`);
	return / inet (\S+) /.exec(answer)?.[1] ?? answer;
};

const live = async (cloche: Cloche, network: string, subnet: string): Promise<void> => {
	claim(subnet);
	subnets++;
	const boxes = await Promise.all(HOSTS.map(async host => open(cloche, network, host)));
	try {
		const told = await Promise.all(boxes.map(async (box, index) => ask(box, HOSTS[(index + 1) % HOSTS.length] ?? '')));
		for (const address of told) {
			assert.equal(address.replace(/\d+\/24$/, '0/24'), subnet, 'one of another network');
			claim(address);
			addresses++;
		}
	} finally {
		release();
		await Promise.all(boxes.map(async box => box[Symbol.asyncDispose]()));
	}
};

await using cloche = await openCloche({root});
const roots = networkRoots(stateRoots({root}));
for (const name of names) {
	const {record: {subnets: [first]}} = await createNetwork(roots, {name});
	await live(cloche, name, first?.subnet ?? '');
	await removeNetwork(roots, name);
}

console.log(JSON.stringify({subnets, addresses}));
