/** An ERROR or WARNING of the helper as words: step, operation, path, errno, and what to do. */

import {EXIT_OURS, ClocheError} from '../base/errors.js';
import {errnoName, errnoWords} from '../base/errno.js';
import type {Failure} from './events.js';
import type {Op, Plan, StartOp} from './plan.js';
import {type StepEntry, Step, stepTable} from './protocol.js';
import {findRemedy} from './remedies.js';

/** A step's number as its entry; a number that is none still gives a message. */
const stepOf = (step: number): StepEntry | undefined =>
	Object.entries(stepTable).find(([number]) => Number(number) === step)?.[1];

const hasOperations = (step: number): boolean => step === Step.CREATE || step === Step.START;

/**
 * 127 where the command is not there, 126 where it can't be executed: POSIX's numbers (XCU 2.8.2), and for the
 * errors that it leaves open those of dash (exec.c, shellexec).
 */
const exitCodeFor = (errno: number): number =>
	['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG'].includes(errnoName(errno)) ? 127 : 126;

/** What an operation is about, for the messages: its name, and a mount's type. */
const nameOp = (op: Op): string => op.op === 'mount' ? `mount ${op.type}` : op.op;

const whyOf = ({errno, detail}: Failure, op: Op | undefined): string | undefined => {
	const words = errno === 0 ? undefined : errnoWords(errno);
	const call = op?.op === 'exec' && detail === 'execve' ? undefined : detail; // It says nothing to a user.
	return [call, words].filter(part => part !== undefined && part !== '').join(': ') || undefined;
};

/** The error that `failure` is, in a container that was made from `plan` and started with `startOps`. */
export const failureError = (failure: Failure, plan: Plan, startOps: readonly StartOp[] = plan.start): ClocheError => {
	const {step, index, errno} = failure;
	const entry = stepOf(step);
	const name = entry?.name.toLowerCase().replace('_', ' ') ?? `step ${step}`;
	const op = index === undefined || !hasOperations(step) ? undefined : plan.create[index] ?? startOps[index - plan.create.length];
	const what = op === undefined ? entry?.doc ?? name
		: op.op === 'exec' ? `${name}: exec` : `${name}: ${nameOp(op)} (operation ${index})`;
	const where = failure.path === '' ? undefined : failure.path;
	return new ClocheError(what, {
		where,
		why: whyOf(failure, op),
		remedy: findRemedy({failure, op, plan}),
		step: name,
		op: op?.op,
		index,
		errno: errno === 0 ? undefined : errno,
		exitCode: op?.op === 'exec' && errno !== 0 ? exitCodeFor(errno) : EXIT_OURS,
	});
};
