/** Reads what the kernel says about itself, for diagnoses only: what can't be read is unknown, and no error. */

import {readFileSync, readlinkSync} from 'node:fs';

/** The trimmed content of a file under /proc or /sys (the text of a link under /proc/self/ns), `undefined` where it can't be read. */
export type ReadKernel = (path: string) => string | undefined;

export const readKernel: ReadKernel = path => {
	try {
		return path.startsWith('/proc/self/ns/') ? readlinkSync(path) : readFileSync(path, 'utf8').trim();
	} catch {
		return undefined;
	}
};
