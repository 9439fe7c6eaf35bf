import test from 'ava';
import {overlay} from '../../../orchestrator/storage/overlay.js';
import {parseMountPoints, readParts} from '../../../orchestrator/storage/parts.js';
import {hideOperations} from '../../../orchestrator/storage/root.js';

test('mount points are read from mountinfo, their octal escapes undone', t => {
	t.deepEqual(parseMountPoints('22 1 254:0 / / rw - ext4 /dev/vda rw\n23 22 0:5 / /mnt/a\\040b rw - tmpfs tmpfs rw\n'), ['/', '/mnt/a b']);
});

test('an ordinary user\'s host root is put together: an overlay for each entry, read-only where mounts lie below', t => {
	const operations = overlay.operations({
		lowers: ['/'], directory: '/state/c1', keep: false, privileged: false, attributes: ['nodev'],
		parts: [
			{name: 'bin', show: 'symlink', text: 'usr/bin'},
			{name: 'usr', show: 'overlay'},
			{name: 'mnt', show: 'bind', directory: true},
			{name: 'proc', show: 'directory', mode: 0o755},
		],
	});
	t.like(operations, [
		{op: 'bind', source: '/state/c1/root', target: '/', root: true, attributes: ['nodev']},
		{op: 'overlay', target: '/usr', lowers: ['/usr'], upper: '/state/c1/upper/usr', work: '/state/c1/work/usr'},
		{op: 'bind', source: '/mnt', target: '/mnt', recursive: true, attributes: ['nodev', 'rdonly']},
	]);
	t.is(operations.length, 3);
});

test('every machine\'s root holds mounts, so it has parts; a directory without mounts has none', t => {
	const parts = readParts('/') ?? [];
	t.like(parts.find(({name}) => name === 'proc'), {show: 'directory'});
	t.like(parts.find(({name}) => name === 'tmp'), {show: 'directory', mode: 0o1777});
	t.is(readParts(import.meta.dirname), undefined);
});

test('our own state is covered where it would show through a lower branch, and only there', t => {
	t.like(hideOperations(['/'], ['/var/lib/cloche']), [{op: 'mask', target: '/var/lib/cloche', ifExists: true}]);
	t.like(hideOperations(['/var'], ['/var/lib/cloche']), [{op: 'mask', target: '/lib/cloche'}]);
	t.deepEqual(hideOperations(['/var/lib/cloche/layers/a'], ['/var/lib/cloche']), []);
	t.deepEqual(hideOperations(['/var/lib/clo'], ['/var/lib/cloche']), []);
});
