import {existsSync} from 'node:fs';
import {lstat, mkdir, readFile, readdir, readlink, writeFile} from 'node:fs/promises';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {recipes} from '../../../layers/index.js';
import {ClocheError} from '../../../orchestrator/base/errors.js';
import {formatIdentity, identify} from '../../../orchestrator/base/process.js';
import {type Recipe, buildLayer} from '../../../orchestrator/image/recipe.js';
import {withDirectory} from '../temporary.js';

const busybox = recipes.get('busybox');
if (busybox === undefined) {
	throw new Error('there is no recipe of busybox');
}

const hasBusybox = busybox.binary.sources.some(source => existsSync(source));
const testWithBusybox = (title: string, run: (t: ExecutionContext) => Promise<void>): void => {
	(hasBusybox ? test : test.skip)(hasBusybox ? title : `${title} (no busybox-static here)`, run);
};

testWithBusybox('a layer has its modes whatever the umask, times of the epoch, and relative links', async t => {
	await withDirectory(async directory => {
		const before = process.umask(0o077);
		const layer = await buildLayer(busybox, directory).finally(() => process.umask(before));
		t.is(layer, path.join(directory, 'busybox'));
		const stat = async (name: string) => lstat(path.join(layer, name));
		const names = ['', 'etc', 'tmp', 'root', 'bin/busybox', 'etc/passwd'];
		t.deepEqual(await Promise.all(names.map(async name => (await stat(name)).mode & 0o7777)), [0o755, 0o755, 0o1777, 0o700, 0o755, 0o644]);
		t.deepEqual(await Promise.all([...names, 'bin/sh'].map(async name => (await stat(name)).mtimeMs)), [0, 0, 0, 0, 0, 0, 0]);
		t.is(await readlink(path.join(layer, 'bin/sh')), 'busybox');
		t.is(await readlink(path.join(layer, 'usr/bin/awk')), '../../bin/busybox');
	});
});

testWithBusybox('a layer that is there stays as it is: it may be mounted', async t => {
	await withDirectory(async directory => {
		await mkdir(path.join(directory, 'busybox'));
		await writeFile(path.join(directory, 'busybox/mine'), '');
		await buildLayer(busybox, directory);
		t.deepEqual(await readdir(directory), ['busybox']);
		t.is(await readFile(path.join(directory, 'busybox/mine'), 'utf8'), '');
	});
});

testWithBusybox('many may build a layer at once, and nothing is left beside it', async t => {
	await withDirectory(async directory => {
		const layers = await Promise.all(Array.from({length: 8}, async () => buildLayer(busybox, directory)));
		t.is(new Set(layers).size, 1);
		t.deepEqual(await readdir(directory), ['busybox']);
	});
});

testWithBusybox('what a killed builder left is removed, and what a living one builds is not', async t => {
	await withDirectory(async directory => {
		await mkdir(path.join(directory, '.building-00000000-1-1.aaaaaaaaaaaa/new'), {recursive: true});
		const living = `.building-${formatIdentity(identify(process.ppid) ?? {boot: '', pid: 0, start: 0})}.aaaaaaaaaaaa`;
		await mkdir(path.join(directory, living));
		await buildLayer(busybox, directory);
		t.deepEqual((await readdir(directory)).sort(), [living, 'busybox']);
	});
});

test('what is not a static program is refused, and the package named that has one', async t => {
	await withDirectory(async directory => {
		const script = path.join(directory, 'script');
		await writeFile(script, '#!/bin/sh\n');
		for (const source of [script, process.execPath, path.join(directory, 'absent')]) {
			const recipe: Recipe = {...busybox, binary: {...busybox.binary, sources: [source]}};
			const error = await t.throwsAsync(buildLayer(recipe, path.join(directory, 'layers')), {instanceOf: ClocheError});
			t.is(error.remedy, 'install busybox-static');
		}
	});
});

test('the recipe of busybox has the directories that the default mounts need', t => {
	const {directories, files} = busybox;
	t.deepEqual(['dev', 'proc', 'sys', 'tmp', 'run', 'root', 'etc'].filter(name => !(name in directories)), []);
	t.regex(files['etc/passwd'] ?? '', /^root:x:0:0:/);
});
