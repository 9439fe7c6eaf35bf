/** Faults: how they add up, what nft and tc are told of them, and that nft's own words tell the same again. */

import test from 'ava';
import {type HarmWords, parseDelay, parseLoss, parseRate, readHarm} from '../../../orchestrator/container/options/degradation.js';
import {cut, degrade, type Faults, isHealthy, isolate, NO_FAULTS, onLinks, rejoin} from '../../../orchestrator/network/faults/model.js';
import {lacksQueue, parseQueues, queueLines} from '../../../orchestrator/network/faults/queues.js';
import {faultRules, parseFaults, PLACES} from '../../../orchestrator/network/faults/rules.js';
import {viewFaults} from '../../../orchestrator/network/faults/words.js';

const b = {id: 'bbbbbbbbbbbb', addresses: ['10.89.0.3', 'fd12::3']};
const c = {id: 'cccccccccccc', addresses: ['10.89.0.4']};

test('faults add up, and each kind is replaced by its like', t => {
	let faults: Faults = degrade(NO_FAULTS, ['eth0', 'eth1'], {loss: 100_000});
	faults = degrade(faults, ['eth0'], {rate: 1_000_000});
	faults = degrade(faults, ['eth0'], {loss: 5000}, b);
	faults = degrade(faults, ['eth0'], {loss: 200_000});
	t.deepEqual(faults.degradations, [
		{link: 'eth1', loss: 100_000}, {link: 'eth0', loss: 5000, to: b.id}, {link: 'eth0', loss: 200_000, rate: 1_000_000},
	]);
	t.deepEqual(faults.addresses, {[b.id]: b.addresses});
	t.deepEqual(onLinks(faults, ['eth1']), {...NO_FAULTS, degradations: [{link: 'eth1', loss: 100_000}]});
});

test('a zero takes a harm away, a new delay its old jitter, and nothing is left of nothing', t => {
	const faults = degrade(NO_FAULTS, ['eth0'], {delay: 1000, jitter: 10, loss: 1}, b);
	t.deepEqual(degrade(faults, ['eth0'], {delay: 5}, b).degradations, [{link: 'eth0', to: b.id, delay: 5, loss: 1}]);
	t.deepEqual(degrade(faults, ['eth0'], {delay: 0, loss: 0}, b), NO_FAULTS);
	const both = cut(faults, b);
	t.deepEqual(rejoin(both, b.id), faults, 'its address is still needed');
	t.true(isHealthy(rejoin(cut(NO_FAULTS, b), b.id)));
	t.deepEqual(cut(cut(NO_FAULTS, b), b).cuts, [b.id]);
});

