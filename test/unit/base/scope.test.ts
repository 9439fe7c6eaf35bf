import test from 'ava';
import {Scope} from '../../../orchestrator/base/scope.js';

const recorder = (): {log: number[]; note: (value: number) => () => Promise<void>} => {
	const log: number[] = [];
	return {
		log,
		note: value => async () => {
			await Promise.resolve();
			log.push(value);
		},
	};
};

test('teardowns run in the opposite order, once', async t => {
	const {log, note} = recorder();
	const scope = new Scope();
	scope.defer(note(1));
	scope.defer(note(2));
	scope.use({[Symbol.dispose]: () => log.push(3)});
	scope.use({[Symbol.asyncDispose]: note(4)});
	await Promise.all([scope.close(), scope.close()]);
	await scope[Symbol.asyncDispose]();
	t.deepEqual(log, [4, 3, 2, 1]);
});

test('one that fails doesn\'t keep the others from running', async t => {
	const {log, note} = recorder();
	const scope = new Scope();
	scope.defer(note(1));
	scope.defer(() => {
		throw new Error('two');
	});
	scope.defer(note(3));
	await t.throwsAsync(scope.close(), {message: 'two'});
	t.deepEqual(log, [3, 1]);
});

test('several failures come as one', async t => {
	const scope = new Scope();
	for (const word of ['one', 'two']) {
		scope.defer(() => Promise.reject(new Error(word)));
	}

	const error = await t.throwsAsync(scope.close(), {instanceOf: AggregateError});
	t.deepEqual(error.errors.map(String), ['Error: two', 'Error: one']);
});

test('what is stolen is the heir\'s', async t => {
	const {log, note} = recorder();
	const scope = new Scope();
	scope.defer(note(1));
	const heir = scope.steal();
	await scope.close();
	t.deepEqual(log, []);
	await heir.close();
	t.deepEqual(log, [1]);
});

test('a closed scope takes nothing more', async t => {
	const scope = new Scope();
	await scope.close();
	t.throws(() => scope.defer(() => undefined), {message: /nothing would undo this/});
});

test('a teardown can\'t defer more: the scope is closed', async t => {
	const scope = new Scope();
	scope.defer(() => scope.defer(() => undefined));
	await t.throwsAsync(scope.close(), {message: /nothing would undo this/});
});
