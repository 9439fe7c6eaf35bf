/** The turns of a container in the foreground, in the journal: of one that is written down, and from then on. */

import type {Exit} from '../helper/events.js';
import {type Action, appendEvent, type EventSubject, subjectOf} from './store/events.js';
import type {ContainerRecord} from './store/record.js';
import type {StateRoots} from './store/roots.js';

export class Journal {
	readonly #roots: StateRoots;
	#subject: EventSubject | undefined;
	#runs = false;

	constructor(roots: StateRoots) {
		this.#roots = roots;
	}

	/** It may run already. */
	created(record: ContainerRecord): void {
		this.#subject = subjectOf(record);
		this.#tell('create');
		if (this.#runs) {
			this.#tell('start');
		}
	}

	started(): void {
		this.#runs = true;
		this.#tell('start');
	}

	ended({code, signal}: Exit): void {
		this.#tell('die', code === undefined ? {signal} : {exitCode: code});
	}

	destroyed(): void {
		this.#tell('destroy');
	}

	#tell(action: Action, more?: Readonly<Record<string, unknown>>): void {
		if (this.#subject !== undefined) {
			appendEvent(this.#roots, action, this.#subject, more);
		}
	}
}
