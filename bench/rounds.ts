/** Interleaved rounds: whatever the machine does meanwhile, it does to all. */

import {setTimeout as sleep} from 'node:timers/promises';
import type {Record} from './statistics.js';

export interface Subject {
	name: string;
	/** Takes its turn only in every such round, being slow. */
	every: number;
	/** One turn. */
	measure: (record: Record) => Promise<void>;
}

/**
 * Between two turns: the kernel ends network namespaces after their last process, one batch at a time, and what one subject
 * leaves to be done must not be done on the next one's time.
 */
const PAUSE_MS = 20;

/** In another order each time, so that nobody always comes after the same one. */
const shuffle = <Item>(items: readonly Item[]): Item[] => {
	const shuffled = [...items];
	for (let last = shuffled.length - 1; last > 0; last--) {
		const other = Math.floor(Math.random() * (last + 1));
		[shuffled[last], shuffled[other]] = [shuffled[other] as Item, shuffled[last] as Item];
	}

	return shuffled;
};

export const interleave = async (subjects: readonly Subject[], rounds: number, record: Record, signal: AbortSignal): Promise<void> => {
	// Files come into memory, and code is compiled.
	for (const {measure} of subjects) {
		await measure(() => undefined);
	}

	for (let round = 0; round < rounds; round++) {
		for (const {every, measure} of shuffle(subjects)) {
			signal.throwIfAborted();
			if (round % every === 0) {
				await sleep(PAUSE_MS);
				await measure(record);
			}
		}
	}
};
