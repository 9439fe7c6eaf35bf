/** What labs there are. */

import {listNetworks} from '../../network/find.js';
import {USERS_PARENT} from '../../network/parent.js';
import {isUp, listContainers} from '../store/find.js';
import type {StateRoots} from '../store/roots.js';
import {LAB_LABEL} from './read.js';

export interface LabView {
	name: string;
	/** Names of networks. */
	networks: string[];
	/** How many containers there are, and how many of them run. */
	containers: number;
	running: number;
}

/** By name. */
export const listLabs = (roots: StateRoots): LabView[] => {
	const labs = new Map<string, LabView>();
	const labOf = (name: string): LabView => {
		const lab = labs.get(name) ?? {name, networks: [], containers: 0, running: 0};
		labs.set(name, lab);
		return lab;
	};

	for (const {name, parent} of listNetworks(roots).networks) {
		if (parent !== undefined && parent.name !== USERS_PARENT) {
			labOf(parent.name).networks.push(name);
		}
	}

	for (const {record, state} of listContainers(roots).containers) {
		const name = record.labels?.[LAB_LABEL];
		if (name !== undefined) {
			const lab = labOf(name);
			lab.containers++;
			lab.running += isUp(state) ? 1 : 0;
		}
	}

	return [...labs.values()].sort((one, other) => one.name < other.name ? -1 : 1);
};
