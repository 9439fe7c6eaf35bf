/** Whether a helper speaks our protocol. */

import {ClocheError} from '../base/errors.js';
import {PROTOCOL_HASH} from './protocol.js';

const hex = (hash: bigint): string => hash.toString(16).padStart(16, '0');

/** @throws ClocheError where it was built from another text */
export const checkHash = (hash: bigint, version: string, remedy = 'build both from the same source (make helper protocol), or install the package again'): void => {
	if (hash !== PROTOCOL_HASH) {
		throw new ClocheError('nsinit speaks another protocol', {
			why: `version ${version} has ${hex(hash)}, the orchestrator has ${hex(PROTOCOL_HASH)}`,
			remedy,
		});
	}
};
