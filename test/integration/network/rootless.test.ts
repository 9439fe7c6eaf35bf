/** An ordinary user's containers on networks: all that root's can, in a network namespace of his own. */

import {execFileSync} from 'node:child_process';
import {createSocket} from 'node:dgram';
import {once} from 'node:events';
import {existsSync, readdirSync} from 'node:fs';
import {server} from '../support/installed.js';
import {until} from '../support/marked.js';
import {ordinary, type Ordinary} from './ordinary.js';

const SERVER = (text: string): string[] => ['busybox', 'sh', '-c', `echo ${text} > /tmp/index.html; exec httpd -f -p 80 -h /tmp`];
const FETCH = (host: string): string[] => ['busybox', 'sh', '-c', `until wget -qO- http://${host}/ 2>/dev/null; do :; done`];

const leases = ({file}: Ordinary, network: string): string[] => existsSync(file('networks', network, 'leases')) ? readdirSync(file('networks', network, 'leases')) : [];

const addressOf = async ({well}: Ordinary, name: string): Promise<string> => well('inspect', '-f', '{{range .networks}}{{range .addresses}}{{.}}{{end}}{{end}}', name);

const links = async ({well}: Ordinary, name: string): Promise<string> => (await well('exec', name, 'ip', '-o', '-4', 'addr')).split('\n').map(line => line.replace(/^\d+: (\S+) +inet (\S+) .*$/, '$1=$2')).join(' ');

ordinary('names, aliases and ids, by busybox and by glibc, on the network itself and over the names of others', async ({t, run, well}) => {
	await well('network', 'create', '--internal', '--subnet', '10.1.2.0/24', 'tests');
	await well('network', 'create', '--internal', 'other');
	const id = await well('run', '-d', '--name', 'Db', '--network', 'tests:ip=10.1.2.77', '--network-alias', 'primary', 'busybox', 'sleep', '1000');
	for (const name of ['db', 'DB', 'primary', 'primary.tests', id]) {
		t.regex(await well('run', '--network', 'tests', 'busybox', 'nslookup', name), /Address: 10\.1\.2\.77/, name);
		t.regex(await well('run', '--network', 'tests', 'host', 'getent', 'ahostsv4', name), /^10\.1\.2\.77 /, name);
	}

	t.regex(await well('run', '--network', 'tests', 'host', 'getent', 'hosts', '10.1.2.77'), /db/i);
	t.not((await run(['run', '--network', 'other', 'busybox', 'nslookup', 'db'])).status, 0);
	await well('rm', '-f', id);
});

ordinary('two containers listen on one port, and reach each other; networks don\'t', async scene => {
	const {t, run, well} = scene;
	await well('network', 'create', 'tests');
	await well('network', 'create', 'other');
	for (const name of ['one', 'two']) {
		await well('run', '-d', '--name', name, '--network', 'tests', ...SERVER(name));
	}

	for (const name of ['one', 'two']) {
		t.is(await well('run', '--network', 'tests', ...FETCH(name)), name);
	}

	const address = await addressOf(scene, 'one');
	t.is(await well('run', '--network', 'tests', ...FETCH(address)), 'one');
	t.not((await run(['run', '--network', 'other', 'busybox', 'wget', '-T', '1', '-qO-', `http://${address}/`])).status, 0);
	await well('rm', '-f', 'one', 'two');
});

ordinary('a link with addresses of both families, routes, MTU and hardware address; all of it is given back', async scene => {
	const {t, well} = scene;
	await well('network', 'create', '--ipv6', '--subnet', '10.1.2.0/24', '--subnet', 'fd12:3456::/64', '--mtu', '1400', 'tests');
	const text = await well('run', '--network', 'tests', '--ip', '10.1.2.77', '--ip6', 'fd12:3456::77', '--mac-address', '02:42:AC:11:00:02', 'busybox', 'sh', '-c', 'ip -o addr; ip -o link; ip route; ip -6 route');
	for (const pattern of [/eth0 +inet 10\.1\.2\.77\/24/, /eth0 +inet6 fd12:3456::77\/64/, /eth0.*mtu 1400.*02:42:ac:11:00:02/, /default via 10\.1\.2\.1 dev eth0/, /default via fd12:3456::1 dev eth0/]) {
		t.regex(text, pattern);
	}

	await well('run', '-d', '--name', 'web', '--network', 'tests', '--ip6', 'fd12:3456::80', 'busybox', 'sh', '-c', 'echo six > /tmp/index.html; exec httpd -f -p [::]:80 -h /tmp');
	t.is(await well('run', '--network', 'tests', ...FETCH('[fd12:3456::80]')), 'six');
	t.regex(await well('run', '--network', 'tests', 'host', 'getent', 'ahostsv6', 'web'), /^fd12:3456::80 /);
	t.deepEqual(leases(scene, 'tests').sort(), ['10.1.2.2', 'fd12:3456::80']);
	t.regex(await scene.ill('run', '--network', 'tests', '--ip6', 'fd12:3456::80', 'busybox', 'true'), /address is taken: fd12:3456::80/);
	await well('rm', '-f', 'web');
	t.deepEqual(leases(scene, 'tests'), []);
});

