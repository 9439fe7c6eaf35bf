/** How many branches, and with which paths. */

import {mkdirSync, symlinkSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {Forgo} from '../../../orchestrator/helper/protocol.js';
import {overlay} from '../../../orchestrator/storage/overlay.js';
import {contract, inside, scratch, subjects, type Subject} from './subject.js';
import {makeTree} from './trees.js';

/** `count` branches that share one file, and have one each of their own; the topmost first, and the topmost is 0. */
const makeBranches = (base: string, count: number): string[] => Array.from({length: count}, (_, index) =>
	makeTree(join(base, 'b', String(index)), {'which': String(index), [`own/${index}`]: ''}));

/** A copy has no limit worth the time. */
const most = ({driver}: Subject): number => Math.min(driver.maximum, 500);

const countBranches = async (...[t, subject, count, launch = {}]: [...Parameters<Parameters<typeof contract>[1]>, number, object?]): Promise<void> => {
	const base = scratch(t, subject);
	// busybox is one of them.
	const lowers = makeBranches(base, count - 1);
	const script = count === 1 ? 'echo 0; [ ! -e /own ] && echo 0' : 'cat /which; echo; ls /own | wc -l';
	t.is(await inside(t, subject, {directory: join(base, 'c'), lowers, launch}, script), `0\n${count - 1}\n`);
};

for (const count of [1, 10, 100]) {
	contract(`${count} branches`, async (t, subject) => countBranches(t, subject, count));
}

contract('as many branches as the driver takes', async (t, subject) => countBranches(t, subject, most(subject)));

contract('one more than that is refused before anything is made', async (t, subject) => {
	const base = scratch(t, subject);
	const lowers = Array.from({length: subject.driver.maximum}, () => '/nowhere');
	const error = await t.throwsAsync(inside(t, subject, {directory: join(base, 'c'), lowers}, 'true'));
	t.regex(error.message, new RegExp(`up to ${subject.driver.maximum} lower branches, and these are ${subject.driver.maximum + 1}`));
}, ({driver}) => driver.name === 'copy' ? 'a copy has no such limit' : undefined);

const isOverlay = ({driver}: Subject): string | undefined => driver === overlay ? undefined : 'it is overlay\'s';

contract('the colon list of kernels before 6.5 takes as many', async (t, subject) =>
	countBranches(t, subject, most(subject), {forgo: Forgo.LOWERDIR_PLUS}), isOverlay);

/** Names that mean something to a shell, a mount option or a colon list, and one that is too long for fsconfig(2). */
const STRANGE = ['a:b', 'a,b', 'a=b', 'a\\b', 'a b', 'a\nb', 'a\'b"c', 'ä', '*', '-o', 'upperdir=x', `${'l'.repeat(250)}/${'m'.repeat(250)}`];

const REFUSED_BY_AUFS = new Set(['a:b', 'a,b', 'a=b', 'a\nb', 'upperdir=x']);

for (const name of STRANGE) {
	const shown = JSON.stringify(name.length > 20 ? '500 bytes' : name);
	contract(`a branch's path may hold ${shown}, or is refused in one line`, async (t, subject) => {
		const base = scratch(t, subject);
		const lowers = [makeTree(join(base, name), {file: 'here'})];
		if (subject.driver.name === 'aufs' && REFUSED_BY_AUFS.has(name)) {
			const error = await t.throwsAsync(inside(t, subject, {directory: join(base, 'c'), lowers}, 'true'));
			t.regex(error.message, /^storage driver aufs can't be used: .*aufs can't take a path with [^\n]*$/);
			return;
		}

		t.is(await inside(t, subject, {directory: join(base, 'c'), lowers}, 'cat /file'), 'here');
		if (subject.driver === overlay) {
			t.is(await inside(t, subject, {directory: join(base, 'd'), lowers, launch: {forgo: Forgo.LOWERDIR_PLUS}}, 'cat /file'), 'here');
		}
	});

	contract(`the container's own path may hold ${shown}, or is refused in one line`, async (t, subject) => {
		const directory = join(scratch(t, subject), name);
		if (subject.driver.name === 'aufs' ? REFUSED_BY_AUFS.has(name) : subject.driver === overlay && name.includes('\\')) {
			const error = await t.throwsAsync(inside(t, subject, {directory, lowers: []}, 'true'));
			t.regex(error.message, /can't take a path with [^\n]*$/);
		} else {
			t.is(await inside(t, subject, {directory, lowers: []}, 'echo >/new; ls /new'), '/new\n');
		}
	});
}

contract('a missing branch is named', async (t, subject) => {
	const base = scratch(t, subject);
	symlinkSync('nowhere', join(base, 'dangling'));
	mkdirSync(join(base, 'there'));
	const lowers = [join(base, 'dangling'), join(base, 'there')];
	const error = await t.throwsAsync(inside(t, subject, {directory: join(base, 'c'), lowers}, 'true'));
	t.regex(error.message, /dangling: no such file or directory/);
});

test('there is a driver that can be tested here', t => {
	t.true(subjects.some(({unavailable}) => unavailable === undefined));
});
