/** build/keeper: the helper's log and records without a supervisor. */

import {spawnSync} from 'node:child_process';

/** Run commands in `directory`; data goes after a command's line as it is. */
export const keep = (directory: string, ...commands: Array<string | [stream: 1 | 2, data: Uint8Array | string]>): Buffer => {
	const input = commands.flatMap(command => {
		if (typeof command === 'string') {
			return [Buffer.from(`${command}\n`)];
		}

		const data = Buffer.from(command[1]);
		return [Buffer.from(`write ${command[0]} ${data.length}\n`), data];
	});
	const {status, stdout, stderr} = spawnSync('build/keeper', [directory], {input: Buffer.concat(input), maxBuffer: 2 ** 30});
	if (status !== 0) {
		throw new Error(`build/keeper: ${stderr.toString()}`);
	}

	return stdout;
};
