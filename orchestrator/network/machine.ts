/**
 * What the kernel holds of networks on this machine itself: bridges, a table of rules, forwarding. Whoever calls this has the turn (places.ts), and has
 * written down what he is at.
 */

import {rmSync, symlinkSync} from 'node:fs';
import {ClocheError} from '../base/errors.js';
import {hash} from '../base/hash.js';
import {bootId} from '../base/process.js';
import {ipBatch} from '../host/ip.js';
import {isForwarding, isForwarding6, linkExists, listLinks, setForwarding} from '../host/links.js';
import {applyRules, listRules} from '../host/nft.js';
import {CAP_NET_ADMIN, ownCapabilities} from '../host/privilege.js';
import {bridgeLines, isBridge, removalLines} from './bridge.js';
import {foreignDrops} from './foreign.js';
import {networkDirectory, type NetworkRoots, linkText, readyPath} from './places.js';
import {type NetworkRecord, rangesOf} from './record.js';
import {rulesText, SWITCHED, switchedText, unswitchedText} from './rules.js';

type DataRoot = Pick<NetworkRoots, 'data'>;

/** Whether we may change networks of this machine. */
export const mayChange = (): boolean => (ownCapabilities() & CAP_NET_ADMIN) !== 0n;

/** @throws ClocheError where we may not, but have to */
export const requirePrivilege = (): void => {
	if (!mayChange()) {
		throw new ClocheError('cannot change networks', {why: 'it needs the privilege over this machine\'s network (CAP_NET_ADMIN)', remedy: 'do it as root'});
	}
};

/** Whether it was made since this boot, whole, and nobody has removed its bridge. */
export const isUpHere = (roots: DataRoot, {name, bridge}: NetworkRecord): boolean =>
	linkText(readyPath(networkDirectory(roots, name))) === bootId() && linkExists(bridge);

/** Write down when a network's bridge was made: in which boot, or in which parent's life. */
export const noteReady = (roots: DataRoot, {name}: NetworkRecord, when: string): void => {
	const ready = readyPath(networkDirectory(roots, name));
	rmSync(ready, {force: true});
	symlinkSync(when, ready);
};

/** Those whose bridges are this machine's. */
const onlyHere = (networks: readonly NetworkRecord[]): NetworkRecord[] => networks.filter(({parent}) => parent === undefined);

/** Names a state root among those that this machine may have. */
export const rootName = ({data}: DataRoot): string => hash(data);

/** What somebody who makes a network wants to know of the machine: nothing of it is an error. */
const warningsOf = async (record: NetworkRecord, switched: boolean): Promise<string[]> => {
	const warnings = switched ? ['IPv4 forwarding was off and has been switched on, since containers reach the world through this machine; it goes off again with the last network'] : [];
	if (!record.internal && rangesOf(record).some(({subnet}) => subnet.family === 6) && !isForwarding6()) {
		warnings.push('IPv6 doesn\'t leave this machine, as its forwarding is off; sysctl -w net.ipv6.conf.all.forwarding=1 switches it on (and makes this machine ignore router advertisements, unless accept_ra is 2)');
	}

	return record.internal ? warnings : [...warnings, ...await foreignDrops()];
};

/**
 * The rules of a network that is to be made, beside those that there are. All or nothing: where it throws, nothing was changed.
 *
 * @returns whether forwarding has to be switched on, which is in the rules by now
 */
export const prepareRules = async (roots: DataRoot, record: NetworkRecord, others: readonly NetworkRecord[]): Promise<boolean> => {
	const switched = !record.internal && !isForwarding();
	await applyRules(`${rulesText([...onlyHere(others), record], rootName(roots))}${switched ? switchedText : ''}`);
	return switched;
};

/**
 * Make a network's bridge, after its rules.
 *
 * @param switched what {@link prepareRules} returned
 * @returns what is to be said about it
 */
export const bringUp = async (roots: DataRoot, record: NetworkRecord, switched: boolean): Promise<string[]> => {
	if (switched) {
		setForwarding(true);
	}

	// Before the bridge is half made, and we may be killed: then nobody must take it for whole because it was, in this very boot.
	rmSync(readyPath(networkDirectory(roots, record.name)), {force: true});
	const stale = linkExists(record.bridge) ? removalLines(record) : [];
	await ipBatch([...stale, ...bridgeLines(record, rootName(roots))]);
	noteReady(roots, record, bootId());
	return warningsOf(record, switched);
};

/** One that is gone by the time that ip comes to it is fine; ip leaves the rest then. */
const removeBridges = async (bridges: readonly string[]): Promise<void> => {
	for (let left = bridges.filter(bridge => linkExists(bridge)); left.length > 0;) {
		try {
			await ipBatch(left.flatMap(bridge => removalLines({bridge})));
			return;
		} catch (error) {
			const still = left.filter(bridge => linkExists(bridge));
			if (still.length === left.length) {
				throw error;
			}

			left = still;
		}
	}
};

/** Forwarding goes off if we switched it on, and no bridge of ours is left, of whatever state root. */
const restoreForwarding = async (): Promise<void> => {
	if (listLinks().some(link => isBridge(link))) {
		return;
	}

	const tables = await listRules('list', 'tables') ?? '';
	if (tables.split('\n').includes(`table inet ${SWITCHED}`)) {
		setForwarding(false);
		await applyRules(unswitchedText);
	}
};

/**
 * Remove bridges, and have the rules be those of the networks that stay.
 *
 * @param bridges those that aren't there any more are fine
 */
export const takeDown = async (roots: DataRoot, bridges: readonly string[], rest: readonly NetworkRecord[]): Promise<void> => {
	await removeBridges(bridges);
	await applyRules(rulesText(onlyHere(rest), rootName(roots)));
	await restoreForwarding();
};
