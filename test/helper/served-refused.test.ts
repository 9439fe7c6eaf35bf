/** What can't be served, and who says what to whom at the wrong time. */

import {chmodSync, existsSync, mkdirSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:net';
import {join} from 'node:path';
import test from 'ava';
import {encodeCreateAndStart, encodeSignal} from '../../orchestrator/helper/encode.js';
import {encodeDetach, encodeInput, encodeServe} from '../../orchestrator/helper/encode-service.js';
import {Kind, Step, Tag} from '../../orchestrator/helper/protocol.js';
import {fullPlan, marked} from './full-plan.js';
import {Raw, valueOf} from './raw.js';
import {CHANNEL, Served} from './served.js';
import {directoryFor, isRunning, privileges} from './support.js';

const [privilege = 'rootless'] = privileges;
const NULLS = {stdin: 'null', stdout: 'null', stderr: 'null'} as const;

const failures: Record<string, (directory: string) => object> = {
	'a socket in no directory': directory => ({socket: join(directory, 'nowhere/socket')}),
	'a socket whose name is taken by a file': directory => {
		writeFileSync(join(directory, 'taken'), '');
		return {socket: join(directory, 'taken')};
	},
	'an exit record in no directory': directory => ({exitFile: join(directory, 'nowhere/exit.json')}),
	'a log that is a file': directory => {
		writeFileSync(join(directory, 'file'), '');
		return {log: {directory: join(directory, 'file'), maxSize: 100}};
	},
};

for (const [name, change] of Object.entries(failures)) {
	test(`${name}: an ERROR of its channel, what CREATE would leave is removed, and the helper goes on`, async t => {
		const served = new Served(t, privilege, ['/bin/true'], {service: change(directoryFor(t, privilege))});
		await served.start();
		await served.raw.until(({kind}) => kind === Kind.RELEASED);
		const [, error, ...others] = served.raw.frames;
		t.is(error?.kind, Kind.ERROR);
		t.is(error?.channel, CHANNEL);
		t.is(error === undefined ? undefined : valueOf(error, Tag.STEP), Step.SERVE);
		t.deepEqual(others.map(({kind}) => kind), [Kind.RELEASED]);
		t.false(existsSync(served.plan.state));
		t.false(existsSync(served.service.socket) && !name.includes('taken'));
		served.raw.helper.socket.write(encodeCreateAndStart(2, marked(fullPlan(t, privilege, ['/bin/true'], {streams: NULLS}), served.raw.helper.mark)));
		await served.raw.until(({kind, channel}) => kind === Kind.EXITED && channel === 2);
		served.raw.helper.socket.end();
		t.is(await served.ended(), 'status 0');
	});
}

test('a socket whose path is longer than an address, and where a dead one lies', async t => {
	const directory = join(directoryFor(t, privilege), 'x'.repeat(200));
	mkdirSync(directory);
	chmodSync(directory, 0o777);
	const socket = join(directory, 'socket');
	// What a killed supervisor leaves.
	const dead = createServer();
	const here = process.cwd();
	process.chdir(directory);
	await new Promise<void>(resolve => {
		dead.listen('socket', resolve);
	});
	process.chdir(here);
	t.true(existsSync(socket));
	const served = await new Served(t, privilege, ['/bin/cat'], {service: {socket}}).detach();
	const client = await served.connect();
	client.endInput();
	t.is((await client.exited).code, 0);
	await served.ended();
	dead.close();
});

const breaches: Record<string, (served: Served) => Buffer> = {
	'SERVE twice': served => encodeServe(2, served.service),
	'SERVE after CREATE': served => encodeServe(CHANNEL, served.service),
	'DETACH on a channel': () => {
		const bytes = encodeDetach();
		bytes.writeUInt32LE(1, 8);
		return bytes;
	},
	'INPUT from the orchestrator': () => encodeInput(CHANNEL),
};

for (const [name, bytes] of Object.entries(breaches)) {
	test(`${name} breaks the protocol`, async t => {
		const served = await new Served(t, privilege, ['/bin/sleep', '600']).start();
		served.raw.helper.socket.write(bytes(served));
		t.is(await served.ended(), 'status 0');
		t.true(served.raw.frames.some(({kind, channel}) => kind === Kind.ERROR && channel === 0));
		t.is(served.exit?.signal, 9);
	});
}

test('a stream that is served needs SERVE', async t => {
	const raw = new Raw(t, privilege);
	raw.helper.socket.write(encodeCreateAndStart(1, marked(fullPlan(t, privilege, ['/bin/true'], {streams: {stdin: 'null', stdout: 'served', stderr: 'null'}}), raw.helper.mark)));
	t.is(valueOf(await raw.until(({kind}) => kind === Kind.ERROR), Tag.STEP), Step.STREAMS);
	await raw.until(({kind}) => kind === Kind.RELEASED);
	t.is(await raw.helper.close(), 'status 0');
});

test('without SERVE, too, DETACH lets a container outlive its caller, and its supervisor ends with it', async t => {
	const raw = new Raw(t, privilege);
	t.teardown(() => raw.helper.child.kill('SIGKILL'));
	const plan = marked(fullPlan(t, privilege, ['/bin/sleep', '600'], {streams: NULLS}), raw.helper.mark);
	raw.helper.socket.write(encodeCreateAndStart(1, plan));
	const pid = Number(valueOf(await raw.until(({kind}) => kind === Kind.CREATED), Tag.PID));
	await raw.until(({kind}) => kind === Kind.RUNNING);
	raw.helper.socket.end(encodeDetach());
	await new Promise<void>(resolve => {
		raw.helper.socket.once('close', resolve);
	});
	t.true(isRunning(pid));
	process.kill(pid, 'SIGKILL');
	t.is(await raw.helper.ended, 'status 0');
	await raw.helper.gone();
	t.false(existsSync(plan.state));
});

test('who breaks the protocol after DETACH harms only itself', async t => {
	const served = await new Served(t, privilege, ['/bin/cat']).start();
	served.raw.helper.socket.write(Buffer.concat([encodeDetach(), encodeSignal(0, 9)]));
	await served.raw.until(({kind, channel}) => kind === Kind.ERROR && channel === 0);
	const client = await served.connect();
	client.endInput();
	t.is((await client.exited).code, 0);
	t.is(await served.ended(), 'status 0');
	t.is(served.exit?.code, 0);
});
