/** Reads and changes the faults of a container that runs: in its network namespace, which is all that knows of them. */

import {ClocheError} from '../../base/errors.js';
import {inTurn} from '../../base/turn.js';
import type {TargetProcess} from '../../helper/plan.js';
import {findTool} from '../../host/tool.js';
import {NFT} from '../../host/nft.js';
import {type NetworkTools, TC} from '../inside.js';
import {type Faults, onLinks} from './model.js';
import {lacksQueue, parseQueues, queueLines, removalLine} from './queues.js';
import {faultRules, parseFaults, PLACES, TABLE} from './rules.js';

export interface LinkOnNetwork {
	link: string;
	network: string;
	/** Bytes. */
	mtu: number;
}

/** A container that runs, and is on networks. */
export interface End {
	id: string;
	/** What the user calls it. */
	name: string;
	init: TargetProcess;
	links: LinkOnNetwork[];
	addresses: string[];
	/** Whose turn it is to change its faults. */
	turn: string;
}

const NO_NETEM = 'CONFIG_NET_SCH_NETEM (the module sch_netem)';

const cannot = (end: End, why: string, remedy?: string): ClocheError => new ClocheError('cannot make the fault', {where: end.name, why, remedy});

const said = (words: string): string => /Error: (.*)/.exec(words)?.[1] ?? words.split('\n')[0] ?? '';

export const readFaults = async (tools: NetworkTools, end: End): Promise<Faults> => {
	const {code, output, words} = await tools.run(NFT, end.init, ['list', 'table', ...TABLE]);
	if (code !== 0 && !words.includes('No such file or directory')) {
		throw new ClocheError('cannot read the faults', {where: end.name, why: said(words)});
	}

	return parseFaults(code === 0 ? output : undefined);
};

const linesOf = (faults: Faults, {links}: End): string[] => links.flatMap(({link, mtu}) => queueLines(faults, link, mtu));

const replaceQueues = async (tools: NetworkTools, end: End, lines: readonly string[]): Promise<string | undefined> => {
	const {output} = await tools.run(TC, end.init, ['qdisc', 'show']);
	const all = [...parseQueues(output).map(link => removalLine(link)), ...lines];
	if (all.length === 0) {
		return undefined;
	}

	const {code, words} = await tools.run(TC, end.init, ['-batch', '-'], `${all.join('\n')}\n`);
	return code === 0 ? undefined : words;
};

/** Links' queues can't be changed at once with the rules: they come first, so that what the rules tell of is there. */
const changeQueues = async (tools: NetworkTools, end: End, before: Faults, after: Faults): Promise<void> => {
	const words = await replaceQueues(tools, end, linesOf(after, end));
	if (words === undefined) {
		return;
	}

	await replaceQueues(tools, end, linesOf(before, end));
	const delayed = after.degradations.some(({delay}) => delay !== undefined);
	throw delayed && lacksQueue(words)
		? cannot(end, 'this kernel can\'t delay packets: it has no netem', `use one with ${NO_NETEM}, or do without --delay`)
		: cannot(end, `tc: ${said(words)}`);
};

const changeRules = async (tools: NetworkTools, end: End, faults: Faults): Promise<void> => {
	const links = end.links.map(({link}) => link);
	let first: string | undefined;
	for (const place of PLACES) {
		const {code, words} = await tools.run(NFT, end.init, ['-f', '-'], faultRules(faults, links, place));
		if (code === 0) {
			return;
		}

		first ??= words;
	}

	throw cannot(end, `nft: ${said(first ?? '')}`);
};

/**
 * Change them as one; two who do so wait for each other.
 *
 * @returns what they were
 * @throws ClocheError where it can't be; they are as before, then
 */
export const changeFaults = async (tools: NetworkTools, end: End, change: (faults: Faults) => Faults): Promise<Faults> => inTurn(end.turn, async () => {
	const before = await readFaults(tools, end);
	const after = onLinks(change(before), end.links.map(({link}) => link));
	const slowed = linesOf(before, end).join('\n') !== linesOf(after, end).join('\n');
	if (slowed) {
		await changeQueues(tools, end, before, after);
	}

	try {
		await changeRules(tools, end, after);
	} catch (error) {
		if (slowed) {
			await changeQueues(tools, end, after, before);
		}

		throw error;
	}

	return before;
});

/** Take all of them away, and what somebody who was killed left of one. */
export const clearFaults = async (tools: NetworkTools, end: End): Promise<void> => inTurn(end.turn, async () => {
	if (findTool(TC) !== undefined) {
		const words = await replaceQueues(tools, end, []);
		if (words !== undefined) {
			throw new ClocheError('cannot take the faults away', {where: end.name, why: `tc: ${said(words)}`});
		}
	}

	await changeRules(tools, end, parseFaults(undefined));
});
