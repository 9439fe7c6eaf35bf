/** `--trace`: the steps as they were done, each with its time. */

import type {Op, Plan} from '../../helper/plan.js';
import {CREATE_HEADING, explainNamespaces, explainOp, START_HEADING} from '../explain.js';

const WIDTH = 9;

/** `1234567` → `' 1234.6 µs'`: one unit all the way down, so that the numbers can be compared by eye. */
const microseconds = (nanoseconds: number): string => `${(nanoseconds / 1000).toFixed(1).padStart(WIDTH)} µs  `;

/** Prints headings and steps through `print`, a line at a time. */
export class TracePrinter {
	readonly #plan: Plan;
	readonly #print: (lines: readonly string[]) => void;
	#sum = 0;

	constructor(plan: Plan, print: (lines: readonly string[]) => void) {
		this.#plan = plan;
		this.#print = print;
	}

	begin(): void {
		this.#print(explainNamespaces(this.#plan));
	}

	/** An operation was done. */
	step(index: number, op: Op, nanoseconds: number): void {
		if (index === 0) {
			this.#print(['', CREATE_HEADING]);
		} else if (index === this.#plan.create.length) {
			this.#print([`${microseconds(this.#sum)}together`, '', START_HEADING]);
		}

		this.#sum += nanoseconds;
		// execve doesn't come back to be timed.
		this.#print(explainOp(op, op.op === 'exec' ? ' '.repeat(WIDTH + 5) : microseconds(nanoseconds)));
	}

	/** @param milliseconds from the launch to the exit, as the orchestrator saw it */
	end(milliseconds: number): void {
		this.#print(['', `It ended ${milliseconds.toFixed(1)} ms after it was asked for.`]);
	}

	/** @param milliseconds from the launch until its supervisor has it */
	detached(milliseconds: number): void {
		this.#print(['', `It runs by itself, ${milliseconds.toFixed(1)} ms after it was asked for.`]);
	}
}
