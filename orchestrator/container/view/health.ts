/** What the last health check said: RUN/ID/health.json, which the supervisor writes. */

import {readFileSync, statSync} from 'node:fs';
import {healthPath, type StateRoots} from '../store/roots.js';

export interface HealthView {
	status: 'starting' | 'healthy' | 'unhealthy';
	/** Failures since the last success. */
	failingStreak: number;
	last: {started: string; ended: string; exitCode: number; output: string} | null;
}

const isHealth = (value: unknown): value is HealthView =>
	typeof value === 'object' && value !== null
	&& 'status' in value && ['starting', 'healthy', 'unhealthy'].includes(value.status as string);

/** `undefined` where there are no checks, or none has been told of. */
export const readHealth = (roots: StateRoots, id: string): HealthView | undefined => {
	try {
		const path = healthPath(roots, id);
		if (statSync(path, {throwIfNoEntry: false}) === undefined) {
			return undefined; // Most have no checks, and an exception takes ten times as long as an answer.
		}

		const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
		return isHealth(value) ? {status: value.status, failingStreak: value.failingStreak, last: value.last ?? null} : undefined;
	} catch {
		return undefined; // It is gone with its run, or of another version: health is told where it is known.
	}
};
