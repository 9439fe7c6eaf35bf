/** What an image says, under what was asked for; and the second phase by itself. */

import test from 'ava';
import {requireCommand, withImageDefaults} from '../../../orchestrator/container/image-defaults.js';
import {makePlan} from '../../../orchestrator/container/plan.js';
import type {Design} from '../../../orchestrator/container/prepare.js';
import {planStart} from '../../../orchestrator/container/start.js';
import type {ResolvedImage} from '../../../orchestrator/image/resolve.js';
import type {RunOptions} from '../../../orchestrator/container/options/run-options.js';
import {placement, root, specOf} from './given.js';

const image: ResolvedImage = {name: 'i', lowers: ['/layer'], host: false, entrypoint: ['/init'], command: ['serve', '-v'], env: ['PATH=/bin', 'A=image'], cwd: '/srv', user: 'www'};

const processOf = (options: RunOptions, command: readonly string[] = []) => withImageDefaults(specOf(options, command), image).process;

test('without a word the image decides', t => {
	t.like(processOf({}), {args: ['/init', 'serve', '-v'], env: ['PATH=/bin', 'A=image'], cwd: '/srv', user: 'www'});
});

test('a command replaces the image\'s, not its entrypoint', t => {
	t.deepEqual(processOf({}, ['x', 'y']).args, ['/init', 'x', 'y']);
});

test('an entrypoint takes the image\'s command away, too', t => {
	t.deepEqual(processOf({entrypoint: 'e'}).args, ['e']);
	t.deepEqual(processOf({entrypoint: 'e'}, ['x']).args, ['e', 'x']);
	t.deepEqual(processOf({entrypoint: ''}, ['x']).args, ['x']);
	t.deepEqual(processOf({entrypoint: ''}).args, []);
});

test('somebody has to name a command', t => {
	const none = withImageDefaults(specOf({entrypoint: ''}, []), image);
	t.throws(() => {
		requireCommand(none);
	}, {message: /^no command: none was given, and the image names none/});
	t.notThrows(() => {
		requireCommand(withImageDefaults(specOf({}, []), image));
	});
});

test('what was asked for wins', t => {
	t.like(processOf({env: ['A=mine', 'B=2'], workdir: '/w', user: 'me'}), {env: ['PATH=/bin', 'A=mine', 'B=2'], cwd: '/w', user: 'me'});
});

const design = (options: RunOptions = {}): Design => {
	const spec = withImageDefaults(specOf(options, []), image);
	// Only what planStart uses.
	return {id: 'abc', spec, image, plan: makePlan(spec, root, placement)} as Design;
};

test('start: a command of its own, and what goes with it', t => {
	const {ops, args} = planStart(design({env: ['A=created']}), ['job', '1'], {env: {B: '2', HOST: undefined}, workdir: '/job', user: 5}, {});
	t.deepEqual(args, ['/init', 'job', '1']);
	t.like(ops.at(-1), {op: 'exec', argv: ['/init', 'job', '1']});
	const exec = ops.at(-1);
	t.true(exec?.op === 'exec' && ['HOSTNAME=abc', 'PATH=/bin', 'A=created', 'B=2'].every(entry => exec.env.includes(entry)));
	t.true(ops.some(op => op.op === 'cwd' && op.target === '/job'));
	t.true(ops.some(op => op.op === 'credentials' && op.user === '5'));
});

test('start: without a command, the image\'s', t => {
	t.deepEqual(planStart(design(), [], {}, {}).args, ['/init', 'serve', '-v']);
});

test('start: what is wrong is refused', t => {
	t.throws(() => planStart(design(), ['x'], {user: 'a:b:c'}, {}), {message: /^user a:b:c: not a user/});
	t.throws(() => planStart(design(), ['x'], {workdir: 'w'}, {}), {message: /^workdir w: /});
	t.throws(() => planStart(design(), ['x\0'], {}, {}), {message: /^process.args\[1\]: it holds a NUL/});
	t.throws(() => planStart(design({entrypoint: ''}), [''], {}, {}), {message: /^process.args\[0\]: the command is empty/});
});
