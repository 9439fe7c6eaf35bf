/** What networks are for, with real servers: redis replicates by name, is cut off, notices, catches up; and the machine is as before. */

import {existsSync, readdirSync, symlinkSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {cloche, directoryOf, remains} from '../support/cloche.js';
import {repository} from '../support/installed.js';
import {gone, until} from '../support/marked.js';
import {skip} from '../support/who.js';
import {type Scene, scene} from './scene.js';

/** Debian's redis-tools has the server without a service that starts by itself; under this name it is another program. */
const BINARY = '/usr/bin/redis-check-rdb';
const script = fileURLToPath(new URL('replication.ts', import.meta.url));

/** The same under the name that makes it the server. */
const serverPath = (): string => {
	const path = join(directoryOf('root'), 'redis-server');
	symlinkSync(BINARY, path);
	return path;
};

/** Nothing of containers or networks is left in the state root. */
const isEmpty = ({t, root}: Scene): void => {
	t.deepEqual(remains(root), []);
	t.deepEqual(readdirSync(join(root, 'networks')), []);
};

const redisScene = (title: string, show: (scene: Scene) => Promise<void>): void => {
	if (existsSync(BINARY)) {
		scene(title, show);
	} else {
		skip(title, 'no redis here: apt-get install redis-tools');
	}
};

redisScene('the library: three redis replicate by name; the primary is cut off, they notice; joined again, they catch up', async all => {
	const {t, net, root, place: {mark, invocation}, run, well} = all;
	// Not --internal: rules and forwarding are to be taken back, too.
	t.is((await run(['network', 'create', 'tests'])).status, 0);
	const words = [root, 'tests', serverPath()];
	const {status, stdout, stderr} = await cloche(words, {...invocation, program: [...net.enter, process.execPath, '--import=tsx', script], cwd: repository});
	t.deepEqual([status, stdout, stderr], [0, '', '']);
	await gone(mark);
	await well('network', 'rm', 'tests');
	isEmpty(all);
});

redisScene('the command: a replica that is cut off from its primary notices alone, and catches up', async all => {
	const {t, net, run, well} = all;
	const names = ['primary', 'near', 'far'];
	t.is((await run(['network', 'create', 'tests'])).status, 0);
	const server = serverPath();
	for (const name of names) {
		await well(
			'run', '-d', '--name', name, '--network', 'tests', ...name === 'primary' ? ['-p', '127.0.0.1::6379'] : [], '-v', `${server}:/opt/redis-server`, '-w', '/tmp', 'host',
			'/opt/redis-server', '--port', '6379', '--protected-mode', 'no', '--save', '', '--repl-timeout', '2', '--repl-ping-replica-period', '1', '--repl-diskless-sync-delay', '0',
			...name === 'primary' ? [] : ['--replicaof', 'primary', '6379'],
		);
	}

	const ask = async (name: string, ...words: string[]): Promise<string> => (await run(['exec', name, 'redis-cli', ...words])).stdout;
	const linkIs = async (name: string, status: 'up' | 'down'): Promise<void> => until(async () => (await ask(name, 'info', 'replication')).includes(`\nmaster_link_status:${status}`));
	const arrives = async (name: string, key: string, value: string): Promise<void> => until(async () => await ask(name, 'get', key) === `${value}\n`);
	const [address = '', port = ''] = (await well('port', 'primary', '6379')).split(':');
	const write = (key: string, value: string): void => {
		t.is(net.run('redis-cli', '-h', address, '-p', port, 'set', key, value), 'OK\n');
	};

	t.is(address, '127.0.0.1');
	await linkIs('near', 'up');
	await linkIs('far', 'up');
	write('flower', 'cosmea');
	await arrives('near', 'flower', 'cosmea');
	await arrives('far', 'flower', 'cosmea');

	await well('network', 'partition', 'primary', 'far');
	await linkIs('far', 'down');
	write('tree', 'linden');
	await arrives('near', 'tree', 'linden');
	t.is(await ask('far', 'get', 'tree'), '\n');

	await well('network', 'heal', 'far');
	await linkIs('far', 'up');
	await arrives('far', 'tree', 'linden');

	await well('rm', '-f', ...names);
	await well('network', 'rm', 'tests');
	isEmpty(all);
});
