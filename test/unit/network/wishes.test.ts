/** What somebody wishes for, the pool, and this machine's routes: which subnets come of it. */

import test from 'ava';
import {ClocheError} from '../../../orchestrator/base/errors.js';
import {parseRoutes6, parseTrie, type Route} from '../../../orchestrator/host/routes.js';
import {chooseSubnet, randomSubnet6, readPools} from '../../../orchestrator/network/pool.js';
import type {NetworkRecord} from '../../../orchestrator/network/record.js';
import {formatSubnet, readSubnet, type Subnet} from '../../../orchestrator/network/subnet.js';
import {planSubnets, readWishes, type SubnetWishes} from '../../../orchestrator/network/wishes.js';

const subnets = (...texts: string[]): Subnet[] => texts.map(text => readSubnet(text)).filter(subnet => subnet !== undefined);

const route = (text: string, connected = true): Route[] => subnets(text).map(subnet => ({...subnet, connected}));

const network = (name: string, ...texts: string[]): NetworkRecord => ({
	version: 1, id: `${name}00000000000`, name, bridge: 'clo00000000', internal: false, mtu: 1500, labels: {}, created: '2026-11-23T00:00:00.000Z',
	subnets: texts.map(text => ({subnet: text, gateway: text.replace(/0\/\d+$/, '1')})),
});

const plan = (wishes: SubnetWishes, networks: NetworkRecord[] = [], routes: Route[] = [], pools?: string): string[] =>
	planSubnets(readWishes(wishes), networks, routes, pools).map(({subnet, gateway}) => `${subnet} ${gateway}`);

test('without wishes, the first of the pool that nobody has', t => {
	t.deepEqual(plan({}), ['10.89.0.0/24 10.89.0.1']);
	t.deepEqual(plan({}, [network('a', '10.89.0.0/24')]), ['10.89.1.0/24 10.89.1.1']);
	t.deepEqual(plan({}, [network('a', '10.89.0.0/24')], route('10.89.1.128/25')), ['10.89.2.0/24 10.89.2.1']);
	t.deepEqual(plan({}, [], route('10.89.0.0/16', false)), ['10.90.0.0/24 10.90.0.1']);
	t.deepEqual(plan({}, [], route('10.0.0.0/8', false)), ['172.24.0.0/24 172.24.0.1'], 'a tunnel that covers all of 10/8');
});

test('the pool can be another, and be used up', t => {
	t.deepEqual(plan({}, [], [], '192.168.8.0/23'), ['192.168.8.0/24 192.168.8.1']);
	t.deepEqual(plan({}, [], [], '192.168.8.0/28, 192.168.9.0/28'), ['192.168.8.0/28 192.168.8.1']);
	const both = [network('a', '192.168.8.0/24'), network('b', '192.168.9.0/24')];
	t.throws(() => plan({}, both, [], '192.168.8.0/23'), {instanceOf: ClocheError, message: /^no subnet is left: 192\.168\.8\.0\/23: .*; .*CLOCHE_SUBNETS/});
	t.throws(() => plan({}, [], [], 'nonsense'), {instanceOf: ClocheError, message: /nonsense/});
	t.throws(() => plan({}, [], [], 'fd00::/64'), {instanceOf: ClocheError, message: /CLOCHE_SUBNETS/});
});

test('hundreds of networks each get their own', t => {
	const taken: Subnet[] = [];
	for (let count = 0; count < 300; count++) {
		taken.push(chooseSubnet(readPools(undefined), taken));
	}

	t.is(new Set(taken.map(subnet => formatSubnet(subnet))).size, 300);
	t.deepEqual(taken.slice(-1).map(subnet => formatSubnet(subnet)), ['10.90.43.0/24']);
});

test('IPv6 is asked for', t => {
	const [four, six = ''] = plan({ipv6: true});
	t.is(four, '10.89.0.0/24 10.89.0.1');
	t.regex(six, /^fd[\da-f:]+::\/64 fd[\da-f:]+::1$/);
	t.deepEqual(plan({subnets: ['fd12::/64']}), ['10.89.0.0/24 10.89.0.1', 'fd12::/64 fd12::1']);
	t.deepEqual(plan({subnets: ['fd12::/64'], ipv6: true}), ['10.89.0.0/24 10.89.0.1', 'fd12::/64 fd12::1']);
	t.is(formatSubnet(randomSubnet6(() => 0)), 'fd00::/64');
	t.is(formatSubnet(randomSubnet6(() => 0.999_999_999_999_999_9)), 'fdff:ffff:ffff::/64');
});

