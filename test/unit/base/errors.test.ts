import {readFileSync} from 'node:fs';
import test from 'ava';
import {errnoName, errnoWords} from '../../../orchestrator/base/errno.js';
import {ClocheError, describeError, exitCodeOf, isErrno} from '../../../orchestrator/base/errors.js';

test('a message is what, where, why, and what to do', t => {
	t.is(new ClocheError('cannot mount', {where: '/a', why: 'it is busy', remedy: 'wait'}).message, 'cannot mount: /a: it is busy; wait');
	t.is(new ClocheError('unknown flag --x').message, 'unknown flag --x');
	t.is(new ClocheError('cannot mount', {where: '/a', errno: 16}).message, 'cannot mount: /a: device or resource busy');
});

test('a message stays one line, whatever a path holds', t => {
	t.is(new ClocheError('no', {where: '/a\nb\u001B[31m\u009B'}).message, 'no: /a\\x0ab\\x1b[31m\\x9b');
	t.is(describeError(new Error('a\nb')), 'a\\x0ab');
});

test('a system error as the cause gives errno, code, path and words', t => {
	const cause = t.throws(() => readFileSync('/nowhere'));
	const error = new ClocheError('cannot read the list', {cause});
	t.like(error, {errno: 2, code: 'ENOENT', path: '/nowhere', why: 'no such file or directory', cause, exitCode: 125, name: 'ClocheError'});
	t.is(error.message, 'cannot read the list: no such file or directory');
	t.true(isErrno(cause, 'ENOENT'));
	t.true(isErrno(error, 'ENOENT'));
	t.false(isErrno(error, 'EPERM'));
	t.false(isErrno('ENOENT', 'ENOENT'));
});

test('any other cause gives its message', t => {
	t.is(new ClocheError('no', {cause: new Error('because')}).message, 'no: because');
	t.is(new ClocheError('no', {cause: 'because'}).message, 'no: because');
});

test('the exit status is ours unless the error says otherwise', t => {
	t.is(exitCodeOf(new ClocheError('a', {exitCode: 127})), 127);
	t.is(exitCodeOf(new ClocheError('a')), 125);
	t.is(exitCodeOf(new Error('a')), 125);
});

test('errno has a name and words, for those that libuv lacks, too', t => {
	t.is(errnoName(1), 'EPERM');
	t.is(errnoWords(1), 'operation not permitted');
	t.is(errnoName(87), 'EUSERS');
	t.is(errnoWords(40), 'too many levels of symbolic links');
	t.is(errnoName(8), 'ENOEXEC');
	t.is(errnoName(4711), 'errno 4711');
	t.is(errnoWords(4711), 'error number 4711');
});

test('a system error of Node\'s is told in our words, in one line', t => {
	const error = t.throws(() => {
		readFileSync('/missing\nfile');
	});
	t.is(describeError(error), 'open: /missing\\x0afile: no such file or directory');
});
