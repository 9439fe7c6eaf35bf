/** The life of a container from its launch on, as a table: state × event → what is done, and the next state. */

export type State = 'creating' | 'running' | 'stopping' | 'killing' | 'ended';

export type Event =
	/** The payload's exec happened. */
	| 'running'
	/** A signal is to be passed on. */
	| 'signal'
	/** It is to end: asked first. */
	| 'stop'
	/** The time between asking and killing is over. */
	| 'overdue'
	/** It is to end at once. */
	| 'kill'
	/** The payload ended, or never ran. */
	| 'ended';

export type Action =
	| 'nothing'
	/** Keep signals until there is a payload. */
	| 'hold'
	/** Pass on those that were kept. */
	| 'release'
	| 'deliver'
	/** Send the stop signal and start the clock. */
	| 'ask'
	| 'kill';

export const transitions: Readonly<Record<State, Readonly<Record<Event, readonly [action: Action, next: State]>>>> = {
	creating: {
		running: ['release', 'running'],
		signal: ['hold', 'creating'],
		// Nothing runs yet that could be asked.
		stop: ['kill', 'killing'],
		overdue: ['nothing', 'creating'],
		kill: ['kill', 'killing'],
		ended: ['nothing', 'ended'],
	},
	running: {
		running: ['nothing', 'running'],
		signal: ['deliver', 'running'],
		stop: ['ask', 'stopping'],
		overdue: ['nothing', 'running'],
		kill: ['kill', 'killing'],
		ended: ['nothing', 'ended'],
	},
	stopping: {
		running: ['nothing', 'stopping'],
		signal: ['deliver', 'stopping'],
		stop: ['nothing', 'stopping'],
		overdue: ['kill', 'killing'],
		kill: ['kill', 'killing'],
		ended: ['nothing', 'ended'],
	},
	killing: {
		running: ['nothing', 'killing'],
		signal: ['nothing', 'killing'],
		stop: ['nothing', 'killing'],
		overdue: ['nothing', 'killing'],
		kill: ['nothing', 'killing'],
		ended: ['nothing', 'ended'],
	},
	ended: {
		running: ['nothing', 'ended'],
		signal: ['nothing', 'ended'],
		stop: ['nothing', 'ended'],
		overdue: ['nothing', 'ended'],
		kill: ['nothing', 'ended'],
		ended: ['nothing', 'ended'],
	},
};
