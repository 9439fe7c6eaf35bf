/** Containers on networks: links, addresses, routes; what is ours in /etc; what is given back, whoever ends or is killed. */

import {copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {cloche, directoryOf, ran, refused} from '../support/cloche.js';
import {busybox} from '../support/installed.js';
import {until} from '../support/marked.js';
import {type Scene, scene} from './scene.js';

/** Addresses that are somebody's, and names that lead somewhere. */
const claimed = (root: string, network: string): string[] => ['leases', 'names'].flatMap(kind => {
	const directory = join(root, 'networks', network, kind);
	return existsSync(directory) ? readdirSync(directory).filter(name => kind === 'leases' || readdirSync(join(directory, name)).length > 0) : [];
});

const state = (root: string): string[] => ['containers', 'live', 'run'].flatMap(kind => existsSync(join(root, kind)) ? readdirSync(join(root, kind)) : []);

const addressOf = async ({well}: Scene, name: string): Promise<string> => well('inspect', '-f', '{{range .networks}}{{.interface}}={{range .addresses}}{{.}},{{end}} {{end}}', name);

scene('a link with address, route, MTU and hardware address; all of it is given back', async ({t, root, well}) => {
	await well('network', 'create', '--ipv6', '--subnet', '10.1.2.0/24', '--subnet', 'fd12:3456::/64', '--mtu', '1400', 'tests');
	const text = await well('run', '--network', 'tests', '--ip', '10.1.2.77', '--ip6', 'fd12:3456::77', '--mac-address', '02:42:AC:11:00:02', 'busybox', 'sh', '-c', 'ip -o addr; ip -o link; ip route; ip -6 route');
	for (const pattern of [/eth0 +inet 10\.1\.2\.77\/24/, /eth0 +inet6 fd12:3456::77\/64/, /eth0.*mtu 1400.*02:42:ac:11:00:02/, /default via 10\.1\.2\.1 dev eth0/, /default via fd12:3456::1 dev eth0/, /lo +inet 127\.0\.0\.1/]) {
		t.regex(text, pattern);
	}

	t.deepEqual(claimed(root, 'tests'), []);
	t.deepEqual(state(root), []);
	await well('network', 'rm', 'tests');
});

scene('bridge is the default network, which is made; several networks are eth0, eth1, …', async ({t, well, ill}) => {
	t.regex((await well('run', '--network', 'bridge', 'busybox', 'ip', '-o', '-4', 'addr')), /eth0 +inet 10\.89\.0\.\d+\/24/);
	t.regex(await well('network', 'ls'), /cloche/);
	await well('network', 'create', '--internal', 'inner');
	const text = await well('run', '--network', 'inner:alias=a,ip=10.89.1.9', '--network', 'name=cloche,alias=b', 'busybox', 'sh', '-c', 'ip -o -4 addr; ip route');
	t.regex(text, /eth0 +inet 10\.89\.1\.9\/24/);
	t.regex(text, /eth1 +inet 10\.89\.0\.\d+\/24/);
	t.regex(text, /default via 10\.89\.0\.1 dev eth1/);
	t.notRegex(text, /default via 10\.89\.1/);
	t.regex(await ill('run', '--network', 'inner', '--network', 'cloche', '--ip', '10.89.1.9', 'busybox', 'true'), /several networks.*NAME:ip=/);
	await well('network', 'rm', 'inner', 'cloche');
});

scene('two containers listen on one port, and reach each other', async ({t, well}) => {
	await well('network', 'create', '--internal', 'tests');
	for (const name of ['one', 'two']) {
		await well('run', '-d', '--name', name, '--network', 'tests', 'busybox', 'sh', '-c', `echo ${name} > /tmp/index.html; exec httpd -f -p 80 -h /tmp`);
	}

	const fetch = (name: string): Promise<string> => well('run', '--network', 'tests', 'busybox', 'sh', '-c', `until wget -qO- http://${name}/ 2>/dev/null; do :; done`);
	t.is(await fetch('one'), 'one');
	t.is(await fetch('two'), 'two');
	await well('rm', '-f', 'one', 'two');
	await well('network', 'rm', 'tests');
});

scene('one clear line each: what can\'t be had', async ({t, root, well, ill}) => {
	await well('network', 'create', '--subnet', '10.1.2.0/29', 'small');
	await well('run', '-d', '--name', 'holder', '--network', 'small:ip=10.1.2.3', 'busybox', 'sleep', '1000');
	t.regex(await ill('run', '--network', 'nope', 'busybox', 'true'), /no such network: nope/);
	t.regex(await ill('run', '--network', 'small', '--ip', '10.9.9.9', 'busybox', 'true'), /isn't in the network.*10\.1\.2\.0\/29/);
	t.regex(await ill('run', '--network', 'small', '--ip', '10.1.2.3', 'busybox', 'true'), /address is taken: 10\.1\.2\.3/);
	t.regex(await ill('run', '--network', 'small', '--ip', '10.1.2.1', 'busybox', 'true'), /gateway/);
	t.regex(await ill('network', 'rm', 'small'), /in use: small: by holder/);
	t.deepEqual(claimed(root, 'small').filter(name => name.startsWith('10.')), ['10.1.2.3']);
	t.is(state(root).filter(name => !name.includes('.') && !name.includes('-')).length, 2, 'the holder\'s directory, and its own in run');
	await well('rm', '-f', 'holder');
	await well('network', 'rm', 'small');
});

scene('a restart and a start keep the address; stop gives it back', async scenery => {
	const {t, root, well} = scenery;
	await well('network', 'create', '--internal', 'tests');
	await well('run', '-d', '--name', 'web', '--network', 'tests', '--network-alias', 'www', 'busybox', 'sleep', '1000');
	const before = await addressOf(scenery, 'web');
	t.regex(before, /^eth0=10\.89\.0\.\d+,$/);
	await well('stop', '-t', '0', 'web');
	t.deepEqual(claimed(root, 'tests'), []);
	await well('run', '--network', 'tests', 'busybox', 'true');
	await well('start', 'web');
	t.is(await addressOf(scenery, 'web'), before);
	await well('restart', '-t', '0', 'web');
	t.is(await addressOf(scenery, 'web'), before);
	await well('rm', '-f', 'web');
	t.deepEqual(claimed(root, 'tests'), []);
	await well('network', 'rm', 'tests');
});

scene('a supervisor that is killed leaves what the next start gives back', async ({t, root, well}) => {
	await well('network', 'create', '--internal', 'tests');
	await well('run', '-d', '--name', 'web', '--network', 'tests', 'busybox', 'sleep', '1000');
	process.kill(Number(await well('inspect', '-f', '{{.owner.pid}}', 'web')), 'SIGKILL');
	await until(async () => await well('ps', '-a', '--format', '{{.State}}') === 'dead');
	t.not(claimed(root, 'tests').length, 0);
	await well('run', 'busybox', 'true');
	t.deepEqual(claimed(root, 'tests'), []);
	await well('rm', 'web');
	await well('network', 'rm', 'tests');
});

scene('one in the foreground whose caller is killed', async ({t, root, well, begin}) => {
	await well('network', 'create', '--internal', 'tests');
	const running = begin(['run', '--network', 'tests', 'busybox', 'sleep', '1000']);
	// From there on its supervisor gives everything back; before, the next start does.
	await until(async () => await well('ps', '-q') !== '');
	running.child.kill('SIGKILL');
	await running.ended;
	await until(() => claimed(root, 'tests').length === 0);
	await until(() => state(root).length === 0);
	t.pass();
	await well('network', 'rm', 'tests');
});

scene('container:NAME shares a network stack, its names with it', async ({t, well, ill}) => {
	await well('network', 'create', '--internal', 'tests');
	await well('run', '-d', '--name', 'web', '--network', 'tests', 'busybox', 'sleep', '1000');
	const address = await well('exec', 'web', 'ip', '-o', '-4', 'addr', 'show', 'eth0');
	t.is(await well('run', '--network', 'container:web', 'busybox', 'ip', '-o', '-4', 'addr', 'show', 'eth0'), address);
	t.regex(await well('run', '--network', 'container:web', 'busybox', 'nslookup', 'web'), /Address: 10\.89\.0\./);
	t.regex(await ill('run', '--network', 'container:web', '-p', '80', 'busybox', 'true'), /another container's/);
	await well('stop', '-t', '0', 'web');
	t.regex(await ill('run', '--network', 'container:web', 'busybox', 'true'), /isn't running: web/);
	await well('rm', 'web');
	await well('network', 'rm', 'tests');
});

const SHOW = 'for f in hosts hostname resolv.conf; do echo "[$f]"; cat /etc/$f; done';

scene('hosts, hostname and resolv.conf are the container\'s own', async ({t, well}) => {
	await well('network', 'create', 'tests');
	const text = await well('run', '--network', 'tests:ip=10.89.0.9', '--hostname', 'me', '--add-host', 'other:1.2.3.4', '--add-host', 'gate:host-gateway', '--dns-search', 'example.com', '--dns-option', 'timeout:1', '--read-only', 'busybox', 'sh', '-c', SHOW);
	for (const pattern of [/^127\.0\.0\.1\tlocalhost$/m, /^10\.89\.0\.9\tme$/m, /^1\.2\.3\.4\tother$/m, /^10\.89\.0\.1\tgate$/m, /\[hostname]\nme\n/, /nameserver 127\.0\.0\.11\nsearch example\.com\noptions .*timeout:1.*ndots:0/]) {
		t.regex(text, pattern);
	}

	await well('network', 'rm', 'tests');
});

/** A root with busybox, and these files in /etc. */
const rootWith = (files: Readonly<Record<string, string>>): string => {
	const root = join(directoryOf(), 'root');
	mkdirSync(join(root, 'bin'), {recursive: true});
	copyFileSync(join(busybox, 'bin/busybox'), join(root, 'bin/busybox'));
	mkdirSync(join(root, 'etc'));
	for (const [name, text] of Object.entries(files)) {
		writeFileSync(join(root, 'etc', name), text);
	}

	return root;
};

for (const branch of ['memory', 'disk']) {
	test(`without a network the image's own are seen; with --add-host or -p the container's, and the image's stay as they are, on ${branch}`, async t => {
		const root = rootWith({'resolv.conf': 'nameserver 1.2.3.4\n'});
		const show = (...flags: string[]): Promise<string> => ran(t, ['--branch', branch, '--hostname', 'me', ...flags, '-e', 'PATH=/bin', '--rootfs', root, 'busybox', 'sh', '-c', 'busybox cat /etc/hosts /etc/hostname 2>/bin/x; echo "[$(busybox cat /etc/resolv.conf)]"']);
		t.is(await show(), '[nameserver 1.2.3.4]\n');
		t.regex(await show('--add-host', 'other:1.2.3.4'), /^127\.0\.0\.1\tlocalhost\n[^]*^127\.0\.0\.1\tme\n1\.2\.3\.4\tother\nme\n\[]\n$/m);
		t.regex(await show('-p', '127.0.0.1::80'), /^127\.0\.0\.1\tme\nme\n\[]\n$/m);
		t.deepEqual(readdirSync(join(root, 'etc')), ['resolv.conf']);
		t.is(readFileSync(join(root, 'etc/resolv.conf'), 'utf8'), 'nameserver 1.2.3.4\n');
	});

	test(`what is in the way in /etc harms nobody, on ${branch}`, async t => {
		const root = rootWith({});
		mkdirSync(join(root, 'etc/hosts'));
		symlinkSync('../../../../../../etc/passwd', join(root, 'etc/resolv.conf'));
		symlinkSync('/nowhere/at/all', join(root, 'etc/hostname'));
		const before = readFileSync('/etc/passwd', 'utf8');
		await ran(t, ['--branch', branch, '-p', '127.0.0.1::80', '--rootfs', root, '/bin/busybox', 'true']);
		t.is(readFileSync('/etc/passwd', 'utf8'), before);
		rmSync(join(root, 'etc'), {recursive: true});
		symlinkSync('/etc', join(root, 'etc'));
		await ran(t, ['--branch', branch, '-p', '127.0.0.1::80', '--rootfs', root, '/bin/busybox', 'true']);
		rmSync(join(root, 'etc'));
		await ran(t, ['--branch', branch, '-p', '127.0.0.1::80', '--rootfs', root, '/bin/busybox', 'sh', '-c', 'busybox test ! -e /etc']);
	});
}

test('options that don\'t go together are refused, with what to do', async t => {
	await refused(t, ['run', '--network', 'none', '--network', 'host', 'busybox', 'true'], [/none goes with no other/]);
	await refused(t, ['run', '--network', 'a', '--network', 'a', 'busybox', 'true'], [/stands there twice/]);
	await refused(t, ['run', '--ip', '10.0.0.1', 'busybox', 'true'], [/on no network; add --network NAME/]);
	await refused(t, ['run', '--network', 'a', '--ip', '10.0.0', 'busybox', 'true'], [/--ip 10\.0\.0: not an address/]);
	await refused(t, ['run', '--network', 'a', '--mac-address', '01:00:00:00:00:00', 'busybox', 'true'], [/a group's/]);
	await refused(t, ['run', '--network', 'host', '--sysctl', 'net.core.somaxconn=1', 'busybox', 'true'], [/would change the host/]);
	await refused(t, ['run', '-P', 'busybox', 'true'], [/--publish-all: no port is exposed/]);
	await refused(t, ['run', '--expose', '80', '-P', '--network', 'host', 'busybox', 'true'], [/--publish-all: its network is the host's/]);
	await refused(t, ['run', '--expose', '127.0.0.1:80', 'busybox', 'true'], [/no port and no range/]);
	await refused(t, ['run', '--add-host', 'x', 'busybox', 'true'], [/not a name and an address/]);
	const {stdout} = await cloche(['run', '--explain', '--network', 'a', '-p', '80', 'busybox', 'true']);
	t.regex(stdout, /make the link eth0/);
	t.regex(stdout, /listen for name queries on 127\.0\.0\.11/);
});
