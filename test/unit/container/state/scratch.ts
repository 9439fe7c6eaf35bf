/** A state root of a test's own, and processes of known fate. */

import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {ExecutionContext} from 'ava';
import {type ProcessIdentity, identify} from '../../../../orchestrator/base/process.js';
import type {NewContainer} from '../../../../orchestrator/container/store/create.js';
import {type StateRoots, stateRoots} from '../../../../orchestrator/container/store/roots.js';

export const scratchRoots = (t: ExecutionContext): StateRoots => {
	const root = mkdtempSync(join(tmpdir(), 'cloche-state-'));
	t.teardown(() => rmSync(root, {recursive: true, force: true}));
	return stateRoots({root});
};

const mustIdentify = (pid: number | undefined): ProcessIdentity => {
	const identity = pid === undefined ? undefined : identify(pid);
	if (identity === undefined) {
		throw new Error('no such process');
	}

	return identity;
};

/** This process. */
export const self = (): ProcessIdentity => mustIdentify(process.pid);

/** A process that runs until it is killed. */
export const livingProcess = (t: ExecutionContext): {identity: ProcessIdentity; kill: () => Promise<void>} => {
	const child = spawn('sleep', ['1000'], {stdio: 'ignore'});
	const kill = async (): Promise<void> => {
		if (child.exitCode === null && child.signalCode === null) {
			const gone = once(child, 'exit');
			child.kill('SIGKILL');
			await gone;
		}
	};

	t.teardown(kill);
	return {identity: mustIdentify(child.pid), kill};
};

/** One that ran, and is gone. */
export const deadProcess = async (t: ExecutionContext): Promise<ProcessIdentity> => {
	const {identity, kill} = livingProcess(t);
	await kill();
	return identity;
};

export const container = (owner: ProcessIdentity, more: Partial<NewContainer> = {}): NewContainer =>
	({image: 'busybox', lowers: ['/layers/busybox'], driver: 'overlay', command: ['true'], keep: false, owner, ...more});
