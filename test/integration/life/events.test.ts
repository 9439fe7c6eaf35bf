/** `cloche events`: what happened, and what happens. */

import {Running} from '../support/cloche.js';
import {everybody} from '../support/place.js';

interface Line {
	time: string;
	action: string;
	name?: string;
	exitCode?: number;
}

const parse = (text: string): Line[] => text.split('\n').filter(line => line !== '').map(line => JSON.parse(line) as Line);

everybody('a container\'s life is told, to who asks later and to who follows', async (t, {prints, fails, invocation}) => {
	t.is(await prints('events'), '');
	const follower = new Running(['events', '--follow', '--filter', 'container=told'], invocation);
	const heard: string[] = [];
	const destroyed = new Promise<void>(resolve => {
		follower.child.stdout?.on('data', (chunk: Buffer) => {
			heard.push(chunk.toString());
			if (heard.join('').includes('destroy')) {
				resolve();
			}
		});
	});
	await prints('run', '-d', '--name', 'other', 'busybox', 'true');
	await prints('run', '-d', '--name', 'told', '--label', 'a=b', 'busybox', 'sh', '-c', 'exit 7');
	await prints('wait', 'told');
	await prints('rm', 'told');
	await destroyed;
	follower.child.kill();
	const past = parse(await prints('events', '--filter', 'container=told'));
	t.deepEqual(past.map(({action}) => action).filter(action => ['create', 'start', 'die', 'destroy'].includes(action)), ['create', 'start', 'die', 'destroy']);
	t.deepEqual(parse(heard.join('')), past);
	t.like(past.find(({action}) => action === 'die'), {name: 'told', exitCode: 7, labels: {a: 'b'}});
	t.is(await prints('events', '--filter', 'action=die', '--filter', 'label=a=b', '--format', '{{.action}} {{.exitCode}} {{.signal}}'), 'die 7 \n');
	t.is(await prints('events', '--until', '1h'), '');
	t.is(parse(await prints('events', '--since', '1h', '--filter', 'name=^(told|other)$', '--filter', 'action=create')).length, 2);
	t.regex(await fails('events', '--filter', 'colour=red'), /colour is no filter/);
});

everybody('what a supervisor tells of a container that was renamed bears the new name', async (t, {prints}) => {
	await prints('run', '-d', '--name', 'before', 'busybox', 'sleep', '1000');
	await prints('rename', 'before', 'after');
	await prints('kill', 'after');
	await prints('wait', 'after');
	await prints('rm', 'after');
	const told = async (filter: string): Promise<string[]> => parse(await prints('events', '--filter', filter)).map(({action, name}) => `${action} ${name}`);
	t.deepEqual(await told('container=before'), ['create before', 'start before']);
	t.deepEqual((await told('container=after')).sort(), ['destroy after', 'die after', 'kill after', 'rename after']);
});
