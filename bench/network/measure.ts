/** The part `network`: what a link costs a container, and what it carries. */

import {Scope} from '../../orchestrator/base/scope.js';
import type {Findings} from '../findings.js';
import {runMany} from '../flight.js';
import {interleave} from '../rounds.js';
import type {Workshop} from '../workshop.js';
import {connectSubjects} from './connect.js';
import {findEngines} from './engines.js';
import {openGround, type Ground} from './ground.js';
import {type Many, measureMany} from './many.js';
import {nameSubjects} from './names.js';
import {relaySubjects} from './relay.js';
import {flightSubjects, startSubjects} from './starts.js';
import {findLeft, takeStock} from './stock.js';

export interface NetworkFindings {
	many: Many;
	/** Links and tables of the machine that weren't there before. */
	left: string[];
}

/** A library that is resident has run before: V8 has compiled it by then. */
const WARM_UP = 100;

const measureOn = async (ground: Ground, scope: Scope, findings: Findings, workshop: Workshop, rounds: number, signal: AbortSignal): Promise<Many> => {
	const {samples: {record}} = findings;
	const engines = await findEngines(findings, workshop);
	const network = await ground.make('bench');
	const other = await ground.make('bench-other');
	signal.throwIfAborted();
	await runMany(WARM_UP, {door: ground.door, options: {network: network.name}});
	await interleave(startSubjects(ground, network, engines), rounds, record, signal);
	await interleave(flightSubjects(ground, network, engines), Math.ceil(rounds / 3), record, signal);
	await interleave(await connectSubjects(ground, network, other, scope), rounds, record, signal);
	await interleave(await nameSubjects(ground, network, scope), Math.ceil(rounds / 3), record, signal);
	await interleave(await relaySubjects(findings, ground, scope), Math.ceil(rounds / 5), record, signal);
	return measureMany(ground, signal);
};

/** Nothing is left of it when this is over, interrupted or not: what is, is told. */
export const measureNetwork = async (findings: Findings, workshop: Workshop, rounds: number, signal: AbortSignal): Promise<void> => {
	if (process.geteuid?.() !== 0) {
		findings.absent.push({id: 'networks', why: 'measured only as root: so are the peers with bridges, and the floor of a connect'});
		return;
	}

	const scope = new Scope();
	const ground = await openGround(workshop, scope);
	const before = await takeStock(ground.root);
	const left: string[] = [];
	try {
		const many = await measureOn(ground, scope, findings, workshop, rounds, signal);
		findings.network = {many, left};
	} finally {
		await scope.close();
		left.push(...await findLeft(ground.root, before));
		if (left.length > 0) {
			process.stderr.write(`! left: ${left.join(', ')}\n`);
		}
	}
};
