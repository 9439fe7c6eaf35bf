/** What the machine has of networks, before and after: nothing may be left. */

import {setTimeout as sleep} from 'node:timers/promises';
import {rootName} from '../../orchestrator/network/machine.js';
import {tryCommand} from '../spawn.js';

interface Link {
	ifname: string;
	ifalias?: string;
	master?: string;
}

/** Whether it is of another state root's: somebody else works on this machine. */
const isForeign = (link: Link, links: readonly Link[], root: string): boolean => {
	const bridge = links.find(({ifname}) => ifname === link.master) ?? link;
	return bridge.ifalias?.startsWith('cloche:') === true && !bridge.ifalias.startsWith(`cloche:${rootName({data: root})}:`);
};

/** Links, tables of rules, and whether packets are forwarded; those of other state roots left out. */
export const takeStock = async (root: string): Promise<Set<string>> => {
	const links = JSON.parse(await tryCommand(['ip', '-json', 'link'])) as Link[];
	const own = links.filter(link => !isForeign(link, links, root));
	const tables = (await tryCommand(['nft', 'list', 'tables'])).split('\n').filter(line => line !== '');
	const ours = `table inet cloche_${rootName({data: root})}`;
	return new Set([
		...own.map(({ifname}) => `link ${ifname}`),
		...tables.filter(table => !table.startsWith('table inet cloche_') || table === ours),
	]);
};

/** The kernel ends network namespaces, and with them their links, in its own time. */
const PATIENCE_MS = 10_000;
const PAUSE_MS = 100;

/** Calls `look` until it finds nothing, or patience ends. */
export const untilNothing = async (look: () => Promise<string[]>): Promise<string[]> => {
	for (const begin = performance.now(); ;) {
		const left = await look();
		if (left.length === 0 || performance.now() - begin > PATIENCE_MS) {
			return left;
		}

		await sleep(PAUSE_MS);
	}
};

/** What is there now and wasn't in `before`. */
export const findLeft = async (root: string, before: ReadonlySet<string>): Promise<string[]> =>
	untilNothing(async () => [...await takeStock(root)].filter(thing => !before.has(thing)));