/** As nft prints it again: a set's elements on lines of their own. */
const reprinted = (text: string): string => text
	.replaceAll(/set (\S+) \{ type (\S+); elements = \{ (.*) \}; \}/g, 'set $1 {\n\t\ttype $2\n\t\telements = { $3 }\n\t}')
	.replace(/table netdev cloche_faults \{[^]*$/, '');

test('what the rules tell is what was asked for', t => {
	let faults = isolate(cut(NO_FAULTS, b));
	faults = degrade(faults, ['eth0'], {loss: 1_000_000, rate: 8000, delay: 1, jitter: 1});
	faults = degrade(faults, ['eth0', 'eth1'], {rate: 100_000_000_000, loss: 1}, c);
	for (const place of PLACES) {
		const text = reprinted(faultRules(faults, ['eth0', 'eth1'], place)).replaceAll(/^(?:delete )?table inet cloche_faults$/gm, '');
		const read = parseFaults(text);
		t.deepEqual({...read, addresses: {}}, {...faults, addresses: {}}, place);
		t.deepEqual(read.addresses, {[b.id]: b.addresses, [c.id]: c.addresses});
	}

	const renewed = reprinted(faultRules(degrade(NO_FAULTS, ['eth0'], {loss: 1}), ['eth0'], 'link')).replaceAll('iif "eth0"', 'iif 2');
	t.true(isHealthy(parseFaults(renewed)), 'of a link that is gone');
	t.deepEqual(parseFaults(undefined), NO_FAULTS);
	t.true(faultRules(faults, ['eth0'], 'link').split('\n').every(line => !(/comment "([^"]*)"/.exec(line)?.[1] ?? '').slice(128)), 'nft takes no longer comments');
});

test('what is healed is deleted, where there is nothing, too', t => {
	t.is(faultRules(NO_FAULTS, ['eth0'], 'link'), 'table inet cloche_faults\ndelete table inet cloche_faults\ntable netdev cloche_faults\ndelete table netdev cloche_faults\n');
	t.is(faultRules(NO_FAULTS, ['eth0'], 'postrouting alone'), 'table inet cloche_faults\ndelete table inet cloche_faults\n');
});

test('a rate is tbf\'s, a delay netem\'s around it, and containers of their own are htb\'s within', t => {
	t.deepEqual(queueLines(degrade(NO_FAULTS, ['eth0'], {loss: 5}), 'eth0', 1500), []);
	t.deepEqual(queueLines(degrade(NO_FAULTS, ['eth0'], {rate: 1_000_000}), 'eth0', 1500), ['qdisc add dev eth0 root handle c10d: tbf rate 1000000bit burst 3028 limit 65536']);
	t.deepEqual(queueLines(degrade(NO_FAULTS, ['eth0'], {rate: 1_000_000}), 'eth1', 1500), []);
	const faults = degrade(degrade(NO_FAULTS, ['eth0'], {rate: 1_000_000_000, delay: 100_000, jitter: 5000}), ['eth0'], {rate: 8000, loss: 5}, b);
	t.deepEqual(queueLines(degrade(faults, ['eth0'], {delay: 7}, c), 'eth0', 9000), [
		'qdisc add dev eth0 root handle c10c: netem limit 10000 delay 100000us 5000us',
		'qdisc add dev eth0 parent c10c:1 handle c10d: tbf rate 1000000000bit burst 1250000 limit 12500000',
		'qdisc add dev eth0 parent c10d:1 handle c10e: htb default 1',
		'class add dev eth0 parent c10e: classid c10e:1 htb rate 100gbit quantum 60000',
		'qdisc add dev eth0 parent c10e:1 bfifo limit 12500000',
		'class add dev eth0 parent c10e: classid c10e:2 htb rate 100gbit quantum 60000',
		'qdisc add dev eth0 parent c10e:2 tbf rate 8000bit burst 18028 limit 65536',
		'class add dev eth0 parent c10e: classid c10e:3 htb rate 100gbit quantum 60000',
		'qdisc add dev eth0 parent c10e:3 handle c203: netem limit 1389 delay 7us',
	]);
	t.deepEqual(queueLines(degrade(NO_FAULTS, ['eth0'], {delay: 1000, rate: 8000}, b), 'eth0', 1500), [
		'qdisc add dev eth0 root handle c10e: htb default 1',
		'class add dev eth0 parent c10e: classid c10e:1 htb rate 100gbit quantum 60000',
		'class add dev eth0 parent c10e: classid c10e:2 htb rate 100gbit quantum 60000',
		'qdisc add dev eth0 parent c10e:2 handle c202: netem limit 10000 delay 1000us',
		'qdisc add dev eth0 parent c202:1 tbf rate 8000bit burst 3028 limit 65536',
	]);
	t.regex(faultRules(faults, ['eth0'], 'link'), /oif "eth0" ip daddr @peer4_b+ jump out_1[^]*oif "eth0" ip6 daddr @peer6_b+ jump out_1/);
	t.regex(faultRules(faults, ['eth0'], 'link'), /meta priority set c10e:2/);
});

test('queues of others aren\'t ours', t => {
	t.deepEqual(parseQueues('qdisc noqueue 0: dev lo root refcnt 2 \nqdisc tbf c10d: dev eth0 root refcnt 3 rate 1Mbit\nqdisc tbf 1: dev eth1 root\nqdisc htb c10e: dev eth2 parent c10d:1\n'), ['eth0']);
	t.true(lacksQueue('Error: Specified qdisc kind is unknown.\nCommand failed -:1'));
});

const refuses = (t: {throws: (act: () => void, expected: {message: RegExp}) => unknown}, words: HarmWords, message: RegExp): void => {
	t.throws(() => readHarm(words, option => `--${option}`), {message});
};

test('values are read at the door', t => {
	t.deepEqual(['0%', '10%', '0.5%', '100%', '33.3333%'].map(text => parseLoss(text)), [0, 100_000, 5000, 1_000_000, 333_333]);
	t.deepEqual(['100ms', '1s', '1.5ms', '50us', '0'].map(text => parseDelay(text)), [100_000, 1_000_000, 1500, 50, 0]);
	t.deepEqual(['1kbit', '1.5Mbit', '1gbit', '8000bit', '0'].map(text => parseRate(text)), [1000, 1_500_000, 1e9, 8000, 0]);
	t.deepEqual(readHarm({loss: '1%', delay: '10ms', jitter: '10ms', rate: '1mbit'}, String), {loss: 10_000, delay: 10_000, jitter: 10_000, rate: 1e6});
	refuses(t, {}, /^nothing to make worse; give --loss, --delay or --rate$/);
	for (const loss of ['10', '101%', '-1%', '%', '1e1%', '0.00001%', '', ' 1%']) {
		refuses(t, {loss}, /^--loss .*: not a percentage; give one from 0% to 100%/);
	}

	for (const delay of ['100', '1x', '-1s', '', '61s', '1s; ls']) {
		refuses(t, {delay}, /^--delay .*; give /);
	}

	for (const rate of ['1', '1mbps', '1 mbit', '', '1bit', '101gbit', 'mbit', '-1mbit']) {
		refuses(t, {rate}, /^--rate .*; give /);
	}

	refuses(t, {jitter: '1ms'}, /^--jitter 1ms: without --delay; /);
	refuses(t, {jitter: '2ms', delay: '1ms'}, /^--jitter 2ms: more than --delay; /);
});

test('they are listed in the units that they were given in', t => {
	const faults = degrade(cut(isolate(NO_FAULTS), c), ['eth1'], {loss: 5000, delay: 1500, jitter: 1000, rate: 1_500_000}, b);
	t.deepEqual(viewFaults(faults, [{link: 'eth1', network: 'tests', mtu: 1500}]), [
		{kind: 'isolate'}, {kind: 'partition', to: c.id}, {kind: 'degrade', network: 'tests', to: b.id, loss: '0.5%', delay: '1500us', jitter: '1ms', rate: '1500kbit'},
	]);
});
