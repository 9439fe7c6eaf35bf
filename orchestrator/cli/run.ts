/** `cloche run`. */

import {constants} from 'node:os';
import {describeError} from '../base/errors.js';
import {uptime} from '../container/facts.js';
import {exitStatus, type Lifecycle} from '../container/lifecycle.js';
import {normalizeOptions} from '../container/normalize.js';
import type {RunOptions} from '../container/options/run-options.js';
import {type Design, designContainer, foreseeRemoval} from '../container/prepare.js';
import {runDesign} from '../container/run.js';
import type {ContainerSpec} from '../container/spec.js';
import {collectGarbage} from '../container/store/gc.js';
import {stateRoots, type StateRoots} from '../container/store/roots.js';
import type {Supervisor} from '../helper/supervisor.js';
import type {Command, CommandValues} from './commands.js';
import {print, printAside, warn} from './output.js';
import {runTable} from './run-table.js';
import {startCommandSupervisor} from './supervisor.js';

/** `stop-signal` → `stopSignal`, as the library calls it. */
const toCamel = (name: string): string => name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());

const toDashes = (name: string): string => name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`);

/** Those of the table that aren't about the container. */
const OURS = new Set(['explain', 'trace', 'root', 'help']);

/** The table's names are the library's in dashes, and its types are checked by the parser: text, lists of text, true and false. */
const optionsOf = (values: CommandValues): RunOptions =>
	Object.fromEntries(Object.entries(values).filter(([name]) => !OURS.has(name)).map(([name, value]) => [toCamel(name), value]));

const readSpec = (operands: readonly string[], values: CommandValues): ContainerSpec => {
	const options = optionsOf(values);
	const rest = options.rootfs === undefined ? operands.slice(1) : operands;
	return normalizeOptions(options.rootfs === undefined ? operands[0] : undefined, rest, options, {
		label: option => `--${toDashes(option)}`,
		cwd: process.cwd(),
		env: process.env,
		uptime: uptime(),
	});
};

/** Those that a process gets from its user or its shell, and that mean the payload. */
const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;

/** Take them for the payload: kept until it is known to whom they go. */
class SignalForwarder {
	#early: number[] = [];
	#lifecycle: Lifecycle | undefined;

	begin(): void {
		for (const name of FORWARDED) {
			process.on(name, () => {
				this.#take(constants.signals[name]);
			});
		}
	}

	sendTo(lifecycle: Lifecycle): void {
		this.#lifecycle = lifecycle;
		for (const signal of this.#early) {
			lifecycle.signal(signal);
		}
	}

	#take(signal: number): void {
		if (this.#lifecycle === undefined) {
			this.#early.push(signal);
		} else {
			this.#lifecycle.signal(signal);
		}
	}
}

const design = async (spec: ContainerSpec, roots: StateRoots, interactive: boolean): Promise<Design> => {
	const designed = await designContainer(spec, roots);
	designed.plan.streams.stdin = interactive ? 0 : 'null';
	return designed;
};

const explain = async (designed: Design, roots: StateRoots): Promise<number> => {
	const {explainPlan} = await import('../container/explain.js');
	print(explainPlan({...designed.plan, remove: foreseeRemoval(designed, roots)}));
	return 0;
};

/** Prints each step to standard error as it is reported. */
const makeTracer = async ({plan}: Design) => {
	const {TracePrinter} = await import('../container/explain/trace.js');
	return new TracePrinter(plan, lines => {
		printAside(`${lines.join('\n')}\n`);
	});
};

const runToEnd = async (designed: Design, roots: StateRoots, supervisor: Supervisor, trace: boolean): Promise<number> => {
	const tracer = trace ? await makeTracer(designed) : undefined;
	tracer?.begin();
	const before = uptime();
	const signals = new SignalForwarder();
	const {lifecycle, outcome, released} = await runDesign(designed, {
		roots,
		supervisor,
		// Not before: until then a signal ends us, and there is nobody else. Nor later: a payload can be quicker than we are.
		onLaunch: () => {
			signals.begin();
		},
		launch: {
			onWarning: warning => {
				warn(warning.message);
			},
			...(tracer === undefined ? {} : {onTrace: ({index, op, nanoseconds}) => {
				tracer.step(index, op, nanoseconds);
			}}),
		},
		onTimeout: () => {
			warn(`stopped by --timeout after ${(designed.spec.timeout ?? 0) / 1000} s`);
		},
	});
	signals.sendTo(lifecycle);
	// While the helper is at work: this is one readdir unless somebody died.
	for (const problem of collectGarbage(roots).problems) {
		warn(problem.message);
	}

	try {
		const ended = await outcome;
		tracer?.end(Number(uptime() - before) / 1e6);
		return exitStatus(ended);
	} finally {
		// How the payload ended is what was asked; that something of it couldn't be removed or written down is told beside it.
		await released.catch((error: unknown) => {
			warn(describeError(error));
		});
	}
};

const main: Command['main'] = async (operands, values, globals) => {
	const roots = stateRoots({root: globals.root});
	const spec = readSpec(operands, values);
	const interactive = values['interactive'] === true;
	if (values['explain'] === true) {
		return explain(await design(spec, roots, interactive), roots);
	}

	// Started before anything is looked up, so that its exec and our reading overlap.
	const supervisor = await startCommandSupervisor();
	return runToEnd(await design(spec, roots, interactive), roots, supervisor, values['trace'] === true);
};

export const run: Command = {table: runTable, main};
