/** Our standard input as a stream, without changing the descriptor for others who have it. */

import {constants, createReadStream, fstatSync, openSync} from 'node:fs';
import type {Readable} from 'node:stream';

export const openInput = (): Readable => {
	const {isatty, ReadStream} = process.getBuiltinModule('node:tty');
	if (isatty(0)) {
		return new ReadStream(0);
	}

	const {Socket} = process.getBuiltinModule('node:net');
	const input = fstatSync(0);
	if (input.isFIFO()) {
		return new Socket({fd: openSync('/proc/self/fd/0', constants.O_RDONLY | constants.O_NONBLOCK), readable: true, writable: false});
	}

	return input.isSocket() ? new Socket({fd: 0, readable: true, writable: false}) : createReadStream('', {fd: 0, autoClose: false});
};
