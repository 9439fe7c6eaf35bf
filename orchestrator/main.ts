/** What the installed command and `npx tsx orchestrator` run: argv in, exit status out. */

import {main} from './cli/main.js';

// Nothing is waited for that still runs: standard streams are written synchronously (process.stdout, "A note on process
// I/O"), and a helper that is left lets go of everything when its socket closes.
process.exit(await main(process.argv.slice(2)));
