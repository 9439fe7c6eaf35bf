/** `make bench`: measures, prints one table and leaves nothing behind. What it tells of is in docs/bench.md. */

import {writeFile} from 'node:fs/promises';
import {Scope} from '../orchestrator/base/scope.js';
import {measureBreakdown} from './breakdown.js';
import {commandSubjects} from './commands.js';
import {execSubjects} from './exec.js';
import type {Findings} from './findings.js';
import {flightSubjects, runMany} from './flight.js';
import {measureGrowth} from './growth.js';
import {growNode} from './large.js';
import {cloche} from './library.js';
import {measureLife} from './life.js';
import {describeMachine, describePeers, readMachine} from './machine.js';
import {measureMemory} from './memory.js';
import {measureNetwork} from './network/measure.js';
import {readOptions, USAGE, type BenchOptions} from './options.js';
import {findPeers} from './peers.js';
import {reportRows} from './report.js';
import {interleave} from './rounds.js';
import {enterOwnMounts} from './stage.js';
import {Samples} from './statistics.js';
import {librarySubject, peerSubjects} from './subjects.js';
import {formatTable} from './table.js';
import {openWorkshop, type Workshop} from './workshop.js';

const LARGE = 'large';
const RIVALS = ['bwrap', 'crun'];

/** A library that is resident has run before: V8 has compiled it by then. */
const WARM_UP = 100;

const say = (line: string): void => {
	process.stderr.write(`${line}\n`);
};

/** The parts in their order: memory is looked at while Node and the supervisor are fresh, and a Node that has grown stays so. */
const measure = async (findings: Findings, {rounds, starts, only}: BenchOptions, workshop: Workshop, signal: AbortSignal): Promise<void> => {
	const {peers, samples: {record}} = findings;
	const part = async (name: string, act: () => Promise<void>): Promise<void> => {
		signal.throwIfAborted();
		if (only === undefined || name.includes(only)) {
			say(`… ${name}`);
			await act();
		}
	};

	await part('memory', async () => {
		findings.memory = await measureMemory();
	});
	await part('rounds', async () => {
		await runMany(WARM_UP);
		const subjects = [librarySubject(), ...await commandSubjects(workshop), ...peers.flatMap(peer => peerSubjects(peer))];
		await interleave(subjects, rounds, record, signal);
	});
	await part('exec', async () => {
		const containers = new Scope();
		try {
			await interleave(await execSubjects(workshop, containers), rounds, record, signal);
		} finally {
			await containers.close();
		}
	});
	await part('flight', async () => interleave(flightSubjects(peers), Math.ceil(rounds / 3), record, signal));
	await part('growth', async () => {
		findings.growth = await measureGrowth(starts);
	});
	await part('breakdown', async () => {
		findings.breakdown = await measureBreakdown(rounds);
	});
	await part('life', async () => measureLife(workshop, rounds, record, signal));
	await part('network', async () => measureNetwork(findings, workshop, rounds, signal));
	await part('large', async () => {
		const held = growNode();
		const rivals = peers.filter(({id}) => RIVALS.includes(id));
		await interleave([librarySubject(LARGE), ...rivals.flatMap(peer => peerSubjects(peer, LARGE))], rounds, record, signal);
		// Used here, so that it isn't collected before.
		held.length = 0;
	});
};

const main = async (options: BenchOptions): Promise<void> => {
	const interrupted = new AbortController();
	for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
		process.on(name, () => {
			interrupted.abort(new Error(`ended by ${name}`));
		});
	}

	const machine = readMachine();
	const scope = new Scope();
	try {
		const workshop = await openWorkshop(scope);
		say('… peers');
		const findings: Findings = {machine, ...await findPeers(workshop), samples: new Samples()};
		await measure(findings, options, workshop, interrupted.signal);
		const about = [...describeMachine(machine), ...await describePeers(findings.peers, findings.absent)];
		process.stdout.write(`${about.join('\n')}\n${formatTable(reportRows(findings))}`);
		if (options.json !== undefined) {
			await writeFile(options.json, `${JSON.stringify(findings, undefined, '\t')}\n`);
		}
	} catch (error) {
		interrupted.signal.throwIfAborted(); // A Ctrl-C ends the programs, too: their words are none of its reason.
		throw error;
	} finally {
		await cloche.close();
		await scope.close();
	}
};

const start = async (): Promise<number> => {
	const options = readOptions(process.argv.slice(2), process.env);
	if (options === undefined) {
		process.stdout.write(USAGE);
		return 0;
	}

	const status = await enterOwnMounts();
	if (status === undefined) {
		await main(options);
	}

	return status ?? 0;
};

try {
	process.exitCode = await start();
} catch (error) {
	say(`bench: ${error instanceof Error ? error.message : String(error)}`);
	process.exitCode = 1;
}
