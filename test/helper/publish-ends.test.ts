/** Published ports from one run to the next, and when something is killed. */

import {once} from 'node:events';
import {readFileSync, readdirSync} from 'node:fs';
import {createServer} from 'node:net';
import test, {type ExecutionContext} from 'ava';
import {type ClocheError, isErrno} from '../../orchestrator/base/errors.js';
import {Kind, Tag} from '../../orchestrator/helper/protocol.js';
import {Marked, eventually} from './marked.js';
import {ask, client, port, publish, publishing, readAll} from './publishing.js';
import {valueOf} from './raw.js';
import {Served} from './served.js';
import {privileges, supervisorFor} from './support.js';

const LATE = 3_600_000;
const restart = {when: 'always' as const, backoff: 1, backoffMost: 1, steady: LATE};
const [privilege = 'rootless'] = privileges;

const statOf = (pid: number): string[] => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];

/** The process that forwards, among the children of `pid`. */
const forwarderOf = (pid: number): number => {
	const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(word => word !== '').map(Number);
	return children.find(one => readFileSync(`/proc/${one}/comm`, 'utf8') === 'nsinit:ports\n') ?? 0;
};

/** Its processor time, in ticks of 10 ms. */
const ticksOf = (pid: number): number => Number(statOf(pid)[11]) + Number(statOf(pid)[12]);

const served = (t: ExecutionContext, argv: string[], backoff: number): Served => new Served(t, privilege, ['/server', ...argv], {
	plan: {create: publishing(t, privilege, []).create, ports: [port()]}, service: {restart: {...restart, backoff, backoffMost: backoff}},
});

const numberOf = (of: Served): number => Number(String(valueOf(of.raw.frames.find(({kind}) => kind === Kind.PUBLISHED) ?? {kind: 0, channel: 0, fields: []} as never, Tag.PORT)).split(' ')[2]);

/** What a server that may not listen yet says at last. */
const hear = async (number: number): Promise<number> => {
	for (;;) {
		const heard = await client(number).then(async socket => readAll(socket)).catch(() => Buffer.alloc(0));
		if (heard.length > 0) {
			return heard.length;
		}
	}
};

test('a container that is started again has the same port', async t => {
	const one = await served(t, ['last', '127.0.0.1', '80', '1000'], 1).detach();
	for (let run = 0; run < 4; run++) {
		t.is(await hear(numberOf(one)), 1000);
	}

	one.kill();
	await one.ended();
});

test('between two runs connections are refused, and nobody else gets the port', async t => {
	const one = await served(t, ['last', '127.0.0.1', '80', '1000'], LATE).detach();
	const number = numberOf(one);
	t.is(await hear(number), 1000);
	await eventually(() => one.exit?.restarting === true, () => JSON.stringify(one.exit));
	for (;;) { // The exit is told before the port is shut.
		const refused = await client(number).then(socket => {
			socket.destroy();
			return false;
		}, (error: unknown) => isErrno(error, 'ECONNREFUSED'));
		if (refused) {
			break;
		}
	}

	const [error] = await once(createServer().listen(number, '127.0.0.1'), 'error') as [NodeJS.ErrnoException];
	t.is(error.code, 'EADDRINUSE');
	const connection = await one.connect();
	connection.stop();
	t.is(await one.ended(), 'status 0');
	const free = createServer().listen(number, '127.0.0.1');
	await once(free, 'listening');
	free.close();
});

for (const each of privileges) {
	test(`${each}: a killed supervisor takes the forwarder and its connections along`, async t => {
		const helper = new Marked(t, each);
		const {number} = await publish(t, each, publishing(t, each, ['stuck', '127.0.0.1', '80']), {supervisor: helper as never});
		const held = await client(number);
		const closed = new Promise(resolve => held.once('close', resolve)); // By an end, or a reset.
		held.on('error', () => undefined);
		held.on('end', () => held.destroy());
		held.resume();
		process.kill(helper.pid, 'SIGKILL');
		await helper.gone();
		await closed;
		await t.throwsAsync(client(number), {code: 'ECONNREFUSED'});
	});

	test(`${each}: a forwarder that is killed is replaced, and a warning tells of it`, async t => {
		const warnings: ClocheError[] = [];
		const supervisor = supervisorFor(t, each);
		const published = await publish(t, each, publishing(t, each, ['echo', '127.0.0.1', '80']), {supervisor, onWarning: warning => warnings.push(warning)});
		const helper = Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${published.launch.pid}/status`, 'utf8'))?.[1]);
		const forwarder = forwarderOf(helper);
		t.true(forwarder > 0);
		// One that lived for less than a second isn't made again.
		const [uptime = 0] = readFileSync('/proc/uptime', 'utf8').split(' ').map(Number);
		const old = uptime + 1.2;
		await eventually(() => Number.parseFloat(readFileSync('/proc/uptime', 'utf8')) > old, () => 'uptime');
		process.kill(forwarder, 'SIGKILL');
		await eventually(() => warnings.length > 0, () => 'no warning');
		t.like(warnings, {length: 1, 0: {step: 'publish'}});
		t.is(await ask(published.number, 'again'), 'again');
		// On a busy machine the new one may be older than that by now, too; sooner or later one is met in time.
		await eventually(() => {
			const next = forwarderOf(helper);
			if (next > 0) {
				try {
					process.kill(next, 'SIGKILL');
				} catch (error) {
					t.is((error as NodeJS.ErrnoException).code, 'ESRCH');
				}
			}

			return next === 0 && warnings.length > 1;
		}, () => 'a forwarder');
		await t.throwsAsync(client(published.number), {code: 'ECONNREFUSED'});
		published.launch.signal(9);
		await published.launch.released;
	});
}

test('a forwarder out of descriptors serves those that it has, then the others, and doesn\'t spin', async t => {
	const helper = new Marked(t, privilege, {through: ['prlimit', '--nofile=160:160']});
	const {number} = await publish(t, privilege, publishing(t, privilege, ['count', '127.0.0.1', '80']), {supervisor: helper as never});
	const clients = await Promise.all(Array.from({length: 60}, async () => client(number)));
	const forwarder = forwarderOf(helper.pid);
	const most = (): number => readdirSync(`/proc/${forwarder}/fd`).length;
	await eventually(() => most() >= 32, () => String(most()));
	t.true(most() < 160);
	const before = ticksOf(forwarder);
	t.is(await ask(await portOf(t, helper), 'another'), '7\n');
	t.true(ticksOf(forwarder) - before < 20);
	const answers = await Promise.all(clients.map(async (socket, index) => {
		socket.end('x'.repeat(index));
		return (await readAll(socket)).toString();
	}));
	t.deepEqual(answers, Array.from({length: 60}, (_, index) => `${index}\n`));
});

/** Another container's of the same helper: each has a forwarder of its own. */
const portOf = async (t: ExecutionContext, helper: Marked): Promise<number> =>
	(await publish(t, privilege, publishing(t, privilege, ['count', '127.0.0.1', '80']), {supervisor: helper as never})).number;

test('a thousand connections at once', async t => {
	const {number} = await publish(t, privilege, publishing(t, privilege, ['count', '127.0.0.1', '80']));
	const clients = await Promise.all(Array.from({length: 1000}, async () => client(number)));
	const answers = await Promise.all(clients.map(async socket => {
		socket.end('hello');
		return (await readAll(socket)).toString();
	}));
	t.is(answers.filter(answer => answer === '5\n').length, 1000);
});
