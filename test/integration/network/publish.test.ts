/** Published ports by the flags of run: what is reached, what `port`, ps and inspect tell, what is refused. */

import {existsSync, readdirSync} from 'node:fs';
import {join} from 'node:path';
import {until} from '../support/marked.js';
import {scene} from './scene.js';

const SERVER = ['busybox', 'sh', '-c', 'echo hello > /tmp/index.html; exec httpd -f -p 80 -h /tmp'];

scene('a port is reached on IPv4 and IPv6, without any network, and told of everywhere', async ({t, net, root, well, ill}) => {
	await well('run', '-d', '--name', 'web', '-p', '8080:80', '-p', '127.0.0.1:5300:53/udp', ...SERVER);
	await until(() => net.succeeds('busybox', 'wget', '-qO-', 'http://127.0.0.1:8080/'));
	t.is(net.run('busybox', 'wget', '-qO-', 'http://127.0.0.1:8080/'), 'hello\n');
	t.is(net.run('busybox', 'wget', '-qO-', 'http://[::1]:8080/'), 'hello\n');
	t.is(await well('port', 'web'), '80/tcp -> 0.0.0.0:8080\n80/tcp -> [::]:8080\n53/udp -> 127.0.0.1:5300');
	t.is(await well('port', 'web', '53/udp'), '127.0.0.1:5300');
	t.regex(await ill('port', 'web', '81'), /isn't published: web 81\/tcp: it has 80\/tcp, 53\/udp/);
	t.is(await well('ps', '--format', '{{.Ports}}'), '0.0.0.0:8080->80/tcp, [::]:8080->80/tcp, 127.0.0.1:5300->53/udp');
	t.is(await well('inspect', '-f', '{{range .ports}}{{.outside}} {{end}}', 'web'), '8080 8080 5300');
	t.regex(await ill('run', '-p', '8080:80', 'busybox', 'true'), /8080\/tcp: bind: address already in use/);
	await well('stop', '-t', '0', 'web');
	t.false(net.succeeds('busybox', 'wget', '-qO-', 'http://127.0.0.1:8080/'));
	t.is(await well('port', 'web'), '');
	await well('start', 'web');
	await until(() => net.succeeds('busybox', 'wget', '-qO-', 'http://127.0.0.1:8080/'));
	await well('rm', '-f', 'web');
	t.deepEqual(existsSync(join(root, 'run')) ? readdirSync(join(root, 'run')) : [], []);
});

scene('a port that is free is found, and ranges are published one by one; on a network, too', async ({t, net, well}) => {
	await well('network', 'create', '--internal', 'tests');
	await well('run', '-d', '--name', 'web', '--network', 'tests', '-p', '80', '-p', '127.0.0.1:7000-7002:70-72', ...SERVER);
	const [one = '', other] = (await well('port', 'web', '80')).split('\n');
	const [, number = ''] = /^0\.0\.0\.0:(\d+)$/.exec(one) ?? [];
	t.is(other, `[::]:${number}`);
	await until(() => net.succeeds('busybox', 'wget', '-qO-', `http://127.0.0.1:${number}/`));
	t.is(await well('port', 'web', '72'), '127.0.0.1:7002');
	await well('rm', '-f', 'web');
	await well('network', 'rm', 'tests');
});

scene('what is exposed is told, and -P publishes each of it that -p doesn\'t', async ({t, net, well}) => {
	await well('run', '-d', '--name', 'told', '--expose', '80', '--expose', '70-71/udp', ...SERVER);
	t.is(await well('port', 'told'), '');
	t.is(await well('ps', '--format', '{{.Ports}}'), '80/tcp, 70/udp, 71/udp');
	await well('run', '-d', '--name', 'web', '--expose', '80', '--expose', '70/udp', '--expose', '80-81', '-p', '127.0.0.1:7001:81', '-P', ...SERVER);
	const lines = (await well('port', 'web')).split('\n').map(line => line.replace(/:\d+$/, ''));
	t.deepEqual(lines, ['81/tcp -> 127.0.0.1', '80/tcp -> 0.0.0.0', '80/tcp -> [::]', '70/udp -> 0.0.0.0', '70/udp -> [::]']);
	const [, number = ''] = /^0\.0\.0\.0:(\d+)$/m.exec(await well('port', 'web', '80')) ?? [];
	await until(() => net.succeeds('busybox', 'wget', '-qO-', `http://127.0.0.1:${number}/`));
	await well('restart', '-t', '0', 'web');
	t.is((await well('port', 'web')).split('\n').length, 5);
	await well('rm', '-f', 'web', 'told');
});

scene('in the foreground, ports are told of while it runs', async ({t, net, root, well, begin}) => {
	const running = begin(['run', '--rm', '--name', 'web', '-p', '8080:80', ...SERVER]);
	await until(() => net.succeeds('busybox', 'wget', '-qO-', 'http://127.0.0.1:8080/'));
	t.is(await well('port', 'web', '80'), '0.0.0.0:8080\n[::]:8080');
	running.child.kill('SIGTERM');
	await running.ended;
	t.false(net.succeeds('busybox', 'wget', '-qO-', 'http://127.0.0.1:8080/'));
	t.deepEqual(readdirSync(join(root, 'run')), []);
});
