/**
 * What the kernel holds of networks in a parent: bridges and rules, made when somebody needs them, gone with the parent. Whoever
 * calls this has the turn.
 */

import {hasLink, ipBatch} from '../host/ip.js';
import {applyRules} from '../host/nft.js';
import type {RunTool} from '../host/tool.js';
import {bridgeLines, removalLines} from './bridge.js';
import {NetworkTools} from './inside.js';
import {ensureKeeper, lacksWayOut} from './keeper.js';
import {noteReady, rootName} from './machine.js';
import {findKeeper, type HeldKeeper, holdKeeper, isRaised, keeperText} from './parent.js';
import type {NetworkRoots} from './places.js';
import type {NetworkRecord, ParentRecord} from './record.js';
import {rulesText} from './rules.js';

type DataRoot = Pick<NetworkRoots, 'data'>;

const inParent = (networks: readonly NetworkRecord[], name: string): NetworkRecord[] => networks.filter(({parent}) => parent?.name === name);

/** Somebody may have been killed while making or removing it. */
const stale = async (record: NetworkRecord, run: RunTool): Promise<string[]> => await hasLink(record.bridge, run) ? removalLines(record) : [];

/**
 * Have a network's parent, its bridge and its rules be there.
 *
 * @param others all networks that there are
 * @returns the parent's keeper, which doesn't end before it is let go of
 */
export const raise = async (roots: DataRoot, record: NetworkRecord, parent: ParentRecord, others: readonly NetworkRecord[]): Promise<{held: HeldKeeper; warnings: string[]}> => {
	const {held, isNew, lacking} = await ensureKeeper(roots, parent);
	const {keeper} = held;
	try {
		if (isRaised(roots, record, keeper)) {
			return {held, warnings: []};
		}

		await using tools = new NetworkTools();
		const run = tools.at(keeper);
		const raised = inParent(others, parent.name).filter(other => other.name !== record.name && isRaised(roots, other, keeper));
		await applyRules(rulesText([...raised, record], rootName(roots)), run);
		await ipBatch([...await stale(record, run), ...bridgeLines(record, rootName(roots))], run);
		noteReady(roots, record, keeperText(keeper));
		if (record.internal || !parent.outbound) {
			return {held, warnings: []};
		}

		// Another network's first container may have made the parent, and that network may have needed no way out.
		const warning = isNew ? lacking : await lacksWayOut(run);
		return {held, warnings: warning === undefined ? [] : [warning]};
	} catch (error) {
		held.release();
		throw error;
	}
};

/** The opposite, also of one that somebody was killed in making; where its parent is gone, it is done. */
const lower = async (roots: DataRoot, record: NetworkRecord, name: string, rest: readonly NetworkRecord[]): Promise<void> => {
	const held = holdKeeper(roots, name);
	try {
		if (held !== undefined) {
			await using tools = new NetworkTools();
			const run = tools.at(held.keeper);
			await ipBatch(await stale(record, run), run);
			await applyRules(rulesText(inParent(rest, name).filter(other => isRaised(roots, other, held.keeper)), rootName(roots)), run);
		}
	} catch (error) {
		// It was killed meanwhile, and took all of it along.
		if (findKeeper(roots, name) !== undefined) {
			throw error;
		}
	} finally {
		held?.release();
	}
};

/** Remove the bridges of networks in parents. */
export const lowerAll = async (roots: DataRoot, gone: readonly NetworkRecord[], rest: readonly NetworkRecord[]): Promise<void> => {
	for (const record of gone) {
		if (record.parent !== undefined) {
			await lower(roots, record, record.parent.name, rest);
		}
	}
};
