/** What is told and written down of a launch that has something of networks. */

import {ClocheError} from '../base/errors.js';
import type {Launch} from '../helper/launch.js';
import type {LaunchOptions} from '../helper/launch-options.js';
import type {Design} from './prepare.js';
import type {StateRoots} from './store/roots.js';

/** What the machine's network had to be changed for, or lacks. */
export const warnOf = ({claimed}: Design, onWarning: LaunchOptions['onWarning']): void => {
	for (const warning of claimed?.warnings ?? []) {
		(onWarning ?? (({message}) => process.emitWarning(message, 'ClocheWarning')))(new ClocheError(warning));
	}
};

/** Until it is created, or never will be, what it hangs on is held for it. */
export const releaseWhenThere = (launch: Launch, {claimed}: Design): void => {
	if (claimed !== undefined) {
		launch.created.then(claimed.release, claimed.release);
	}
};

/** Write down the published ports of a launch that is created. */
export const notePorts = async (launch: Launch, {id, plan}: Design, roots: StateRoots): Promise<void> => {
	if (plan.ports !== undefined) {
		const {writePorts} = await import('./network/published.js');
		writePorts(roots, id, launch.ports);
	}
};
