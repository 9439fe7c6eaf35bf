/** The life of a channel: state × event. Pure: no I/O. */

import type {HelperEvent} from './events.js';
import {protocolError} from './frame-decoder.js';

export type LaunchState = 'linking' | 'linked' | 'creating' | 'created' | 'running' | 'exited' | 'restarted' | 'failed' | 'released';

/** State × event: what is not here breaks the protocol. */
const transitions: Readonly<Record<LaunchState, Partial<Record<HelperEvent['type'], LaunchState>>>> = {
	// Links for a container that runs: there is no process of its own.
	linking: {created: 'linked', error: 'failed'},
	linked: {released: 'released'},
	creating: {streams: 'creating', published: 'creating', created: 'created', error: 'failed', warning: 'creating', traced: 'creating', held: 'creating'},
	created: {running: 'running', error: 'failed', exited: 'exited', warning: 'created', traced: 'created', held: 'created'},
	running: {exited: 'exited', error: 'failed', warning: 'running', traced: 'running'},
	exited: {released: 'released', warning: 'exited'},
	// By its restart policy; what becomes of later runs isn't the launch's, which is the first.
	restarted: {published: 'restarted', created: 'restarted', running: 'restarted', exited: 'restarted', error: 'restarted', released: 'released', warning: 'restarted', traced: 'restarted', held: 'restarted'},
	// After an error, and after one of ours (a stream that couldn't be opened), what was on its way still arrives.
	failed: {released: 'released', streams: 'failed', published: 'failed', created: 'failed', running: 'failed', error: 'failed', exited: 'failed', warning: 'failed', traced: 'failed', held: 'failed'},
	released: {},
};

/** The state after `event`. Throws what protocolError makes where it may not come now. */
export const nextState = (state: LaunchState, event: HelperEvent, channel: number): LaunchState => {
	const next = transitions[state][event.type];
	if (next === undefined) {
		throw protocolError(`the event ${event.type} on channel ${channel}, which is ${state}`);
	}

	return event.type === 'exited' && event.exit.again === true ? 'restarted' : next;
};
