/** What becomes of a command's standard streams. */

import type {Plan} from '../helper/plan.js';
import type {StreamOptions} from './options.js';

export const planStreams = ({interactive, terminal, streams}: {interactive: boolean; terminal: boolean; streams: StreamOptions}): Plan['streams'] => ({
	stdin: interactive || streams.input !== undefined ? 'pipe' : 'null',
	stdout: streams.stdout === 'ignore' ? 'null' : 'pipe',
	// A terminal has one output.
	stderr: streams.stderr === 'ignore' || terminal ? 'null' : 'pipe',
});
