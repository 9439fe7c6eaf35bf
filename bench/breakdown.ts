/** Where a run's time goes: its milestones, and each operation of its plan. It looks behind the library's door. */

import {uptime} from '../orchestrator/container/facts.js';
import {normalizeOptions} from '../orchestrator/container/normalize.js';
import {designContainer} from '../orchestrator/container/prepare.js';
import {runDesign} from '../orchestrator/container/run.js';
import {stateRoots} from '../orchestrator/container/store/roots.js';
import type {LaunchOptions} from '../orchestrator/helper/launch-options.js';
import type {Op} from '../orchestrator/helper/plan.js';
import {startSupervisor} from '../orchestrator/helper/start.js';
import type {Supervisor} from '../orchestrator/helper/supervisor.js';
import {nsinitPath, nsinitRemedy} from '../orchestrator/host/assets.js';
import {median, Samples} from './statistics.js';

/** Milliseconds, medians, in the order in which they come. */
export interface Step {
	name: string;
	milliseconds: number;
}

export interface Breakdown {
	/** From the call until each milestone. */
	milestones: Step[];
	/** Of each operation itself, as nsinit's clock has it. */
	operations: Step[];
}

const describe = (op: Op): string => {
	const kind = op.op === 'mount' ? `mount ${op.type}` : op.op;
	return 'target' in op ? `${kind} ${op.target}` : kind;
};

/** What the library does for `cloche.run('busybox', ['true'])`, with a clock beside it. */
const runOnce = async (supervisor: Supervisor, launch: LaunchOptions, reach: (milestone: string) => void): Promise<void> => {
	const roots = stateRoots();
	const spec = normalizeOptions('busybox', ['true'], {}, {label: String, cwd: process.cwd(), env: process.env, uptime: uptime()});
	const design = await designContainer(spec, roots);
	design.plan.streams = {stdin: 'null', stdout: 'pipe', stderr: 'pipe'};
	reach('designed: options, image, plan');
	const container = await runDesign(design, {roots, supervisor, launch});
	reach('sent: its place claimed on disk, CREATE written');
	const {launch: {streams, created, running}} = container;
	const {stdout, stderr} = await streams;
	stdout?.resume();
	stderr?.resume();

	reach('streams: pipes opened, START written');
	await created;
	reach('created: namespaces and root are there');
	await running;
	reach('running: the payload\'s exec happened');
	await container.outcome;
	reach('exited: the answer is there');
	await container.released;
	reach('released: nothing is left');
};

const toSteps = (samples: Samples, names: Iterable<string>): Step[] => [...names].map(name => ({name, milliseconds: median(samples.of(name))}));

export const measureBreakdown = async (rounds: number): Promise<Breakdown> => {
	// The library's own resident one is another: what is bundled here isn't the same module.
	const supervisor = startSupervisor({path: nsinitPath(), remedy: nsinitRemedy(), stdin: 'ignore', stdout: 'ignore', stderr: 'inherit', session: true});
	const [milestones, operations] = [new Samples(), new Samples()];
	const [reached, traced] = [new Set<string>(), new Map<string, string>()];
	try {
		for (let round = -10; round < rounds; round++) {
			const begin = performance.now();
			await runOnce(supervisor, {}, milestone => {
				reached.add(milestone);
				if (round >= 0) {
					milestones.record(milestone, performance.now() - begin);
				}
			});
			await runOnce(supervisor, {onTrace: ({index, op, nanoseconds}) => {
				// By its number: two of the same kind may be in one plan.
				const name = `${index}`;
				traced.set(name, describe(op));
				operations.record(name, nanoseconds / 1e6);
			}}, () => undefined);
		}
	} finally {
		await supervisor.close();
	}

	return {
		milestones: toSteps(milestones, reached),
		operations: toSteps(operations, traced.keys()).map(({name, milliseconds}) => ({name: traced.get(name) ?? name, milliseconds})),
	};
};
