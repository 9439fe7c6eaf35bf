/** A helper whose system calls fail as a test wants it, by strace's fault injection. */

import {spawnSync} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {ClocheError} from '../../orchestrator/base/errors.js';
import type {Exit} from '../../orchestrator/helper/events.js';
import type {Plan} from '../../orchestrator/helper/plan.js';
import {type FullPlan, fullPlan, marked} from './full-plan.js';
import {Marked} from './marked.js';
import type {Privilege} from './support.js';

const NULLS = {stdin: 'null', stdout: 'null', stderr: 'null'} as const;

/** As strace's -e inject: a system call, the error or the signal, which of the calls; `only` those about this path. */
export interface Fault {
	call: string;
	error: string;
	when: number;
	only?: string;
}

const strikeOf = (error: string): string => error.startsWith('SIG') ? `signal=${error}` : `error=${error}`;

export interface Outcome {
	plan: FullPlan;
	/** How often the fault struck. */
	struck: number;
	error: ClocheError | undefined;
	exit: Exit | undefined;
	warnings: ClocheError[];
	/** How the helper ended. */
	ended: string;
}

/** Why strace can't, if so. */
const whyNot = (): string | undefined => {
	const {error, status, stderr} = spawnSync('strace', ['-f', '-qq', '-o', '/dev/null', '/bin/true'], {encoding: 'utf8'});
	return error !== undefined ? 'strace is not installed' : status === 0 ? undefined : `strace may not trace here: ${stderr.trim()}`;
};

const reason = whyNot();

/** `test`, where strace can inject faults. */
export const faulty = reason === undefined ? test : test.skip;
if (reason !== undefined) {
	test(`faults are not injected: ${reason}`, t => {
		t.pass();
	});
}

/** Run a full plan, as `changes` change it, under a helper that the fault strikes; its end is awaited, and no process or mount is left. */
export const runWith = async (t: ExecutionContext, privilege: Privilege, {call, error, when, only}: Fault, changes: (plan: FullPlan) => Plan): Promise<Outcome> => {
	const directory = mkdtempSync(join(tmpdir(), 'cloche-strace-'));
	const log = join(directory, 'log');
	t.teardown(() => rmSync(directory, {recursive: true, force: true}));
	spawnSync('chmod', ['777', directory]);
	const helper = new Marked(t, privilege, {
		through: ['strace', '-f', '-qq', '-o', log, ...(only === undefined ? [] : ['-P', only]), '-e', `trace=${call}`, '-e', `inject=${call}:${strikeOf(error)}:when=${when}`],
	});
	const plan = marked(fullPlan(t, privilege, ['/probe', 'exit', '0'], {streams: NULLS}), helper.mark);
	const warnings: ClocheError[] = [];
	let failure: ClocheError | undefined;
	let exit: Exit | undefined;
	try {
		const launch = helper.launch({...plan, ...changes(plan)}, {onWarning: warning => warnings.push(warning)});
		try {
			exit = await launch.exited;
		} catch (error) {
			failure = error instanceof ClocheError ? error : t.fail(String(error));
		}

		await launch.released.catch(() => undefined); // Where the helper itself was struck.
	} catch (error) {
		failure = error instanceof ClocheError ? error : t.fail(String(error));
	}

	const ended = await helper.close();
	await helper.gone();
	t.false(readFileSync('/proc/self/mountinfo', 'utf8').includes(plan.state));
	const struck = readFileSync(log, 'utf8').split('(INJECTED)').length - 1;
	return {plan, struck, error: failure, exit, warnings, ended};
};
