/**
 * A lab: two networks and a router between them, in a network namespace of its own. Nothing of it appears on this machine, so two of
 * them can have the same addresses.
 */

import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {openCloche} from '../orchestrator/index.js';

const directory = await mkdtemp(path.join(tmpdir(), 'cloche-example-'));
try {
	await using cloche = await openCloche({root: path.join(directory, 'state')});

	await using lab = await cloche.lab({
		networks: {
			front: {subnet: '10.1.0.0/24'},
			back: {subnet: '10.2.0.0/24', internal: true},
		},
		router: true,
		containers: {
			db: {image: 'busybox', command: ['nc', '-ll', '-p', '5432', '-e', 'echo', 'rows'], networks: {back: {ip: '10.2.0.10'}}},
			app: {image: 'busybox', command: ['sleep', '1000'], networks: ['front']},
		},
	});
	const {app, db} = lab.containers;

	// Over the router, by name; it runs, but may not listen yet.
	const ask = ['sh', '-c', 'until nc db 5432; do :; done'];
	console.log(`the app gets ${(await app.exec(ask)).stdout}`);
	console.log((await app.exec(['ip', 'route'])).stdout);

	// The same once more, beside it: the same addresses, and other containers.
	await using other = await cloche.lab({networks: {only: {subnet: '10.2.0.0/24'}}, containers: {db: {image: 'busybox', networks: {only: {ip: '10.2.0.10'}}, command: ['sleep', '1000']}}});
	console.log(`another lab's db: ${(await other.containers.db.exec(['hostname', '-i'])).stdout}`);

	// What is lost isn't found any more, by name either.
	await db[Symbol.asyncDispose]();
	console.log(`without a db the name is unknown: ${(await app.exec(['nslookup', 'db'], {reject: false})).failed}`);
} finally {
	await rm(directory, {recursive: true});
}
