/** The journal: what happened to containers, a JSON line each, appended by whoever does it (docs/state.md). */

import {appendFileSync} from 'node:fs';
import {rotateJournal} from './journal.js';
import {eventsPath, type StateRoots} from './roots.js';

/** What is written here, as docker events calls it; supervisors write oom and health_status, too (helper-c/record.c). */
export type Action = 'create' | 'start' | 'die' | 'restart' | 'stop' | 'kill' | 'pause' | 'unpause' | 'rename' | 'destroy';

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
