/** Published ports where the kernel refuses something: told, and nothing is left. */

import {once} from 'node:events';
import test from 'ava';
import {client, port, publish, publishing} from './publishing.js';
import {type Fault, faulty, runWith} from './strace.js';
import {privileges} from './support.js';

const published = {ports: [port(), port({address: '::1'}), port({protocol: 'udp'})]};

const faults: ReadonlyArray<readonly [Fault, expected: object]> = [
	[{call: 'listen', error: 'ENOBUFS', when: 1}, {step: 'publish', code: 'ENOBUFS'}],
	[{call: 'bind', error: 'EACCES', when: 2}, {step: 'publish', code: 'EACCES'}],
	// The forwarder's, and nobody else's: without privilege nothing else is entered.
	[{call: 'setns', error: 'EPERM', when: 1}, {step: 'publish', code: 'EPERM', where: 'the container\'s network'}],
	[{call: 'setrlimit', error: 'EPERM', when: 1}, {}],
];

for (const [fault, expected] of faults) {
	faulty(`rootless: a ${fault.call} that fails with ${fault.error}`, async t => {
		const {error, exit} = await runWith(t, 'rootless', fault, full => ({...full, ...published}));
		if ('step' in expected) {
			t.like(error, expected);
		} else {
			t.is(exit?.code, 0);
		}
	});
}

faulty('rootless: a number that was free when it was chosen, and is taken when it is bound, is chosen anew', async t => {
	const {struck, error, exit} = await runWith(t, 'rootless', {call: 'listen', error: 'EADDRINUSE', when: 2}, full => ({...full, ...published}));
	t.is(struck, 1);
	t.is(error, undefined);
	t.is(exit?.code, 0);
});

for (const privilege of privileges) {
	test(`${privilege}: a client that doesn't read its last words doesn't hold up the end for long, nor the port`, async t => {
		const {number, launch} = await publish(t, privilege, publishing(t, privilege, ['send', '127.0.0.1', '80', '1000000000']));
		const slow = await client(number);
		slow.pause();
		slow.on('error', () => undefined);
		await once(slow.once('readable', () => undefined), 'readable');
		launch.signal(9);
		await launch.released;
		await t.throwsAsync(client(number), {code: 'ECONNREFUSED'});
		slow.destroy();
	});
}
