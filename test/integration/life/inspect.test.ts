/** `cloche inspect`: the schema that docs/inspect.md tells of. */

import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {repository} from '../support/installed.js';
import {everybody} from '../support/place.js';

/** `state.pid` for every member in the first column of the table. */
const documented = [...readFileSync(join(repository, 'docs/inspect.md'), 'utf8').matchAll(/^\| `([\w.]+)` \|/gm)].map(match => match[1] ?? '');

/** The members of an object, those of the parts that the docs tell of one by one. */
const membersOf = (value: object, before = ''): string[] => Object.entries(value).flatMap(([name, member]: [string, unknown]) =>
	['state', 'root', 'log'].includes(before + name) && typeof member === 'object' && member !== null ? membersOf(member, `${before}${name}.`) : [before + name]);

everybody('what is printed is what the docs list, whatever the state', async (t, {prints}) => {
	const id = (await prints('create', '--name', 'made', '--label', 'a=b', 'busybox', 'sh', '-c', 'exit 5')).trim();
	await prints('run', '-d', '--name', 'runs', '-v', '/tmp:/there:ro', 'busybox', 'sleep', '1000');
	await prints('run', '-d', '--name', 'ended', 'busybox', 'sh', '-c', 'kill -9 $$ || true; exit 5');
	await prints('wait', 'ended');
	const views = JSON.parse(await prints('inspect', 'made', 'runs', 'ended')) as [object, object, object];
	for (const view of views) {
		t.deepEqual(membersOf(view).sort(), [...documented].sort());
	}

	const [made, runs, ended] = views as unknown as Array<{id: string; labels: object; state: Record<string, unknown>; mounts: unknown[]; config: {process: {args: string[]}}; log: {directory: string}}>;
	t.is(made?.id, id);
	t.like(made, {name: 'made', image: 'busybox', command: ['sh', '-c', 'exit 5'], labels: {a: 'b'}, state: {status: 'created', running: false, pid: null, exitCode: null, startedAt: null}});
	t.deepEqual(made?.config.process.args, ['sh', '-c', 'exit 5']);
	t.like(runs, {detached: true, state: {status: 'running', running: true, exitCode: null, finishedAt: null}, mounts: [{source: '/tmp', destination: '/there'}]});
	t.is(readFileSync(`/proc/${String(runs?.state['pid'])}/comm`, 'utf8'), 'sleep\n');
	t.like(ended, {state: {status: 'exited', exitCode: 5, signal: null, stopped: false}, owner: null});
	for (const time of [ended?.state['startedAt'], ended?.state['finishedAt'], runs?.state['startedAt']]) {
		t.regex(String(time), /^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/);
	}
});

everybody('templates; a container that isn\'t there is told of beside the others', async (t, {prints, fails}) => {
	await prints('create', '--name', 'made', '-e', 'A=b', '--label', 'x.y=z', 'busybox', 'true');
	t.is(await prints('inspect', 'made', '-f', '{{.State.Status}} {{json .command}} {{index .Labels "x.y"}}{{range $k, $v := .labels}} {{$k}}:{{$v}}{{end}}'), 'created ["true"] z x.y:z\n');
	t.is(await prints('inspect', '--format', '{{range .config.process.env}}{{if eq . "A=b"}}{{.}}{{end}}{{end}}', 'made'), 'A=b\n');
	t.regex(await fails('inspect', '-f', '{{.state.colour}}', 'made'), /unknown field in --format: \.colour; there are \.status, /);
	t.regex(await fails('inspect', 'made', 'missing'), /no such container: missing/);
});
