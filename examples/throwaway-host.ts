/** This machine's own root as the image: a command sees everything, and changes nothing. */

import {existsSync} from 'node:fs';
import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {openCloche} from '../orchestrator/index.js';

const directory = await mkdtemp(path.join(tmpdir(), 'cloche-example-'));
try {
	await using cloche = await openCloche({root: path.join(directory, 'state')});

	// It writes to its own view of the root, which is gone with it, and to /out, which is a file of ours.
	await writeFile(path.join(directory, 'out'), '');
	const script = 'id -u > /out; touch /was-here; ls -d /was-here';
	const {stdout} = await cloche.run('host', ['sh', '-c', script], {
		volume: `${path.join(directory, 'out')}:/out`,
		network: 'none',
		timeout: '30s',
	});

	console.log(`inside, there was ${stdout}`);
	console.log(`outside, there is: ${existsSync('/was-here')}`);
	console.log(`inside, it was uid ${(await readFile(path.join(directory, 'out'), 'utf8')).trim()}`);
} finally {
	await rm(directory, {recursive: true, force: true});
}
