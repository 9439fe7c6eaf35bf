import test from 'ava';
import {aufs, aufsOptions} from '../../../orchestrator/storage/aufs.js';

const request = {lowers: ['/layers/b', '/layers/a'], directory: '/state/c1', keep: false, privileged: true};

test('the branches, the writable one first, then dio, xino and dirperm1, as aufs(5) has them', t => {
	t.deepEqual(aufsOptions(request.lowers, request.directory), [
		['br:/state/c1/upper=rw:/layers/b=ro+wh:/layers/a=ro+wh', 'dio', 'xino=/state/c1/xino', 'dirperm1'],
	]);
});

test('what does not fit into the page is appended by remounts, in order, and none passes the page', t => {
	const lowers = Array.from({length: 126}, (_, index) => `/layers/${String(index).padStart(3, '0')}${'x'.repeat(90)}`);
	const mounts = aufsOptions(lowers, '/state/c1');
	for (const options of mounts) {
		t.true(Buffer.byteLength(options.join(',')) <= 4095);
	}

	const [first = [], ...others] = mounts;
	t.true(others.length > 1);
	t.true(others.flat().every(option => /^append:\/layers\/\d{3}x{90}=ro\+wh$/.test(option)));
	const inFirst = (first[0] ?? '').slice('br:/state/c1/upper=rw:'.length).split(':');
	t.deepEqual([...inFirst, ...others.flat().map(option => option.slice('append:'.length))], lowers.map(lower => `${lower}=ro+wh`));
});

test('a batch is as full as the page lets it be', t => {
	// The first holds br:/w/upper=rw:/a=ro+wh,dio,xino=/w/xino,dirperm1 (48 bytes) and its NUL, exactly.
	const line = 'br:/w/upper=rw:/a=ro+wh,dio,xino=/w/xino,dirperm1';
	t.deepEqual(aufsOptions(['/a', '/b', '/c', '/d', '/e'], '/w', line.length + 1), [
		line.split(','),
		['append:/b=ro+wh', 'append:/c=ro+wh', 'append:/d=ro+wh'],
		['append:/e=ro+wh'],
	]);
	t.deepEqual(aufsOptions(['/a'], '/w', line.length)[0], ['br:/w/upper=rw', 'dio', 'xino=/w/xino', 'dirperm1']);
});

test('a classic mount at merged, classic remounts of it, and a bind as the root', t => {
	const lowers = Array.from({length: 60}, (_, index) => `/layers/${index}${'x'.repeat(90)}`);
	const operations = aufs.operations({...request, lowers, attributes: ['nodev']});
	t.like(operations[0], {op: 'mount', type: 'aufs', target: '/state/c1/merged', classic: true});
	t.like(operations[1], {op: 'mount', type: 'aufs', target: '/state/c1/merged', classic: true, remount: true});
	t.like(operations.at(-1), {op: 'bind', source: '/state/c1/merged', target: '/', root: true, attributes: ['nodev']});
	t.is(operations.filter(({root}) => root).length, 1);
});

test('a path with a colon, a comma or an equals sign is refused, and so is a branch inside a branch', t => {
	for (const character of [':', ',', '=']) {
		t.is(aufs.objection({...request, lowers: [`/a${character}b`]}), `/a${character}b: aufs can't take a path with '${character}' in it`);
	}

	t.regex(aufs.objection({...request, directory: '/a:b'}) ?? '', /':'/);
	t.regex(aufs.objection({...request, lowers: ['/a\nb']}) ?? '', /newline/);
	t.regex(aufs.objection({...request, lowers: ['/']}) ?? '', /inside a lower one/);
	t.is(aufs.objection(request), undefined);
});

test('126 layers and no more', t => {
	t.is(aufs.objection({...request, lowers: Array.from({length: 126}, (_, index) => `/l/${index}`)}), undefined);
	t.regex(aufs.objection({...request, lowers: Array.from({length: 127}, (_, index) => `/l/${index}`)}) ?? '', /up to 126/);
});

test('not in a user namespace', t => {
	t.not(aufs.unavailable({dataRoot: '/', privileged: false}), undefined);
});
