/** What a container has changed of its image. */

import {existsSync} from 'node:fs';
import {ClocheError} from '../../base/errors.js';
import {machineFacts} from '../facts.js';
import {specOf} from '../spec-json.js';
import type {ContainerSpec} from '../spec.js';
import type {FoundContainer} from '../store/find.js';
import {type Entry, readBranch} from './branch.js';
import {type Change, compareBranch} from './compare.js';
import {childrenOf, type Lower, rootOf} from './lowers.js';

/** Where we mount something of our own, so that what lies there in the branch is nothing but a place. */
const mountsOf = ({mounts, root, linux, network}: ContainerSpec): Set<string> => new Set([
	'/proc', '/sys', '/dev',
	...(root.image === 'host' || root.path === '/' ? ['/run'] : []),
	...(network === undefined ? linux.namespaces.network === 'host' && root.image !== 'host' && root.path !== '/' ? ['/etc/resolv.conf', '/etc/hosts'] : [] : ['/etc/hosts', '/etc/hostname', '/etc/resolv.conf']),
	...mounts.map(({destination}) => destination),
]);

/**
 * A root that was put together from parts (storage/parts.ts): a branch for each of some directories, and a skeleton that holds
 * them. What the skeleton lacks was removed; its other directories show nothing of the machine's, so all in them is new.
 */
const readParts = async (directory: string, driver: string, lowers: Lower): Promise<{branch: Entry; apart: Map<string, Entry>}> => {
	const branch = await readBranch(`${directory}/upper`, driver);
	const skeleton = await readBranch(`${directory}/root`, 'copy');
	const apart = new Map<string, Entry>();
	for (const [name, entry] of skeleton.children) {
		if (!childrenOf(lowers).has(name)) {
			branch.children.set(name, entry);
		} else if (!branch.children.has(name) && entry.type === 'd') {
			apart.set(name, entry);
		}
	}

	for (const name of childrenOf(lowers).keys()) {
		if (!skeleton.children.has(name)) {
			branch.children.set(name, {...skeleton, children: new Map(), type: 'c', whiteout: true});
		}
	}

	return {branch, apart};
};

/**
 * By path. It may run; then what changes meanwhile may be in it or not.
 *
 * @throws ClocheError where its branch is in memory
 */
export const diffContainer = async ({record, directory}: FoundContainer): Promise<Change[]> => {
	const upper = `${directory}/upper`;
	if (!existsSync(upper)) {
		throw new ClocheError('what the container has changed can\'t be seen from here', {
			where: record.id, why: 'its writable branch is in memory, and only its own mount namespace sees that', remedy: 'run it with --branch disk, or with a name; cloche export works as it is',
		});
	}

	const lowers = rootOf(record.lowers);
	const {branch, apart} = existsSync(`${directory}/root`) ? await readParts(directory, record.driver, lowers)
		: {branch: await readBranch(upper, record.driver), apart: new Map<string, Entry>()};
	return compareBranch(branch, {lowers, apart, mounts: mountsOf(specOf(record)), whole: record.driver === 'copy', owners: machineFacts().privileged});
};
