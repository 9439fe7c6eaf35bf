/** RESOLVER: names of the registry and of name servers, asked by busybox, and byte by byte. */

import {execFileSync} from 'node:child_process';
import {createSocket} from 'node:dgram';
import {existsSync} from 'node:fs';
import type {ExecutionContext} from 'ava';
import {ClocheError} from '../../orchestrator/base/errors.js';
import type {Plan} from '../../orchestrator/helper/plan.js';
import {rooted, withOps} from './bridged.js';
import {addressed, bare, registryFor, resolvingPlan, serverFor} from './registry.js';
import {planFor, probe, runPlan, supervisorFor} from './support.js';

const ask = async (t: ExecutionContext, names: NonNullable<Plan['names']>, script: string): Promise<string> => {
	const {stdout, stderr} = await runPlan(supervisorFor(t, 'root'), resolvingPlan(t, ['sh', '-c', script], names));
	return stdout + stderr;
};

rooted('names of the registry: by name, in any case, with the network, backwards, both families', async t => {
	const registry = registryFor(t, 'red', 'blue');
	registry.join('red', 'db', '10.77.0.5');
	registry.join('red', 'db', 'fd77::5');
	registry.join('red', 'c0ffee012345', '10.77.0.5');
	registry.join('blue', 'web.internal', '10.78.0.9');
	const said = await ask(t, {directory: registry.directory, servers: []}, [
		'nslookup db', 'nslookup -type=a DB', 'nslookup -type=a db.red', 'nslookup -type=a web.internal', 'nslookup -type=a db.blue', 'nslookup 10.77.0.5', 'nslookup fd77::5',
	].join('; echo --; '));
	const [both = '', upper = '', qualified = '', dotted = '', elsewhere = '', backwards = '', backwards6 = ''] = said.split('--\n');
	t.regex(both, /10\.77\.0\.5/);
	t.regex(both, /fd77::5/);
	t.regex(upper, /10\.77\.0\.5/);
	t.regex(qualified, /10\.77\.0\.5/);
	t.regex(dotted, /10\.78\.0\.9/);
	t.regex(elsewhere, /NXDOMAIN/);
	t.regex(backwards, /name = db\.red/);
	t.regex(backwards6, /name = db\.red/);
});

rooted('joins and leaves are seen at once', async t => {
	const registry = registryFor(t, 'red');
	const supervisor = supervisorFor(t, 'root');
	const plan = resolvingPlan(t, ['sh', '-c', 'while read name; do if nslookup -type=a $name >/dev/null 2>&1; then echo yes; else echo no; fi; done'], {directory: registry.directory, servers: []});
	const launch = supervisor.launch({...plan, streams: {stdin: 'pipe', stdout: 'pipe', stderr: 'null'}});
	const {stdin, stdout} = await launch.streams;
	const words: AsyncIterator<Buffer> | undefined = stdout?.[Symbol.asyncIterator]();
	const exists = async (name: string): Promise<string> => {
		stdin?.write(`${name}\n`);
		const next = await words?.next();
		return next?.done === false ? next.value.toString().trim() : 'end';
	};

	t.is(await exists('late'), 'no');
	registry.join('red', 'late', '10.77.0.7');
	t.is(await exists('late'), 'yes');
	registry.leave('red', 'late', '10.77.0.7');
	t.is(await exists('late'), 'no');
	stdin?.end();
	await launch.exited;
	await launch.released;
});

rooted('several addresses take turns', async t => {
	const registry = registryFor(t, 'red');
	for (const last of [1, 2, 3]) {
		registry.join('red', 'web', `10.77.0.${last}`);
	}

	const said = await ask(t, {directory: registry.directory, servers: []}, 'for i in 1 2 3; do nslookup -type=a web | grep -A1 Name: | grep Address: | head -n 1; done');
	t.deepEqual(said.trim().split('\n').sort(), ['Address: 10.77.0.1', 'Address: 10.77.0.2', 'Address: 10.77.0.3']);
});

rooted('other names go to the name servers, in the order they have, past those that are dead or shrug', async t => {
	const registry = registryFor(t, 'red');
	registry.join('red', 'db', '10.77.0.5');
	const good = await serverFor(t, query => addressed(query, '192.0.2.7'));
	const shrugs = await serverFor(t, query => bare(query, 2));
	const gone = '127.0.0.1#1';
	const said = await ask(t, {directory: registry.directory, servers: [gone, shrugs, good]}, 'nslookup -type=a example.org; echo --; nslookup -type=a db');
	const [outside = '', inside = ''] = said.split('--\n');
	t.regex(outside, /192\.0\.2\.7/);
	t.regex(inside, /10\.77\.0\.5/);
	t.notRegex(inside, /192\.0\.2\.7/);
});

rooted('an answer that is not to the question asked is not passed on', async t => {
	const forged = await serverFor(t, query => {
		const other = addressed(query, '192.0.2.66');
		other[0] = (other[0] ?? 0) ^ 0xFF;
		return other;
	});
	const good = await serverFor(t, query => addressed(query, '192.0.2.7'));
	const said = await ask(t, {servers: [forged, good]}, 'nslookup -type=a example.org');
	t.regex(said, /192\.0\.2\.7/);
	t.notRegex(said, /192\.0\.2\.66/);
});

