import {existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'ava';
import {copy} from '../../../orchestrator/storage/copy.js';

const tree = (entries: Record<string, string | null>, root: string): string => {
	mkdirSync(root, {recursive: true});
	for (const [name, text] of Object.entries(entries)) {
		if (text === null) {
			mkdirSync(join(root, name), {recursive: true});
		} else {
			mkdirSync(join(root, name, '..'), {recursive: true});
			writeFileSync(join(root, name), text);
		}
	}

	return root;
};

test('branches are copied from the lowest up, whiteouts and opaque directories honoured', async t => {
	const base = mkdtempSync(join(tmpdir(), 'cloche-copy-'));
	t.teardown(() => rmSync(base, {recursive: true}));
	const low = tree({'etc/a': 'low', 'etc/b': 'low', 'gone/x': '', 'opaque/old': '', 'kind/in': '', 'file': ''}, join(base, 'low'));
	const top = tree({'etc/a': 'top', 'etc/.wh.b': '', '.wh.gone': '', 'opaque/.wh..wh..opq': '', 'opaque/new': '', 'new/.wh.none': '', 'file/now': 'dir'}, join(base, 'top'));
	symlinkSync('elsewhere', join(top, 'kind'));
	const directory = join(base, 'c1');
	mkdirSync(directory);
	await copy.prepare({lowers: [top, low], directory, keep: false, privileged: false});
	const root = join(directory, 'upper');
	t.is(readFileSync(join(root, 'etc/a'), 'utf8'), 'top');
	t.deepEqual(readdirSync(join(root, 'etc')), ['a']);
	t.false(existsSync(join(root, 'gone')));
	t.deepEqual(readdirSync(join(root, 'opaque')), ['new']);
	t.deepEqual(readdirSync(join(root, 'new')), []);
	t.deepEqual(readdirSync(root).sort(), ['etc', 'file', 'kind', 'new', 'opaque']);
	t.is(readFileSync(join(root, 'file/now'), 'utf8'), 'dir');
});

test('a branch around the container itself is refused', t => {
	t.regex(copy.objection({lowers: ['/'], directory: '/d', keep: false, privileged: true}) ?? '', /inside itself/);
});

test('the copy is bound as the root', t => {
	t.like(copy.operations({lowers: ['/l'], directory: '/d', keep: true, privileged: true}), [{op: 'bind', source: '/d/upper', target: '/', root: true}]);
});
