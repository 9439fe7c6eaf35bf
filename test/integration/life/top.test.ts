/** `cloche top`: a container's processes, with their pids on this machine. */

import {readFileSync} from 'node:fs';
import {until} from '../support/marked.js';
import {everybody} from '../support/place.js';

everybody('all processes and no others, by their pids outside; exec\'s, too', async (t, {prints, fails}) => {
	await prints('run', '-d', '--name', 'busy', 'busybox', 'sh', '-c', 'sleep 1001 & sleep 1002 & wait');
	await prints('run', '-d', '--name', 'neighbour', 'busybox', 'sleep', '1004');
	await prints('exec', '-d', 'busy', 'sleep', '1003');
	const rows = async (...columns: string[]): Promise<string[]> => (await prints('top', 'busy', ...columns)).trimEnd().split('\n').slice(1);
	await until(async () => (await rows('args')).length >= 4);
	t.deepEqual((await rows('args')).sort(), ['sh -c sleep 1001 & sleep 1002 & wait', 'sleep 1001', 'sleep 1002', 'sleep 1003']);
	t.deepEqual((await prints('top', 'busy')).split('\n')[0]?.split(/ +/), ['USER', 'PID', 'PPID', '%CPU', 'TIME', 'COMMAND']);
	for (const row of await rows('pid,comm')) {
		const [pid = '', name = ''] = row.split(/ +/);
		t.is(readFileSync(`/proc/${pid}/comm`, 'utf8').trim(), name);
	}

	t.regex(await fails('top', 'busy', 'colour'), /unknown column 'colour'; there are user, uid, pid/);
	await prints('create', '--name', 'made', 'busybox', 'true');
	t.regex(await fails('top', 'made'), /doesn't run: made: it is created/);
});
