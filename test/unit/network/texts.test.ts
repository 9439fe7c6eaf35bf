/** What ip and nft are told, and what is read of what they say. */

import test from 'ava';
import {parseBatchFailure} from '../../../orchestrator/host/ip.js';
import {systemPath} from '../../../orchestrator/host/tool.js';
import {bridgeLines, isBridge} from '../../../orchestrator/network/bridge.js';
import {parseDropping} from '../../../orchestrator/network/foreign.js';
import {candidates} from '../../../orchestrator/network/leases.js';
import {type NetworkRecord, parseNetwork, rangesOf, requireNetworkName} from '../../../orchestrator/network/record.js';
import {isHostName, requireAlias} from '../../../orchestrator/network/registry.js';
import {rulesText} from '../../../orchestrator/network/rules.js';

const base: NetworkRecord = {
	version: 1, id: 'abcdefgh1234', name: 'tests', bridge: 'cloabcdefgh', internal: false, mtu: 1400, labels: {}, created: '2026-11-23T00:00:00.000Z',
	subnets: [{subnet: '10.89.0.0/24', gateway: '10.89.0.1'}, {subnet: 'fd12::/64', gateway: 'fd12::1'}],
};
const internal: NetworkRecord = {...base, id: 'ijklmnop1234', name: 'inner', bridge: 'cloijklmnop', internal: true, subnets: [{subnet: '10.89.1.0/29', gateway: '10.89.1.1'}]};

test('the lines for a bridge: everything in the first that can be, up in the last', t => {
	t.deepEqual(bridgeLines(base, '01234567'), [
		'link add name cloabcdefgh address 02:c1:0a:59:00:01 mtu 1400 type bridge',
		'link set dev cloabcdefgh alias cloche:01234567:tests',
		'address add 10.89.0.1/24 dev cloabcdefgh',
		'address add fd12::1/64 dev cloabcdefgh nodad',
		'link set dev cloabcdefgh up',
	]);
	t.regex(bridgeLines(internal, '01234567').join('\n'), /addrgenmode none/);
});

test('a line never holds what a user wrote unchecked', t => {
	for (const name of ['a b', 'a\nlink delete dev eth0', '', '-f', '.x', 'x'.repeat(129), 'a;b', 'ü']) {
		t.throws(() => {
			requireNetworkName(name);
		}, {message: /^not a network's name/}, name);
	}

	for (const name of ['none', 'host', 'bridge', 'container']) {
		t.throws(() => {
			requireNetworkName(name);
		}, {message: /means something else/});
	}

	t.notThrows(() => {
		requireNetworkName('x'.repeat(128));
	});
});

test('our bridges are told from others by their names, which fit a link', t => {
	t.true(isBridge('cloabcdefgh'));
	t.true('cloabcdefgh'.length < 16);
	for (const name of ['clone0', 'cloabcdefghi', 'docker0', 'cloABCDEFGH']) {
		t.false(isBridge(name));
	}
});

test('the rules are one table, put in the place of the old one at once', t => {
	const text = rulesText([base, internal], '01234567');
	t.true(text.startsWith('table inet cloche_01234567 {}\ndelete table inet cloche_01234567\ntable inet cloche_01234567 {\n'));
	t.regex(text, /set outbound4 \{\n\t\ttype ipv4_addr\n\t\tflags interval\n\t\telements = \{ 10\.89\.0\.0\/24 \}/);
	t.regex(text, /set outbound6 \{[^}]*elements = \{ fd12::\/64 \}/);
	t.regex(text, /set bridges \{[^}]*"cloabcdefgh", "cloijklmnop"/);
	t.regex(text, /set internal \{[^}]*elements = \{ "cloijklmnop" \}/);
	t.is(rulesText([], '01234567'), 'table inet cloche_01234567 {}\ndelete table inet cloche_01234567\n');
});

test('which line failed, and why', t => {
	t.deepEqual(parseBatchFailure('RTNETLINK answers: File exists\nCommand failed -:2', ['a', 'b', 'c']), {line: 'b', why: 'File exists'});
	t.deepEqual(parseBatchFailure('Cannot find device "x"\nCommand failed -:1\n', ['a']), {line: 'a', why: 'Cannot find device "x"'});
	t.deepEqual(parseBatchFailure('', ['a']), {line: undefined, why: undefined});
});

test('a program called nft that npm has put into PATH isn\'t taken', t => {
	t.is(systemPath('/x/node_modules/.bin:/usr/sbin:relative::/bin'), '/usr/sbin:/bin');
});

test('chains of others that drop what passes are found; ours, and those that accept, are not', t => {
	const chain = (table: string, name: string, hook: string, policy: string, family = 'ip') => ({chain: {family, table, name, hook, policy}});
	const text = JSON.stringify({nftables: [
		{metainfo: {}}, chain('filter', 'FORWARD', 'forward', 'drop'), chain('filter', 'INPUT', 'input', 'drop'), chain('other', 'forward', 'forward', 'accept', 'inet'),
		chain('cloche_01234567', 'passing', 'forward', 'drop', 'inet'), chain('fw', 'f', 'forward', 'drop', 'ip6'), {chain: {family: 'ip', table: 'filter', name: 'DOCKER-USER'}},
	]});
	t.deepEqual(parseDropping(text), [{family: 'ip', table: 'filter', name: 'FORWARD'}]);
	t.deepEqual(parseDropping(''), []);
});

test('addresses go round, from the one after the last, and leave the gateway out', t => {
	const [range] = rangesOf(internal);
	const values = (last?: bigint): number[] => range === undefined ? [] : [...candidates(range, last === undefined ? undefined : range.subnet.base + last)].map(value => Number(value - range.subnet.base));
	t.deepEqual(values(), [2, 3, 4, 5, 6]);
	t.deepEqual(values(4n), [5, 6, 2, 3, 4]);
	t.deepEqual(values(6n), [2, 3, 4, 5, 6]);
});

test('a damaged record, and one of a newer version, are told apart', t => {
	t.throws(() => parseNetwork('', '/x'), {message: /^cannot read a network's state: \/x: it is damaged/});
	t.throws(() => parseNetwork('{"version": 2}', '/x'), {message: /version 2 is of a newer Cloche/});
	t.throws(() => parseNetwork(JSON.stringify({...base, bridge: 'eth0'}), '/x'), {message: /damaged/});
	t.deepEqual(parseNetwork(JSON.stringify(base), '/x'), base);
});

test('names that DNS can ask for', t => {
	for (const name of ['db', 'DB-1', 'my_service', 'a.b.c', '1']) {
		t.true(isHostName(name), name);
	}

	for (const name of ['', '-a', 'a-', 'a..b', '.', 'x'.repeat(64), 'a/b', '../x', 'a b']) {
		t.false(isHostName(name), name);
		t.throws(() => {
			requireAlias(name);
		});
	}
});
