/** The time of an operation, as the helper tells it. Pure: no I/O. */

import type {HelperEvent} from './events.js';
import {protocolError} from './frame-decoder.js';
import type {Trace} from './launch-options.js';
import type {Plan, StartOp} from './plan.js';

/** Throws what protocolError makes where there is no such operation. */
export const traceOf = ({index, nanoseconds}: Extract<HelperEvent, {type: 'traced'}>, plan: Plan, startOps: readonly StartOp[]): Trace => {
	const op = plan.create[index] ?? startOps[index - plan.create.length];
	if (op === undefined) {
		throw protocolError(`a trace of operation ${index}, which isn't in the plan`);
	}

	return {index, op, nanoseconds};
};
