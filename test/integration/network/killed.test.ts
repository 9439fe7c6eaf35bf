/** kill -9 between any two steps leaves nothing that the next start doesn't remove; and many at once all succeed. */

import {readdirSync, readFileSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import {bridgeLines, removalLines} from '../../../orchestrator/network/bridge.js';
import {type Scene, scene} from './scene.js';

/** Our `ip` and `nft`: they do what they are told, the first lines of it or nothing, and kill who started them. */
const killer = (tool: 'ip' | 'nft', lines: number | 'none' | 'all', call = 1): string => `#!/bin/sh
count="\${0%/*}/${tool}.count"
echo >> "$count"
real=/usr/sbin/${tool}
if [ "$(wc -l < "$count")" -ne ${call} ]; then exec "$real" "$@"; fi
${lines === 'all' ? '"$real" "$@"' : lines === 'none' ? ':' : `head -n ${lines} | "$real" "$@"`}
kill -KILL $PPID
`;

/** Every number of lines after which ip can be cut short, for the longest that is ever told to it: a network of both families. */
const numbers = (lines: readonly string[]): number[] => lines.map((_, index) => index + 1);
const LONGEST = bridgeLines({
	version: 1, id: '', name: 'a', bridge: 'clo', internal: false, mtu: 1500, labels: {}, created: '',
	subnets: [{subnet: '10.89.0.0/24', gateway: '10.89.0.1'}, {subnet: 'fd12::/64', gateway: 'fd12::1'}],
}, '');

const steps: ReadonlyArray<readonly [title: string, texts: Record<string, string>]> = [
	['before the rules', {nft: killer('nft', 'none')}],
	['after the rules', {nft: killer('nft', 'all')}],
	['before the bridge', {ip: killer('ip', 'none')}],
	...numbers(LONGEST).map(lines => [`after ${lines} lines of ip`, {ip: killer('ip', lines)}] as const),
	['after the bridge', {ip: killer('ip', 'all')}],
];

const isClean = ({t, root, kernel}: Scene, before: string, what: string): void => {
	t.is(kernel(), before, what);
	t.deepEqual(readdirSync(join(root, 'networks')), [], what);
};

for (const [title, texts] of steps) {
	scene(`create, killed ${title}: the next start removes it`, async all => {
		const {t, run, well, kernel, programs} = all;
		const before = kernel();
		const {signal} = await run(['network', 'create', '--ipv6', 'a'], programs(texts));
		t.is(signal, 'SIGKILL');
		t.is(await well('network', 'ls', '-q'), '', 'it isn\'t there');
		await well('run', 'busybox', 'true');
		isClean(all, before, title);
		t.regex(await well('network', 'create', '--internal', 'a'), /^\w+$/, 'its name and its subnet are free');
		t.is(await well('network', 'inspect', '-f', '{{range .IPAM.Config}}{{.Subnet}}{{end}}', 'a'), '10.89.0.0/24');
		await well('network', 'rm', 'a');
	});
}

for (const [title, texts] of [
	['before the bridge goes', {ip: killer('ip', 'none')}],
	['after the bridge went', {ip: killer('ip', 'all')}],
	['before the rules go', {nft: killer('nft', 'none')}],
	['after the rules went', {nft: killer('nft', 'all')}],
	['before it looks whether forwarding was ours', {nft: killer('nft', 'none', 2)}],
	['before it forgets that forwarding was ours', {nft: killer('nft', 'none', 3)}],
] as const) {
	scene(`rm, killed ${title}: the next start removes the rest`, async all => {
		const {t, run, well, kernel, programs} = all;
		const before = kernel();
		t.is((await run(['network', 'create', 'a'])).status, 0);
		const {signal} = await run(['network', 'rm', 'a'], programs(texts));
		t.is(signal, 'SIGKILL');
		t.is(await well('network', 'ls', '-q'), '');
		await well('gc');
		isClean(all, before, title);
	});
}

for (const [what, stale] of [['is gone', false], ['isn\'t of this boot', true]] as const) {
	scene(`a bridge that ${what} is made anew, killed between any two lines of ip: who wants it next gets it whole`, async all => {
		const {t, net, root, run, well, programs} = all;
		const bridge = `clo${(await well('network', 'create', '--internal', '--ipv6', 'a')).slice(0, 8)}`;
		const look = (): string => net.run('ip', '-o', 'address', 'show', 'dev', bridge, 'scope', 'global').replaceAll(/^\d+: /gm, '');
		const whole = look();
		t.regex(whole, /inet 10[^]*inet6 fd/);
		for (const lines of ['none', ...numbers([...stale ? removalLines({bridge}) : [], ...LONGEST])] as const) {
			if (stale) {
				rmSync(join(root, 'networks/a/ready'));
			} else {
				net.run('ip', 'link', 'delete', bridge);
			}

			const {signal} = await run(['run', '--network', 'a', 'busybox', 'true'], programs({ip: killer('ip', lines)}));
			t.is(signal, 'SIGKILL');
			t.is(await well('network', 'ls', '--format', '{{.Name}}'), 'a', 'it is there, whatever became of its bridge');
			t.regex(await well('run', '--network', 'a', '--cap-add', 'NET_RAW', 'busybox', 'ping', '-c', '1', '-W', '60', '10.89.0.1'), /1 packets received/, `${lines}`);
			t.is(look(), whole, `${lines}`);
		}

		await well('network', 'rm', 'a');
	});
}

scene('prune of three, killed between any two lines of ip: the next start removes the rest', async all => {
	const {t, run, well, kernel, programs} = all;
	const before = kernel();
	const names = ['a', 'b', 'c'];
	for (const lines of ['none', ...numbers(names)] as const) {
		for (const name of names) {
			t.is((await run(['network', 'create', name])).status, 0);
		}

		t.is((await run(['network', 'prune', '-f'], programs({ip: killer('ip', lines)}))).signal, 'SIGKILL');
		t.is(await well('network', 'ls', '-q'), '');
		await well('run', 'busybox', 'true');
		isClean(all, before, `${lines}`);
	}
});

scene('who removes what another was killed at is killed at it, too: the one after removes the rest', async all => {
	const {t, run, well, kernel, programs} = all;
	const before = kernel();
	for (const [tool, lines, call] of [['ip', 'none', 1], ['ip', 'all', 1], ['nft', 'none', 1], ['nft', 'none', 3]] as const) {
		t.is((await run(['network', 'create', 'a'], programs({ip: killer('ip', 2)}))).signal, 'SIGKILL');
		t.is((await run(['gc'], programs({[tool]: killer(tool, lines, call)}))).signal, 'SIGKILL');
		await well('run', 'busybox', 'true');
		isClean(all, before, `${tool} ${lines} ${call}`);
	}
});

scene('who is killed holds nobody up: the next create takes the turn over', async ({t, run, well, programs}) => {
	const {signal} = await run(['network', 'create', '--internal', 'a'], programs({ip: killer('ip', 1)}));
	t.is(signal, 'SIGKILL');
	await well('network', 'create', '--internal', 'a');
	await well('network', 'rm', 'a');
});

scene('where a tool fails, nothing is changed, and its words are told', async all => {
	const {t, root, run, kernel, programs} = all;
	const before = kernel();
	const ip = await run(['network', 'create', 'a'], programs({ip: '#!/bin/sh\nhead -n 1 | /usr/sbin/ip "$@"\necho "RTNETLINK answers: No buffer space available" >&2\necho "Command failed -:2" >&2\nexit 1\n'}));
	t.is(ip.status, 125);
	t.regex(ip.stderr, /^cloche: ip failed: link set dev clo\w{8} alias [^\n]*: No buffer space available\n$/);
	const {status, stderr} = await run(['network', 'create', 'a'], programs({nft: '#!/bin/sh\necho "/dev/stdin:1:1-5: Error: Could not process rule: Operation not supported" >&2\nexit 1\n'}));
	t.is(status, 125);
	t.regex(stderr, /^cloche: nft failed: nft -f: Could not process rule: Operation not supported\n$/);
	t.deepEqual(readdirSync(join(root, 'networks')).filter(name => name !== '.unfinished'), []);
	await run(['gc']);
	t.is(kernel(), before);
});

scene('exactly one ip for a network, whatever it has', async ({t, run, well, programs}) => {
	const {PATH} = programs({ip: '#!/bin/sh\necho "$@" >> "${0%/*}/calls"\nexec /usr/sbin/ip "$@"\n'});
	await run(['network', 'create', '--ipv6', '--label', 'a=b', 'a'], {PATH});
	t.is(await well('network', 'ls', '-q') === '', false);
	t.is(readFileSync(`${PATH.split(':')[0] ?? ''}/calls`, 'utf8'), '-batch -\n');
	await well('network', 'rm', 'a');
});

scene('24 networks by 8 orchestrators at once: each gets a subnet of its own, and all go', async ({t, run, well}) => {
	const names = Array.from({length: 24}, (_, index) => `n${index}`);
	const work = [...names];
	const worker = async (command: readonly string[]): Promise<void> => {
		for (let name = work.pop(); name !== undefined; name = work.pop()) {
			const {status, stderr} = await run([...command, name]);
			t.is(status, 0, stderr);
		}
	};

	await Promise.all(Array.from({length: 8}, async () => worker(['network', 'create', '--internal'])));
	const subnets = (await well('network', 'ls', '--format', '{{.Subnets}}')).split('\n');
	t.is(new Set(subnets).size, names.length);
	work.push(...names);
	await Promise.all(Array.from({length: 8}, async () => worker(['network', 'rm'])));
	t.is(await well('network', 'ls', '-q'), '');
});

scene('of many who make the same one, one does', async ({t, run, well}) => {
	const ended = await Promise.all(Array.from({length: 8}, async () => run(['network', 'create', '--internal', 'same'])));
	t.deepEqual(ended.map(({status}) => status).sort(), [0, ...Array.from({length: 7}, () => 125)]);
	await well('network', 'rm', 'same');
});

scene('a bridge whose record somebody removed goes with gc', async ({t, net, root, well, run, kernel}) => {
	const before = kernel();
	await well('network', 'create', '--internal', 'a');
	rmSync(join(root, 'networks/a'), {recursive: true});
	t.true(net.run('ip', 'link').includes('clo'));
	await run(['gc']);
	t.is(kernel(), before);
});
