/** The journal: what happened to containers, a JSON line each, appended by whoever does it (docs/state.md). */

import {appendFileSync} from 'node:fs';
import {rotateJournal} from './journal.js';
import {eventsPath, type StateRoots} from './roots.js';

/** As docker events calls them; the supervisor writes start, die, oom, restart, health_status and, with --rm, destroy. */
export type Action = 'create' | 'start' | 'die' | 'oom' | 'restart' | 'health_status' | 'stop' | 'kill' | 'pause' | 'unpause' | 'rename' | 'exec_create' | 'attach' | 'destroy';

/** Whom it is about: the same members in every line of one container. */
export interface EventSubject {
	id: string;
	name?: string;
	image: string;
	labels?: Readonly<Record<string, string>>;
}

/** Whom an event of this container is about. */
export const subjectOf = ({id, name, image, labels}: EventSubject): EventSubject =>
	({id, ...(name === undefined ? {} : {name}), image, ...(labels === undefined ? {} : {labels})});

/**
 * Write a line. O_APPEND makes one write one piece, however many write at once (open(2)).
 * The journal tells; nothing hangs on it. So a full disk doesn't stop what it tells of, and `false` is returned.
 */
export const appendEvent = (roots: StateRoots, action: Action, subject: EventSubject, more: Readonly<Record<string, unknown>> = {}): boolean => {
	try {
		appendFileSync(eventsPath(roots), `${JSON.stringify({time: new Date().toISOString(), action, ...subject, ...more})}\n`, {mode: 0o600});
		rotateJournal(roots);
		return true;
	} catch {
		return false;
	}
};
