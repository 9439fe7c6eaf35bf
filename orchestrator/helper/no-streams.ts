/** The ends of a launch that has no pipe. */

import type {Streams} from './streams.js';

export const NO_STREAMS: Streams = {stdin: undefined, stdout: undefined, stderr: undefined, readRest: () => undefined, close: () => undefined, destroy: () => undefined};
