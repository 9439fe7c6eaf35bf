/** What the installed command and `npx tsx orchestrator` run: argv in, exit status out. */

import {main} from './cli/main.js';
import {keepStreamsBlocking} from './cli/output.js';

keepStreamsBlocking();

// It never rejects. Nothing is waited for that still runs: what we print is written synchronously (cli/output.ts),
// and a helper that is left lets go of everything when its socket closes.
void main(process.argv.slice(2)).then(status => process.exit(status));
