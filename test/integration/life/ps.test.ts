/** `cloche ps`: what runs and what doesn't, in docker's words. */

import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {until} from '../support/marked.js';
import {everybody} from '../support/place.js';

everybody('the table has docker\'s columns; those that run, and with -a all, the newest first', async (t, {prints}) => {
	t.is(await prints('ps'), 'CONTAINER ID   IMAGE   COMMAND   CREATED   STATUS   PORTS   NAMES\n');
	const ids = [];
	for (const name of ['first', 'second']) {
		ids.push((await prints('run', '-d', '--name', name, 'busybox', 'sleep', '1000')).trim());
	}

	await prints('kill', 'first');
	await prints('wait', 'first');
	const [heading = '', ...rows] = (await prints('ps')).trimEnd().split('\n');
	t.deepEqual(heading.split(/ {2,}/), ['CONTAINER ID', 'IMAGE', 'COMMAND', 'CREATED', 'STATUS', 'PORTS', 'NAMES']);
	t.is(rows.length, 1);
	t.regex(rows[0] ?? '', new RegExp(`^${ids[1] ?? ''} +busybox +"sleep 1000" +.+ ago +Up .+ second$`));
	t.regex(await prints('ps', '-a'), /\n.+Up .+ second\n.+Exited \(137\) .+ ago +first\n$/);
	t.is(await prints('ps', '-aq'), `${ids.toReversed().join('\n')}\n`);
	t.is(await prints('ps', '-q', '--last', '2'), `${ids.toReversed().join('\n')}\n`);
	t.is(await prints('ps', '-lq'), `${ids[1] ?? ''}\n`);
});

everybody('filters and formats', async (t, {prints, fails}) => {
	const id = (await prints('create', '--name', 'made', '--label', 'stage=test', 'busybox', 'sh', '-c', 'exit 3 # a command that is long')).trim();
	await prints('run', '-d', '--name', 'ended', '--restart', 'no', 'busybox', 'sh', '-c', 'exit 3');
	t.is(await prints('wait', 'ended'), '3\n');
	const names = async (...words: string[]): Promise<string> => prints('ps', '-a', '--format', '{{.Names}}', ...words);
	t.is(await names(), 'ended\nmade\n');
	t.is(await names('--filter', 'status=created'), 'made\n');
	t.is(await prints('ps', '--filter', 'status=created', '--filter', 'status=exited', '--format', '{{.State}}'), 'exited\ncreated\n');
	t.is(await names('--filter', 'exited=3'), 'ended\n');
	t.is(await names('--filter', 'exited=0'), '');
	t.is(await names('--filter', 'label=stage=test', '--filter', 'label=stage'), 'made\n');
	t.is(await names('--filter', 'label=stage=other'), '');
	t.is(await names('--filter', 'name=^en'), 'ended\n');
	t.is(await names('--filter', `id=${id.slice(0, 8)}`), 'made\n');
	t.is(await names('--filter', 'ancestor=busybox', '--filter', 'before=ended'), 'made\n');
	t.is(await names('--filter', 'since=made'), 'ended\n');
	t.is(await names('--filter', 'restart=always'), '');
	t.regex(await fails('ps', '--filter', 'colour=red'), /colour is no filter; use [^\n]*label/);
	t.regex(await fails('ps', '--filter', 'status=gone'), /use created, running/);
	t.is(await prints('ps', '-a', '--filter', 'name=made', '--format', '{{.Command}}'), '"sh -c exit 3 # a co…"\n');
	t.is(await prints('ps', '-a', '--filter', 'name=made', '--no-trunc', '--format', '{{.Command}}'), '"sh -c exit 3 # a command that is long"\n');
	t.is(await prints('ps', '-a', '--filter', 'name=made', '--format', 'table {{.ID}}\\t{{.Label "stage"}}'), `CONTAINER ID   stage\n${id}   test\n`);
	t.like(JSON.parse(await prints('ps', '-a', '--filter', 'name=made', '--format', 'json')), {ID: id, Names: 'made', State: 'created', Status: 'Created', Labels: 'stage=test', Image: 'busybox'});
	t.is(await prints('ps', '-a', '--filter', 'name=made', '--format', '{{json .Names}} {{upper .State}} {{if eq .State "created"}}new{{else}}old{{end}}'), '"made" CREATED new\n');
	t.regex(await fails('ps', '--format', '{{.Colour}}'), /unknown field in --format: \.Colour; there are \.ID, \.Image,/);
	t.regex(await fails('ps', '--format', '{{.ID'), /a \{\{ has no \}\}/);
});

everybody('health and restarts are told', async (t, {prints}) => {
	await prints('run', '-d', '--name', 'well', '--health-cmd', 'test -e /tmp/well', '--health-interval', '100ms', '--health-retries', '1', 'busybox', 'sh', '-c', 'mkdir -p /tmp; sleep 1000');
	const status = async (name: string): Promise<string> => prints('ps', '-a', '--filter', `name=${name}`, '--format', '{{.Status}}');
	await until(async () => /^Up .+ \(unhealthy\)\n$/.test(await status('well')));
	await prints('exec', 'well', 'touch', '/tmp/well');
	await until(async () => /^Up .+ \(healthy\)\n$/.test(await status('well')));
	t.is(await prints('ps', '-q', '--filter', 'health=healthy'), await prints('ps', '-q'));
	await prints('run', '-d', '--name', 'again', '--restart', 'always', 'busybox', 'sh', '-c', 'exit 4');
	await until(async () => /^Restarting \(4\) .+ ago\n$/.test(await status('again')));
	t.is(await prints('ps', '--filter', 'restart=always', '--format', '{{.Names}}'), 'again\n');
});

everybody('a record that can\'t be read is named, and the others are shown', async (t, {root, prints, fails}) => {
	const id = (await prints('create', '--name', 'cut', 'busybox', 'true')).trim();
	await prints('create', '--name', 'whole', 'busybox', 'true');
	writeFileSync(join(root, 'containers', id, 'record.json'), '{"version":1,"id"');
	t.regex(await fails('ps', '-a'), new RegExp(`${id}/record.json: it is cut short`));
	await prints('rm', id);
});
