/** Who answers for a container: identities for its claim. */

import {ClocheError} from '../base/errors.js';
import {identify, type ProcessIdentity} from '../base/process.js';
import type {Plan} from '../helper/plan.js';
import type {Supervisor} from '../helper/supervisor.js';

const identities = new WeakMap<Supervisor, ProcessIdentity>();

/** Read once: a resident one is asked at every start. `undefined` where it is gone. */
export const identifySupervisor = (supervisor: Supervisor): ProcessIdentity | undefined => {
	const identity = identities.get(supervisor) ?? identify(supervisor.pid);
	if (identity !== undefined) {
		identities.set(supervisor, identity);
	}

	return identity;
};

/** The same; throws why there is none, which a launch knows. */
export const requireSupervisor = async (supervisor: Supervisor, plan: Plan): Promise<ProcessIdentity> => {
	const identity = identifySupervisor(supervisor);
	if (identity !== undefined) {
		return identity;
	}

	await supervisor.launch(plan).running;
	throw new ClocheError('cannot start nsinit', {why: 'it ended at once'});
};

/** Ours. */
export const ownIdentity = (): ProcessIdentity => {
	const self = identify(process.pid);
	if (self === undefined) {
		throw new ClocheError('cannot tell who we are', {where: `/proc/${process.pid}/stat`, remedy: 'mount /proc'});
	}

	return self;
};
