/** What the installed command and `npx tsx orchestrator` run: argv in, exit status out. */

import {main} from './cli/main.js';

// It never rejects. Nothing is waited for that still runs: standard streams are written synchronously (Node's process.stdout,
// "A note on process I/O"), and a helper that is left lets go of everything when its socket closes.
void main(process.argv.slice(2)).then(status => process.exit(status));
