/** Files that a user names: a device or an endless pipe must not be read for ever. */

import {closeSync, openSync, readSync} from 'node:fs';
import {ClocheError} from '../base/errors.js';

/** All of a file of at most `limit` bytes; file system errors come as they are. */
export const readLimited = (path: string, limit: number): Buffer => {
	const fd = openSync(path, 'r');
	try {
		const bytes = Buffer.alloc(limit + 1);
		let size = 0;
		for (let got = 1; got > 0 && size <= limit; size += got) {
			got = readSync(fd, bytes, size, bytes.length - size, null);
		}

		if (size > limit) {
			throw new ClocheError(path, {why: `it has more than ${limit} bytes`, remedy: 'name another file'});
		}

		return bytes.subarray(0, size);
	} finally {
		closeSync(fd);
	}
};
