/** What `npx tsx orchestrator` runs: a placeholder until the command line is written. */
process.stderr.write('cloche: the command line is not written yet\n');
process.exitCode = 125;
