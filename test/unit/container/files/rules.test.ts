/** docker cp's rules, as its page has them. */

import test, {type ExecutionContext} from 'ava';
import {ClocheError} from '../../../../orchestrator/base/errors.js';
import {decideCopy, type Kind, placeOf, splitOperand} from '../../../../orchestrator/container/files/rules.js';

const decide = (source: [path: string, kind: Kind], destination: [path: string, kind: Kind]) =>
	decideCopy({place: placeOf(source[0], '/s'), kind: source[1]}, {place: placeOf(destination[0], '/d'), kind: destination[1]});

const refuses = (t: ExecutionContext, source: [string, Kind], destination: [string, Kind]): void => {
	t.throws(() => decide(source, destination), {instanceOf: ClocheError, message: /^cannot copy: /});
};

test('a file', t => {
	t.deepEqual(decide(['a', 'other'], ['b', 'missing']), {directory: '/d', make: false, name: 'b'});
	t.deepEqual(decide(['a', 'other'], ['b', 'other']), {directory: '/d', make: false, name: 'b'});
	t.deepEqual(decide(['x/a', 'other'], ['b', 'directory']), {directory: '/d/b', make: false, name: 'a'});
	t.deepEqual(decide(['x/a', 'other'], ['b/', 'directory']), {directory: '/d/b', make: false, name: 'a'});
	refuses(t, ['a', 'other'], ['b/', 'missing']);
	refuses(t, ['a', 'other'], ['b/', 'other']);
	refuses(t, ['a/', 'other'], ['b', 'missing']);
	refuses(t, ['a', 'missing'], ['b', 'missing']);
});

test('a directory', t => {
	t.deepEqual(decide(['a', 'directory'], ['b', 'missing']), {directory: '/d/b', make: true, name: undefined});
	t.deepEqual(decide(['a/.', 'directory'], ['b/', 'missing']), {directory: '/d/b', make: true, name: undefined});
	t.deepEqual(decide(['a', 'directory'], ['b', 'directory']), {directory: '/d/b', make: false, name: 'a'});
	t.deepEqual(decide(['a/', 'directory'], ['b', 'directory']), {directory: '/d/b', make: false, name: 'a'});
	t.deepEqual(decide(['a/.', 'directory'], ['b', 'directory']), {directory: '/d/b', make: false, name: undefined});
	t.deepEqual(decide(['/', 'directory'], ['b', 'directory']), {directory: '/d/b', make: false, name: undefined});
	refuses(t, ['a', 'directory'], ['b', 'other']);
});

test('places are absolute, and never above the root', t => {
	t.deepEqual(placeOf('../../a//b/../c/', '/d'), {path: '/a/c', slash: true, contents: false});
	t.deepEqual(placeOf('.', '/d'), {path: '/d', slash: true, contents: true});
	t.deepEqual(placeOf('..', '/d/e'), {path: '/d', slash: false, contents: false});
	t.throws(() => placeOf('', '/'), {instanceOf: ClocheError});
});

test('a colon parts a container from its path; a slash or a dot before it makes a path of this machine', t => {
	t.deepEqual(splitOperand('db:/a:b'), {container: 'db', path: '/a:b'});
	t.deepEqual(splitOperand('db:a'), {container: 'db', path: 'a'});
	for (const word of ['-', './a:b', '/a:b', 'a', ':a', '../x:y', 'd/a:b']) {
		t.is(splitOperand(word), undefined, word);
	}
});
