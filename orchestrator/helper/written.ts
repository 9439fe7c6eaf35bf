/** The one writer of all requests: its buffer is taken out at the end of each call, and none of them awaits anything. */

import {CheckedWriter} from './checked-writer.js';

export const writer = new CheckedWriter();

/** Run `write` and take what it wrote; nothing of it stays behind if it throws. */
export const written = (write: () => void): Buffer => {
	try {
		write();
	} catch (error) {
		writer.reset();
		throw error;
	}

	return writer.take();
};