ordinary('a container goes onto a network and off it while it runs, and others see it at once', async scene => {
	const {t, run, well} = scene;
	await well('network', 'create', '--internal', '--subnet', '10.1.2.0/24', 'one');
	await well('network', 'create', '--internal', '--subnet', '10.1.3.0/24', 'two');
	await well('run', '-d', '--name', 'db', '--network', 'one', 'busybox', 'nc', '-ll', '-p', '80', '-e', 'echo', 'here');
	await well('network', 'connect', '--alias', 'primary', '--ip', '10.1.3.77', 'two', 'db');
	t.is(await links(scene, 'db'), 'lo=127.0.0.1/8 eth0=10.1.2.2/24 eth1=10.1.3.77/24');
	await well('run', '-d', '--name', 'client', '--network', 'two', 'busybox', 'sleep', '1000');
	const find = async (name: string): Promise<boolean> => (await run(['exec', 'client', 'nslookup', name])).status === 0;
	t.true(await find('db'));
	t.true(await find('primary'));
	t.is(await well('exec', 'client', 'nc', '-w', '30', 'primary', '80'), 'here');
	await well('network', 'disconnect', 'two', 'db');
	t.false(await find('db'));
	t.is(await links(scene, 'db'), 'lo=127.0.0.1/8 eth0=10.1.2.2/24');
	await well('network', 'connect', 'two', 'db');
	const before = await links(scene, 'db');
	await well('restart', '-t', '0', 'db');
	t.is(await links(scene, 'db'), before, 'after a restart, too');
	await well('rm', '-f', 'db', 'client');
});

ordinary('who runs without a network can\'t go onto one until it is started anew', async ({t, well, ill}) => {
	await well('network', 'create', '--internal', 'tests');
	await well('run', '-d', '--name', 'plain', 'busybox', 'sleep', '1000');
	t.regex(await ill('network', 'connect', 'tests', 'plain'), /can't be connected while it runs.*stop it, connect it, start it/);
	await well('stop', '-t', '0', 'plain');
	await well('network', 'connect', 'tests', 'plain');
	await well('start', 'plain');
	t.regex(await well('run', '--network', 'tests', 'busybox', 'nslookup', 'plain'), /Address: 10\./);
	await well('rm', '-f', 'plain');
});

/** What is sent from here is answered; one that comes before the server listens is lost, and sent again. */
const answered = async (port: number): Promise<string> => {
	const socket = createSocket('udp4');
	const heard = once(socket, 'message') as Promise<[Buffer]>;
	const again = setInterval(() => {
		socket.send('x', port, '127.0.0.1');
	}, 20);
	try {
		return String((await heard)[0]);
	} finally {
		clearInterval(again);
		socket.close();
	}
};

const fetch = (url: string): string | undefined => {
	try {
		return execFileSync('/bin/busybox', ['wget', '-qO-', url], {encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore']});
	} catch {
		return undefined;
	}
};

ordinary('published ports lead in from the host, by TCP and UDP', async ({t, well}) => {
	await well('network', 'create', '--internal', 'tests');
	const both = '/server datagrams 0.0.0.0 5300 & echo hello > /tmp/index.html; exec httpd -f -p 80 -h /tmp';
	await well('run', '-d', '--name', 'web', '--network', 'tests', '-v', `${server}:/server:ro`, '-p', '127.0.0.1:0:80', '-p', '127.0.0.1:0:5300/udp', 'busybox', 'sh', '-c', both);
	const port = async (inside: string): Promise<number> => Number((await well('port', 'web', inside)).replace(/^127\.0\.0\.1:/, ''));
	const [tcp, udp] = [await port('80/tcp'), await port('5300/udp')];
	await until(() => fetch(`http://127.0.0.1:${tcp}/`) === 'hello\n');
	t.is(await answered(udp), 'x');
	await well('rm', '-f', 'web');
	t.is(fetch(`http://127.0.0.1:${tcp}/`), undefined);
});
