import test from 'ava';
import {overlay} from '../../../orchestrator/storage/overlay.js';
import type {RootRequest} from '../../../orchestrator/storage/driver.js';
import {memoryObjection} from '../../../orchestrator/storage/memory.js';
import {overlayOptions} from '../../../orchestrator/storage/overlay-options.js';

const request = {lowers: ['/layers/b', '/layers/a'], directory: '/state/c1', keep: false, privileged: true};

test('one mount over /, the topmost branch first', t => {
	t.like(overlay.operations({...request, attributes: ['nodev']}), [{
		op: 'overlay',
		target: '/',
		root: true,
		lowers: ['/layers/b', '/layers/a'],
		upper: '/state/c1/upper',
		work: '/state/c1/work',
		attributes: ['nodev'],
	}]);
});

test('volatile exactly where the branch is thrown away', t => {
	const optionsOf = (changes: Partial<RootRequest>) => overlay.operations({...request, ...changes}).flatMap(op => op.op === 'overlay' ? op.options ?? [] : []);
	t.true(optionsOf({keep: false}).includes('volatile'));
	t.false(optionsOf({keep: true}).includes('volatile'));
	t.false(optionsOf({keep: false, memory: {mode: 0o755, uid: 0, gid: 0}}).includes('volatile'));
});

test('without privilege: userxattr, and nothing that conflicts with it', t => {
	t.deepEqual(overlayOptions({volatile: true, privileged: false}), ['userxattr', 'index=off', 'volatile']);
	t.false(overlayOptions({volatile: false, privileged: true}).includes('userxattr'));
});

test('what it can\'t carry is refused in one line', t => {
	t.regex(overlay.objection({...request, lowers: []}) ?? '', /needs a lower branch/);
	t.regex(overlay.objection({...request, lowers: Array.from({length: 501}, (_, index) => `/l/${index}`)}) ?? '', /up to 500.*501/);
	t.regex(overlay.objection({...request, lowers: ['relative']}) ?? '', /absolute/);
	t.regex(overlay.objection({...request, lowers: ['/nul\0']}) ?? '', /NUL/);
	t.regex(overlay.objection({...request, lowers: [`/${'x'.repeat(4095)}`]}) ?? '', /4095 bytes/);
	t.regex(overlay.objection({...request, directory: `/${'x'.repeat(4090)}`}) ?? '', /4095 bytes/);
	t.is(overlay.objection({...request, lowers: [`/${'x'.repeat(4094)}`, '/a:b,=c\\d\n']}), undefined);
});

test('where the disk can\'t hold the writable branch, memory does, unless it is to be kept', t => {
	const unfit = {...request, unfit: 'overlayfs'};
	const inMemory = {...unfit, memory: {mode: 0o755, uid: 0, gid: 0}};
	t.is(overlay.objection(inMemory), undefined);
	t.like(overlay.operations(inMemory), [
		{op: 'mount', type: 'tmpfs', target: '/state/c1'},
		{op: 'mkdir', target: '/state/c1/upper', mode: 0o755, uid: 0},
		{op: 'mkdir', target: '/state/c1/work', mode: 0o700},
		{op: 'overlay', target: '/', root: true, upper: '/state/c1/upper', work: '/state/c1/work'},
	]);
	t.regex(overlay.objection(unfit) ?? '', /on overlayfs.*--root takes/);
	t.regex(memoryObjection({...request, keep: true}) ?? '', /kept/);
	t.regex(memoryObjection({...request, privileged: false, parts: []}) ?? '', /on disk/);
});
