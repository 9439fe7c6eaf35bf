/** `cloche run`. */

import {describeError} from '../base/errors.js';
import type {TracePrinter} from '../container/explain/trace.js';
import {uptime} from '../container/facts.js';
import {exitStatus} from '../container/lifecycle.js';
import {type Design, designContainer, foreseeRemoval} from '../container/prepare.js';
import {runDesign} from '../container/run.js';
import {planServedStreams} from '../container/service.js';
import type {ContainerSpec} from '../container/spec.js';
import {tidyAll} from '../container/store/networks.js';
import {stateRoots, type StateRoots} from '../container/store/roots.js';
import {cgroupsFor} from '../host/cgroup.js';
import type {LaunchOptions} from '../helper/launch-options.js';
import type {Plan} from '../helper/plan.js';
import type {Supervisor} from '../helper/supervisor.js';
import {claimCidFile} from './cid-file.js';
import type {Command} from './commands.js';
import {print, printAside, warn} from './output.js';
import {runTable} from './run-table.js';
import {SignalForwarder} from './signals.js';
import {readSpec} from './spec.js';
import {startCommandSupervisor, startLastingSupervisor} from './supervisor.js';

const design = async (spec: ContainerSpec, roots: StateRoots): Promise<Design> => {
	const designed = await designContainer(spec, roots);
	if (spec.detach) {
		planServedStreams(designed.plan, spec);
		designed.plan.cgroups = cgroupsFor(designed.id, roots.data);
	} else {
		designed.plan.streams.stdin = spec.interactive ? 0 : 'null';
	}

	return designed;
};

/** With what will be claimed of networks, as far as it is known. */
const foreseen = async (designed: Design): Promise<Plan> => {
	if (designed.spec.network === undefined) {
		return designed.plan;
	}

	const {foresee} = await import('../container/network/claim.js');
	const {create, ports} = designed.wire(foresee(designed));
	return {...designed.plan, create, ...(ports === undefined ? {} : {ports})};
};

const explain = async (designed: Design, roots: StateRoots): Promise<number> => {
	const {explainPlan} = await import('../container/explain.js');
	print(explainPlan({...await foreseen(designed), remove: foreseeRemoval(designed, roots)}));
	return 0;
};

/** Prints each step to standard error as it is reported. */
const makeTracer = async ({plan}: Design): Promise<TracePrinter> => {
	const {TracePrinter} = await import('../container/explain/trace.js');
	return new TracePrinter(plan, lines => {
		printAside(`${lines.join('\n')}\n`);
	});
};

const hearersOf = (tracer: TracePrinter | undefined): Pick<LaunchOptions, 'onWarning' | 'onTrace'> => ({
	onWarning: warning => {
		warn(warning.message);
	},
	...(tracer === undefined ? {} : {onTrace: ({index, op, nanoseconds}) => {
		tracer.step(index, op, nanoseconds);
	}}),
});

/** While the helper is at work: this is one readdir and two looks unless somebody died. */
const tidy = async (roots: StateRoots): Promise<void> => {
	for (const problem of await tidyAll(roots)) {
		warn(problem.message);
	}
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
		launch: hearersOf(tracer),
		onTimeout: () => {
			warn(`stopped by --timeout after ${(designed.spec.timeout ?? 0) / 1000} s`);
		},
	});
	signals.sendTo(lifecycle);
	const tidied = tidy(roots);
	tidied.catch(() => undefined); // Marks it as handled; it is awaited below.

	try {
		const ended = await outcome;
		tracer?.end(Number(uptime() - before) / 1e6);
		return exitStatus(ended);
	} finally {
		// How the payload ended is what was asked; that something of it couldn't be removed or written down is told beside it.
		await released.catch((error: unknown) => {
			warn(describeError(error));
		});
		await tidied;
	}
};

const runDetached = async (spec: ContainerSpec, roots: StateRoots, trace: boolean): Promise<string> => {
	const supervisor = await startLastingSupervisor();
	const designed = await design(spec, roots);
	const tracer = trace ? await makeTracer(designed) : undefined;
	const {startDetached} = await import('../container/detached.js');
	tracer?.begin();
	const before = uptime();
	const {id} = await startDetached(designed, {roots, supervisor, launch: hearersOf(tracer)});
	tracer?.detached(Number(uptime() - before) / 1e6);
	await tidy(roots);
	return id;
};

const main: Command['main'] = async (operands, values, globals) => {
	const roots = stateRoots({root: globals.root});
	const spec = readSpec(operands, values);
	if (values['explain'] === true) {
		return explain(await design(spec, roots), roots);
	}

	const cidFile = claimCidFile(values['cidfile']);
	const trace = values['trace'] === true;
	try {
		if (spec.detach) {
			const id = await runDetached(spec, roots, trace);
			cidFile?.write(id);
			print(`${id}\n`);
			return 0;
		}

		// Started before anything is looked up, so that its exec and our reading overlap.
		const supervisor = await startCommandSupervisor();
		const designed = await design(spec, roots);
		cidFile?.write(designed.id);
		return await runToEnd(designed, roots, supervisor, trace);
	} catch (error) {
		cidFile?.remove();
		throw error;
	}
};

export const run: Command = {table: runTable, main};
