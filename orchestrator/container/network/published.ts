/** The real numbers of published ports: RUN/ID/ports.json, there while the container runs. */

import {readFileSync, writeFileSync} from 'node:fs';
import {ClocheError, isErrno} from '../../base/errors.js';
import type {Port} from '../../helper/plan.js';
import {portsPath, type StateRoots} from '../store/roots.js';

const VERSION = 1;

/** Its directory was made when it was claimed; where that is gone, the container has ended by now. */
export const writePorts = (roots: StateRoots, id: string, ports: readonly Port[]): void => {
	try {
		writeFileSync(portsPath(roots, id), `${JSON.stringify({version: VERSION, ports})}\n`, {mode: 0o600});
	} catch (cause) {
		if (!isErrno(cause, 'ENOENT')) {
			throw new ClocheError('cannot write state', {where: portsPath(roots, id), cause});
		}
	}
};

const isPort = (value: unknown): value is Port =>
	typeof value === 'object' && value !== null
	&& 'protocol' in value && (value.protocol === 'tcp' || value.protocol === 'udp')
	&& 'address' in value && typeof value.address === 'string'
	&& 'outside' in value && typeof value.outside === 'number'
	&& 'inside' in value && typeof value.inside === 'number';

/** None where it doesn't run, or none are published. */
export const readPorts = (roots: StateRoots, id: string): Port[] => {
	try {
		const value: unknown = JSON.parse(readFileSync(portsPath(roots, id), 'utf8'));
		return typeof value === 'object' && value !== null && 'ports' in value && Array.isArray(value.ports) ? value.ports.filter(port => isPort(port)) : [];
	} catch {
		return []; // Gone with its run, or being written: its ports are told where they are known.
	}
};