rooted('without name servers an unknown name is one at once; with none that answers it is a failure', async t => {
	t.regex(await ask(t, {servers: []}, 'nslookup -type=a example.org'), /NXDOMAIN/);
	t.regex(await ask(t, {servers: ['127.0.0.1#1']}, 'nslookup -type=a example.org'), /SERVFAIL/);
});

/** Queries from Node, in the container's network namespace. */
const inside = (pid: number, code: string): string =>
	execFileSync('nsenter', [`--net=/proc/${pid}/ns/net`, process.execPath, '-e', code], {encoding: 'utf8', timeout: 30_000});

const sleeping = async (t: ExecutionContext, names: NonNullable<Plan['names']>): Promise<number> => {
	const plan = resolvingPlan(t, ['/bin/sleep', '1000'], names);
	const launch = supervisorFor(t, 'root').launch({...plan, streams: {stdin: 'null', stdout: 'null', stderr: 'null'}});
	await launch.running;
	return launch.created;
};

const QUERY = `
const query = (name, type) => {
	const labels = name.split('.').map(l => Buffer.concat([Buffer.from([l.length]), Buffer.from(l)]));
	return Buffer.concat([Buffer.from([0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]), ...labels, Buffer.from([0, 0, type, 0, 1])]);
};
const framed = q => { const l = Buffer.alloc(2); l.writeUInt16BE(q.length); return Buffer.concat([l, q]); };
`;

rooted('by TCP: several questions of one connection, in pieces, from the registry and from a server', async t => {
	const registry = registryFor(t, 'red');
	registry.join('red', 'db', '10.77.0.5');
	const server = await serverFor(t, (query, via) => via === 'tcp' ? addressed(query, '192.0.2.8') : bare(query, 0, 0x200));
	const pid = await sleeping(t, {directory: registry.directory, servers: ['127.0.0.1#1', server]});
	// The server answers from this process, which must not stand still meanwhile.
	const {execFile} = await import('node:child_process');
	const code = `${QUERY}
const socket = require('net').connect(53, '127.0.0.11');
const all = Buffer.concat([framed(query('db', 1)), framed(query('example.org', 1)), framed(query('db', 28))]);
let at = 0, got = Buffer.alloc(0), answers = [];
const timer = setInterval(() => { if (at < all.length) socket.write(all.subarray(at, at += 7)); else clearInterval(timer); }, 1);
socket.on('data', d => {
	got = Buffer.concat([got, d]);
	while (got.length >= 2 && got.length >= 2 + got.readUInt16BE(0)) {
		const one = got.subarray(2, 2 + got.readUInt16BE(0));
		answers.push([...one.subarray(-4)].join('.') + ' ' + one.readUInt16BE(6));
		got = got.subarray(2 + one.length);
	}
	if (answers.length === 3) { console.log(JSON.stringify(answers)); socket.end(); }
});`;
	const said = await new Promise<string>((done, failed) => {
		execFile('nsenter', [`--net=/proc/${pid}/ns/net`, process.execPath, '-e', code], {timeout: 30_000}, (error, out) => error instanceof Error ? failed(error) : done(out));
	});
	t.deepEqual(JSON.parse(said), ['10.77.0.5 1', '192.0.2.8 1', '0.28.0.1 0']);
});

rooted('rubbish, a flood of questions that nobody answers, and connections that say nothing leave it answering', async t => {
	const registry = registryFor(t, 'red');
	registry.join('red', 'db', '10.77.0.5');
	const hole = createSocket('udp4');
	await new Promise<void>(done => {
		hole.bind(0, '127.0.0.1', done);
	});
	t.teardown(() => {
		hole.close();
	});
	const pid = await sleeping(t, {directory: registry.directory, servers: [`127.0.0.1#${hole.address().port}`]});
	const said = inside(pid, `${QUERY}
const udp = require('dgram').createSocket('udp4');
const {connect} = require('net');
const {randomBytes} = require('crypto');
const held = Array.from({length: 100}, () => connect(53, '127.0.0.11').on('error', () => {}));
for (const socket of held.slice(0, 50)) socket.write(randomBytes(300));
for (let i = 0; i < 500; i++) udp.send(randomBytes(i % 600), 53, '127.0.0.11');
for (let i = 0; i < 500; i++) udp.send(query('x' + i + '.example', 1), 53, '127.0.0.11');
let refused = 0, found = '';
const asking = setInterval(() => udp.send(query('db', 1), 53, '127.0.0.11'), 20);
udp.on('message', m => {
	if ((m[3] & 15) === 2) refused++;
	if (m.readUInt16BE(6) === 1) found = [...m.subarray(-4)].join('.');
	if (found && refused) { console.log(found); process.exit(0); }
});`);
	t.is(said, '10.77.0.5\n');
});

