/** A container that runs, as what another process needs to enter it. */

import {ClocheError} from '../base/errors.js';
import {isAlive} from '../base/process.js';
import type {Launch} from '../helper/launch.js';
import type {Plan, TargetProcess} from '../helper/plan.js';
import {foreignMaps} from '../host/user-namespace.js';
import {specOf} from './spec-json.js';
import type {ContainerSpec} from './spec.js';
import type {ContainerState, FoundContainer} from './store/find.js';

export interface Entrance {
	id: string;
	/** The image's name. */
	image: string;
	spec: ContainerSpec;
	/** Of its user namespace, if it has one of its own. */
	userMap: Plan['userMap'];
	cgroups: readonly string[];
	/** Its init: of the same supervisor, or by who it is. */
	target: Launch | TargetProcess;
}

const remedyOf = (state: ContainerState, keep: boolean): string | undefined => {
	switch (state) {
		case 'paused': return 'cloche unpause lets it go on';
		case 'restarting': return 'its restart policy starts it again in a moment';
		// What isn't kept is about to be gone.
		default: return keep ? 'cloche start starts it' : undefined;
	}
};

/**
 * The entrance of a container of the store, whoever keeps it.
 *
 * @throws ClocheError where it doesn't run, or is paused
 */
export const findEntrance = ({record, state, init}: FoundContainer): Entrance => {
	const name = record.name ?? record.id;
	if (state !== 'running') {
		throw new ClocheError('the container isn\'t running', {where: name, why: `it is ${state}`, remedy: remedyOf(state, record.keep)});
	}

	if (init === undefined || !isAlive(init)) {
		throw new ClocheError('the container isn\'t running', {where: name, why: 'its process has ended'});
	}

	return {
		id: record.id,
		image: record.image,
		spec: specOf(record),
		userMap: foreignMaps(init.pid),
		cgroups: record.cgroups ?? [],
		target: {pid: init.pid, start: init.start},
	};
};
