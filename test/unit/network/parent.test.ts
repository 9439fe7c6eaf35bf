/** Keepers' FIFOs by their names: which may be opened, which are swept. */

import {execFileSync} from 'node:child_process';
import {closeSync, constants, existsSync, mkdirSync, mkdtempSync, openSync, readdirSync, renameSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {bootId, identify, type ProcessIdentity} from '../../../orchestrator/base/process.js';
import {findKeeper, holdKeeper, holdNewKeeper, isUnswept, presencePath, sweepKeepers} from '../../../orchestrator/network/parent.js';
import {parentsDirectory} from '../../../orchestrator/network/places.js';

const self = (): ProcessIdentity => identify(process.pid) ?? {boot: '', pid: 0, start: 0};

const place = (t: ExecutionContext): {data: string} => {
	const roots = {data: mkdtempSync(join(tmpdir(), 'cloche-unit-'))};
	mkdirSync(parentsDirectory(roots), {recursive: true});
	t.teardown(() => {
		rmSync(roots.data, {recursive: true});
	});
	return roots;
};

/** As a keeper has it. */
const makeFifo = (t: ExecutionContext, path: string): void => {
	execFileSync('mkfifo', [path]);
	const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
	t.teardown(() => {
		closeSync(file);
	});
};

test('a keeper that takes its last look is there, and can\'t be held; nor can one that is about to be there, but by who has started it', t => {
	const roots = place(t);
	const path = presencePath(roots, 'user', self());
	makeFifo(t, `${path}~`);
	t.like(findKeeper(roots, 'user'), {pid: process.pid, presence: path});
	t.is(holdKeeper(roots, 'user'), undefined);
	const made = holdNewKeeper(roots, 'user', self());
	t.is(made?.keeper.presence, path);
	t.deepEqual(readdirSync(parentsDirectory(roots)), [path.split('/').at(-1)]);
	const held = holdKeeper(roots, 'user');
	t.is(held?.keeper.presence, path);
	t.is(holdKeeper(roots, 'use'), undefined);
	renameSync(path, `${path}~`);
	t.is(findKeeper(roots, 'user')?.presence, path, 'by the name that it has when it stays');
	made?.release();
	held?.release();
	held?.release();
	t.false(isUnswept(roots));
});

test('what the dead leave is swept under both names, and what the living have stays', t => {
	const roots = place(t);
	const dead = {boot: bootId(), pid: process.pid, start: self().start + 1};
	for (const path of [presencePath(roots, 'user', dead), `${presencePath(roots, 'lab', dead)}~`]) {
		execFileSync('mkfifo', [path]);
	}

	t.true(isUnswept(roots));
	t.is(findKeeper(roots, 'user'), undefined);
	makeFifo(t, presencePath(roots, 'other', self()));
	sweepKeepers(roots);
	t.deepEqual(readdirSync(parentsDirectory(roots)), [presencePath(roots, 'other', self()).split('/').at(-1)]);
	rmSync(presencePath(roots, 'other', self()));
	sweepKeepers(roots);
	t.false(existsSync(parentsDirectory(roots)));
});