rooted('many questions at once on one connection, and many connections that come and go, are all answered', async t => {
	const registry = registryFor(t, 'red');
	registry.join('red', 'db', '10.77.0.5');
	const pid = await sleeping(t, {directory: registry.directory, servers: []});
	const said = inside(pid, `${QUERY}
const {connect} = require('net');
const one = framed(query('db', 1));
const ask = count => new Promise((done, failed) => {
	let bytes = 0;
	const socket = connect(53, '127.0.0.11', () => socket.write(Buffer.concat(Array(count).fill(one))));
	socket.on('error', failed);
	socket.on('data', d => { bytes += d.length; if (bytes === count * (one.length + 16)) { socket.end(); done(); } });
});
(async () => {
	await ask(500);
	for (let i = 0; i < 20; i++) await Promise.all(Array.from({length: 10}, () => ask(2)));
	console.log('all');
})();`);
	t.is(said, 'all\n');
});

rooted('an answer that is too long for UDP says so, and is whole by TCP', async t => {
	const registry = registryFor(t, 'red');
	for (let last = 1; last <= 60; last++) {
		registry.join('red', 'many', `10.77.0.${last}`);
	}

	const pid = await sleeping(t, {directory: registry.directory, servers: []});
	const said = inside(pid, `${QUERY}
const udp = require('dgram').createSocket('udp4');
udp.on('message', m => {
	const tcp = require('net').connect(53, '127.0.0.11', () => tcp.write(framed(query('many', 1))));
	tcp.once('data', d => { console.log((m[2] & 2) === 2, m.length <= 512, d.readUInt16BE(8)); process.exit(0); });
});
udp.send(query('many', 1), 53, '127.0.0.11');`);
	t.is(said, 'true true 60\n');
});

for (const [name, names, expected] of [
	['a name server that is none', {servers: ['nonsense']}, /nonsense/],
	['a port that is none', {servers: ['127.0.0.1#0']}, /127\.0\.0\.1#0/],
	['too many of them', {servers: Array.from({length: 9}, (_, i) => `127.0.0.${i + 1}`)}, /127\.0\.0\.9/],
] as const) {
	rooted(`${name} is told`, async t => {
		const error = await t.throwsAsync(runPlan(supervisorFor(t, 'root'), resolvingPlan(t, ['/bin/true'], {...names, servers: [...names.servers]})), {instanceOf: ClocheError});
		t.regex(error.message, expected);
		t.regex(error.message, /resolver/);
		t.log(error.message);
	});
}

rooted('an address that cannot be had is told', async t => {
	const plan = withOps(planFor(t, 'root', ['/bin/true']), {op: 'resolver', address: '192.0.2.1'});
	const error = await t.throwsAsync(runPlan(supervisorFor(t, 'root'), plan), {instanceOf: ClocheError});
	t.regex(error.message, /192\.0\.2\.1/);
	t.log(error.message);
});

/** What says a name's addresses with another C library: a static musl binary, and the host's getent. */
const voices = {
	musl: (name: string): string[] => ['/probe', 'resolve', name],
	glibc: (name: string): string[] => ['/usr/bin/getent', 'ahosts', name],
};

/** The host's programs over the container's, beside its own /bin; and the probe. */
const HOST: Plan['create'] = [
	{op: 'bind', source: probe, target: '/probe', create: 'file', attributes: ['rdonly']},
	{op: 'bind', source: '/usr', target: '/usr', attributes: ['rdonly']},
	...['lib', 'lib64'].filter(name => existsSync(`/usr/${name}`)).map(name => ({op: 'symlink', target: `/${name}`, text: `usr/${name}`} as const)),
	{op: 'file', target: '/etc/hosts', data: '127.0.0.1 localhost\n'},
];

for (const [voice, words] of Object.entries(voices)) {
	rooted(`${voice}: one family or both, rotated names, outside names, unknown ones`, async t => {
		const registry = registryFor(t, 'red');
		registry.join('red', 'both', '10.77.0.5');
		registry.join('red', 'both', 'fd77::5');
		registry.join('red', 'four', '10.77.0.6');
		registry.join('red', 'six', 'fd77::6');
		const server = await serverFor(t, query => query.includes('example') ? query.at(query.indexOf(0, 12) + 2) === 1 ? addressed(query, '192.0.2.7') : bare(query, 0) : bare(query, 3));
		const said = async (name: string): Promise<string[]> => {
			const plan = resolvingPlan(t, words(name), {directory: registry.directory, servers: [server]});
			const {stdout} = await runPlan(supervisorFor(t, 'root'), withOps(plan, ...HOST));
			return [...new Set(stdout.split('\n').map(line => line.split(' ')[0] ?? '').filter(word => /^[\d.]+$|:/.test(word)))].sort();
		};

		t.deepEqual(await said('both'), ['10.77.0.5', 'fd77::5']);
		t.deepEqual(await said('four'), ['10.77.0.6']);
		t.deepEqual(await said('Six'), ['fd77::6']);
		t.deepEqual(await said('www.example.org'), ['192.0.2.7']);
		t.deepEqual(await said('nobody'), []);
	});
}