test('a gateway of one\'s own', t => {
	t.deepEqual(plan({subnets: ['10.1.2.0/24', 'fd12::/64'], gateways: ['fd12::42', '10.1.2.254']}), ['10.1.2.0/24 10.1.2.254', 'fd12::/64 fd12::42']);
});

for (const [what, wishes, pattern] of [
	['a gateway without a subnet', {gateways: ['10.1.2.1']}, /without its subnet: 10\.1\.2\.1; give --subnet/],
	['a gateway outside', {subnets: ['10.1.2.0/24'], gateways: ['10.1.3.1']}, /isn't in the subnet: 10\.1\.3\.1: 10\.1\.2\.0\/24/],
	['the subnet\'s own address', {subnets: ['10.1.2.0/24'], gateways: ['10.1.2.0']}, /can't have that address/],
	['the broadcast address', {subnets: ['10.1.2.0/24'], gateways: ['10.1.2.255']}, /can't have that address/],
	['no address', {subnets: ['10.1.2.0/24'], gateways: ['router']}, /not an address: router/],
	['two subnets of one family', {subnets: ['10.1.2.0/24', '10.1.3.0/24']}, /more than one subnet of IPv4: 10\.1\.3\.0\/24/],
	['two gateways of one family', {subnets: ['10.1.2.0/24'], gateways: ['10.1.2.1', '10.1.2.2']}, /more than one gateway of IPv4/],
] as const) {
	test(`refused: ${what}`, t => {
		t.regex(t.throws(() => plan(wishes), {instanceOf: ClocheError}).message, pattern);
	});
}

test('a subnet that somebody has is refused, and who has it is named', t => {
	t.regex(t.throws(() => plan({subnets: ['10.1.0.0/16']}, [network('other', '10.1.2.0/24')])).message, /overlaps a network's: 10\.1\.0\.0\/16: other has 10\.1\.2\.0\/24/);
	t.regex(t.throws(() => plan({subnets: ['10.1.2.0/24']}, [], route('10.1.0.0/16'))).message, /overlaps a route of this machine: 10\.1\.2\.0\/24: 10\.1\.0\.0\/16/);
	t.regex(t.throws(() => plan({subnets: ['10.1.0.0/16']}, [], route('10.1.2.0/24', false))).message, /overlaps a route/);
	t.deepEqual(plan({subnets: ['10.1.2.0/24']}, [], route('10.0.0.0/8', false)), ['10.1.2.0/24 10.1.2.1'], 'a wider route through a gateway is no obstacle');
});

test('routes are read from the kernel\'s trie, of all tables, but for the default one', t => {
	const text = `Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 10.8.0.0/16 2 0 2
        |-- 10.8.0.0
           /16 universe UNICAST
     |-- 192.0.2.0
        /24 link UNICAST
        /25 link UNICAST
     |-- 192.0.2.2
        /32 host LOCAL
Id 51820:
     |-- 172.30.0.0
        /16 link UNICAST
`;
	t.deepEqual(parseTrie(text).map(one => `${formatSubnet(one)} ${one.connected}`), [
		'10.8.0.0/16 false', '192.0.2.0/24 true', '192.0.2.0/25 true', '192.0.2.2/32 true', '172.30.0.0/16 true',
	]);
});

test('routes of IPv6', t => {
	const text = `fd000000000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0
fe800000000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000002 00000000 00000001     eth0
00000000000000000000000000000000 00 00000000000000000000000000000000 00 fd000000000000000000000000000001 00000400 00000002 00000000 00000003     eth0
20010db8000000000000000000000000 20 00000000000000000000000000000000 00 fd000000000000000000000000000001 00000400 00000002 00000000 00000003     eth0
ff000000000000000000000000000000 08 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000005 00000000 00000001     eth0
`;
	t.deepEqual(parseRoutes6(text).map(one => `${formatSubnet(one)} ${one.connected}`), ['fd00::/64 true', '2001:db8::/32 false']);
});
