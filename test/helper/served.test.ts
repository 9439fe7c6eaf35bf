/** A container that outlives whoever started it. */

import {existsSync, lstatSync, readFileSync, readlinkSync} from 'node:fs';
import test from 'ava';
import {isGone} from '../../orchestrator/helper/client.js';
import {Kind} from '../../orchestrator/helper/protocol.js';
import {eventually} from './marked.js';
import {Served} from './served.js';
import {isRunning, privileges} from './support.js';

const sh = (script: string): string[] => ['/bin/sh', '-c', script];

for (const privilege of privileges) {
	test(`${privilege}: after DETACH it outlives its caller, is reached by its socket, and leaves its record and log`, async t => {
		const served = await new Served(t, privilege, sh('echo out; echo err >&2; read word; echo "got $word"; exit 7')).detach();
		await served.logged('stdout F out');
		await served.logged('stderr F err');
		t.is(lstatSync(served.service.socket).mode & 0o777, 0o600);
		const client = await served.connect();
		const {pid = 0} = await client.status();
		t.true(isRunning(pid));
		t.regex(readlinkSync(served.service.initLink), new RegExp(`^boot-${pid}-\\d+$`));
		client.input(Buffer.from('hello\n'));
		t.is((await client.exited).code, 7);
		t.is(served.exit?.code, 7);
		await client.closed;
		t.is(await served.ended(), 'status 0');
		t.true(served.log.includes('stdout F got hello'));
		t.false(existsSync(served.plan.state));
		t.false(existsSync(served.service.socket));
		t.deepEqual(served.actions, ['start', 'die']);
		t.true(isGone((await t.throwsAsync(served.connect())).cause));
	});

	test(`${privilege}: before DETACH the control socket's end ends it`, async t => {
		const served = await new Served(t, privilege, ['/bin/sleep', '600']).start();
		served.raw.helper.socket.destroy();
		t.is(await served.ended(), 'status 0');
		t.is(served.exit?.signal, 9);
		t.false(existsSync(served.plan.state));
	});

	test(`${privilege}: its supervisor's death ends it`, async t => {
		const served = await new Served(t, privilege, ['/bin/sleep', '600']).detach();
		served.raw.helper.child.kill('SIGKILL');
		t.is(await served.ended(), 'SIGKILL');
		t.is(served.exit, undefined);
		t.true(existsSync(served.plan.state));
	});
}

const [privilege = 'rootless'] = privileges;

test('who stays at the control socket hears everything after DETACH, too', async t => {
	const served = await new Served(t, privilege, ['/bin/true']).start();
	await served.raw.until(({kind}) => kind === Kind.RELEASED);
	t.deepEqual(served.raw.frames.map(({kind}) => kind).filter(kind => kind !== Kind.CREATED), [Kind.HELLO, Kind.RUNNING, Kind.EXITED, Kind.RELEASED]);
	served.raw.helper.socket.end();
	t.is(await served.ended(), 'status 0');
});

test('in a pid namespace of others, who is orphaned and ends is reaped while the container runs', async t => {
	const served = new Served(t, privilege, ['/bin/sh', '-c', 'read word; (/bin/true & exec /bin/sleep 0.1 >/dev/null 2>&1 & ); echo left; read word']);
	served.plan.namespaces = served.plan.namespaces.filter(name => name !== 'pid');
	served.plan.create = served.plan.create.map(op => op.op === 'mount' && op.type === 'proc' ? {op: 'bind', source: '/proc', target: '/proc', create: 'directory', recursive: true} as const : op);
	await served.detach();
	const client = await served.connect();
	const children = (): string => readFileSync(`/proc/${served.raw.helper.pid}/task/${served.raw.helper.pid}/children`, 'utf8');
	const before = children();
	client.input(Buffer.from('go\n'));
	await served.logged('stdout F left');
	await eventually(() => children() === before, () => `${before} ${children()}`);
	client.endInput();
	t.is((await client.exited).code, 1);
	await served.ended();
});
