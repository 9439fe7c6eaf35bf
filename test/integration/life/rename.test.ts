/** rename: atomic, by several at once, killed in between. */

import {chownSync, mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {remains} from '../support/cloche.js';
import {everybody} from '../support/place.js';

everybody('a container has its new name, and the old one is free; running or not', async (t, {well, fails, root, actions}) => {
	const id = await well('run', '-d', '--name', 'old', 'busybox', 'sleep', '1000');
	await well('rename', 'old', 'new');
	t.is(await well('ps', '--format', '{{.Names}}'), 'new');
	t.regex(await fails('stop', 'old'), /no such container: old/);
	await well('run', '-d', '--name', 'old', 'busybox', 'true');
	t.regex(await fails('rename', 'new', 'old'), /the name is taken: old/);
	t.regex(await fails('rename', 'new', 'new'), /has that name already/);
	t.regex(await fails('rename', 'new', '.hidden'), /not a container's name/);
	await well('stop', '-t', '0', 'new');
	await well('rename', id, 'third');
	t.deepEqual(readdirSync(join(root, 'names')).sort(), ['old', 'third']);
	await well('wait', 'old');
	await well('rm', 'old', 'third');
	t.deepEqual(remains(root), []);
	t.is(actions().filter(action => action === 'rename').length, 2);
});

everybody('one without a name gets one', async (t, {well}) => {
	const id = await well('run', '-d', 'busybox', 'true');
	await well('rename', id, 'named');
	t.is(await well('wait', 'named'), '0');
	await well('rm', 'named');
});

everybody('many at once: each name has one container, each container one name', async (t, {well, run, root}) => {
	const ids = await Promise.all(['a', 'b'].map(async name => well('run', '-d', '--name', name, 'busybox', 'true')));
	await Promise.all(ids.flatMap(id => ['x', 'y', 'z'].map(async name => run('rename', id, name))));
	const names = (await well('ps', '-a', '--format', '{{.Names}}')).split('\n').sort();
	t.deepEqual(readdirSync(join(root, 'names')).sort(), names);
	t.is(new Set(names).size, 2);
	await well('wait', ...ids);
	await well('rm', ...ids);
	t.deepEqual(remains(root), []);
});

everybody('one that was killed in between: gc frees the name that isn\'t in the record', async (t, {well, root, as}) => {
	const id = await well('run', '-d', '--name', 'kept', 'busybox', 'true');
	await well('wait', 'kept');
	const own = (path: string): void => {
		if (as.other) {
			chownSync(path, as.uid, as.gid);
		}
	};

	// As it stands once the new name is claimed: by a process of an earlier boot.
	for (const [directory, entry] of [[join(root, 'names/halfway'), id], [join(root, 'containers', `${id}.change`), '0badb007-1-1']] as const) {
		mkdirSync(directory);
		writeFileSync(join(directory, entry), '');
		own(directory);
		own(join(directory, entry));
	}

	t.is(await well('wait', 'halfway'), '0', 'both name it');
	await well('gc');
	t.deepEqual(readdirSync(join(root, 'names')), ['kept']);
	t.is((JSON.parse(readFileSync(join(root, 'containers', id, 'record.json'), 'utf8')) as {name: string}).name, 'kept');
	await well('rename', 'kept', 'halfway');
	await well('rm', 'halfway');
	t.deepEqual(remains(root), []);
});
