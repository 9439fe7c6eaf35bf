/** Names on networks: by name, alias and id, by three resolvers, from before the first instruction; outside ones from the host's servers. */

import {scene} from './scene.js';

scene('name, alias, id and NAME.NETWORK, by busybox and by glibc', async ({t, well}) => {
	await well('network', 'create', '--internal', '--subnet', '10.1.2.0/24', 'tests');
	const id = await well('run', '-d', '--name', 'Db', '--network', 'tests:ip=10.1.2.77', '--network-alias', 'primary', 'busybox', 'sleep', '1000');
	for (const name of ['db', 'DB', 'primary', 'primary.tests', id]) {
		t.regex(await well('run', '--network', 'tests', 'busybox', 'nslookup', name), /Address: 10\.1\.2\.77/, name);
		t.regex(await well('run', '--network', 'tests', 'host', 'getent', 'ahostsv4', name), /^10\.1\.2\.77 /, name);
	}

	t.regex(await well('run', '--network', 'tests', 'host', 'getent', 'hosts', '10.1.2.77'), /db/i);
	await well('rm', '-f', id);
	await well('network', 'rm', 'tests');
});

scene('one finds itself, by its host name, before it has done anything else', async ({t, well}) => {
	await well('network', 'create', '--internal', 'tests');
	t.regex(await well('run', '--network', 'tests', '--hostname', 'me', 'host', 'getent', 'ahostsv4', 'me'), /^10\.89\.0\./);
	t.regex(await well('run', '--rm', '--network', 'tests', '--name', 'myself', 'busybox', 'nslookup', 'myself'), /Address: 10\.89\.0\./);
	await well('network', 'rm', 'tests');
});

scene('several that share an alias are all told of', async ({t, well}) => {
	await well('network', 'create', '--internal', 'tests');
	for (const name of ['a', 'b', 'c']) {
		await well('run', '-d', '--name', name, '--network', 'tests:alias=all', 'busybox', 'sleep', '1000');
	}

	t.is((await well('run', '--network', 'tests', 'busybox', 'nslookup', 'all')).match(/Address: 10\.89\.0\./g)?.length, 3);
	await well('rm', '-f', 'a', 'b', 'c');
	await well('network', 'rm', 'tests');
});

scene('on another network nobody finds it', async ({t, run, well}) => {
	await well('network', 'create', '--internal', 'one');
	await well('network', 'create', '--internal', 'other');
	await well('run', '-d', '--name', 'db', '--network', 'one', 'busybox', 'sleep', '1000');
	const {status} = await run(['run', '--network', 'other', 'busybox', 'nslookup', 'db']);
	t.not(status, 0);
	await well('rm', '-f', 'db');
	await well('network', 'rm', 'one', 'other');
});
