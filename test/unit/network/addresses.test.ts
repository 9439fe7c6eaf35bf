/** Addresses and subnets: what is read, what is refused, what overlaps. */

import test from 'ava';
import {ClocheError} from '../../../orchestrator/base/errors.js';
import {formatAddress, parseAddress} from '../../../orchestrator/network/address.js';
import {macOf, parseMac} from '../../../orchestrator/network/mac.js';
import {contains, encloses, formatSubnet, isUsable, overlap, parseSubnet, readSubnet, type Subnet, usable} from '../../../orchestrator/network/subnet.js';

const subnet = (text: string): Subnet => {
	const read = readSubnet(text);
	if (read === undefined) {
		throw new Error(text);
	}

	return read;
};

const again = (text: string): string | undefined => {
	const address = parseAddress(text);
	return address === undefined ? undefined : formatAddress(address);
};

for (const [text, canonical] of [
	['10.89.0.1', '10.89.0.1'],
	['255.255.255.255', '255.255.255.255'],
	['::', '::'],
	['::1', '::1'],
	['FD00:0:0:0:0:0:0:1', 'fd00::1'],
	['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
	['2001:0db8:0000:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
	['fe80::', 'fe80::'],
	['::ffff:10.0.0.1', '::ffff:a00:1'],
	['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
] as const) {
	test(`${text} is an address, ${canonical}`, t => {
		t.is(again(text), canonical);
	});
}

for (const text of ['', '10.0.0', '10.0.0.256', '10.0.0.01', '10.0.0.1.2', ' 10.0.0.1', '10.0.0.1\n', ':::', '1::2::3', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '1:2:3:4:5:6:7::8:9', 'fd00::g', 'fd00::12345', '10.0.0.1::', '::1%eth0']) {
	test(`${JSON.stringify(text)} is no address`, t => {
		t.is(again(text), undefined);
	});
}

test('of two subnets that share an address, one encloses the other', t => {
	t.true(overlap(subnet('10.0.0.0/8'), subnet('10.89.0.0/24')));
	t.true(overlap(subnet('10.89.0.0/24'), subnet('10.0.0.0/8')));
	t.true(encloses(subnet('10.0.0.0/8'), subnet('10.89.0.0/24')));
	t.false(encloses(subnet('10.89.0.0/24'), subnet('10.0.0.0/8')));
	t.false(overlap(subnet('10.89.0.0/24'), subnet('10.89.1.0/24')));
	t.false(overlap(subnet('0.0.0.0/0'), subnet('::/0')));
	t.true(contains(subnet('10.89.0.0/24'), {family: 4, value: subnet('10.89.0.255/32').base}));
});

test('the ends of a subnet are nobody\'s, but the last of IPv6', t => {
	const ends = usable(subnet('10.89.0.0/29'));
	t.is(formatAddress({family: 4, value: ends.first}), '10.89.0.1');
	t.is(formatAddress({family: 4, value: ends.last}), '10.89.0.6');
	t.false(isUsable(subnet('10.89.0.0/29'), {family: 4, value: subnet('10.89.0.7/32').base}));
	t.is(formatAddress({family: 6, value: usable(subnet('fd00::/126')).last}), 'fd00::3');
});

for (const [text, pattern] of [
	['10.1.2.3', /an address and a length; give .*10\.1\.2\.0\/24/],
	['10.1.2.0/33', /an address and a length/],
	['ten/24', /an address and a length/],
	['10.1.2.3/24', /past its first 24; give 10\.1\.2\.0\/24/],
	['fd00::1/64', /past its first 64; give fd00::\/64/],
	['10.1.2.0/31', /no room .*; give a length of 30 at most/],
	['fd00::/127', /no room .*; give a length of 126 at most/],
	['127.0.0.0/24', /127\.0\.0\.0\/8 has another purpose/],
	['0.0.0.0/0', /has another purpose/],
	['239.1.0.0/16', /224\.0\.0\.0\/3/],
	['fe80::/64', /fe80::\/10/],
	['ff02::/64', /ff00::\/8/],
] as const) {
	test(`no network has ${text}`, t => {
		const error = t.throws(() => parseSubnet(text), {instanceOf: ClocheError});
		t.regex(error.message, pattern);
		t.true(error.message.includes(text));
	});
}

test('a subnet is written as it is read', t => {
	for (const text of ['10.1.2.0/24', '192.168.0.0/30', 'fd12:3456:789a::/64', '2001:db8::/32']) {
		t.is(formatSubnet(parseSubnet(text)), text);
	}
});

test('a hardware address is made of an address, and is locally administered', t => {
	t.is(macOf({family: 4, value: subnet('10.89.0.2/32').base}), '02:c1:0a:59:00:02');
	t.deepEqual([...parseMac('02:c1:0A:59:00:02')], [2, 0xC1, 10, 89, 0, 2]);
	for (const text of ['', '02:c1:0a:59:00', '02-c1-0a-59-00-02', '01:00:00:00:00:00', 'ff:ff:ff:ff:ff:ff', '00:00:00:00:00:00']) {
		t.throws(() => parseMac(text), {instanceOf: ClocheError}, text);
	}
});
