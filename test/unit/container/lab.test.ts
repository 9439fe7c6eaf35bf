/** From a lab's definition to its networks and containers; whatever is wrong with it is told by its path. */

import test from 'ava';
import {ClocheError} from '../../../orchestrator/base/errors.js';
import {readLab} from '../../../orchestrator/container/lab/read.js';
import type {NetworkRecord} from '../../../orchestrator/network/record.js';
import {rulesText} from '../../../orchestrator/network/rules.js';

const lab = (members: object): unknown => ({name: 'demo', networks: {front: null, back: null}, ...members});
const member = (members: object): unknown => lab({containers: {db: {image: 'busybox', networks: ['back'], ...members}}});

const WRONG: ReadonlyArray<readonly [definition: unknown, where: string, why: RegExp]> = [
	['text', 'lab', /^it is a string$/],
	[[], 'lab', /^it is a list$/],
	[lab({netwroks: {}}), 'lab', /^unknown option 'netwroks'$/],
	[lab({name: undefined}), 'name', /^there is none$/],
	[lab({name: null}), 'name', /^there is none$/],
	[lab({name: 7}), 'name', /^7 can't be a name$/],
	[lab({name: ['demo']}), 'name', /can't be a name$/],
	[lab({name: ''}), 'name', /^"" can't be a name$/],
	[lab({name: '../x'}), 'name', /can't be a name$/],
	[lab({name: 'a\nb'}), 'name', /can't be a name$/],
	[lab({name: 'x'.repeat(61)}), 'name', /can't be a name$/],
	[lab({name: 'user'}), 'name', /^user means the networks that are no lab's$/],
	[{name: 'demo'}, 'networks', /^there are none$/],
	[lab({networks: {}}), 'networks', /^there are none$/],
	[lab({networks: null}), 'networks', /^it is null$/],
	[lab({networks: ['front']}), 'networks', /^it is a list$/],
	[lab({networks: 5}), 'networks', /^it is a number$/],
	[lab({networks: {'a b': null}}), 'networks.a b', /can't be a name$/],
	[lab({networks: {['x'.repeat(61)]: null}}), `networks.${'x'.repeat(61)}`, /can't be a name$/],
	[lab({networks: JSON.parse('{"__proto__": {}}') as unknown}), 'networks.__proto__', /can't be a name$/],
	[lab({networks: {front: []}}), 'networks.front', /^it is a list$/],
	[lab({networks: {front: 'x'}}), 'networks.front', /^it is a string$/],
	[lab({networks: {front: {subnets: '10.1.0.0/24'}}}), 'networks.front', /^unknown option 'subnets'$/],
	[lab({networks: {front: {parent: 'user'}}}), 'networks.front', /^unknown option 'parent'$/],
	[lab({networks: {front: {subnet: null}}}), 'networks.front.subnet', /^it is null$/],
	[lab({networks: {front: {subnet: 10}}}), 'networks.front.subnet', /^it is 10$/],
	[lab({networks: {front: {subnet: ['10.1.0.0/24', 3]}}}), 'networks.front.subnet', /^it is \["10\.1\.0\.0\/24",3\]$/],
	[lab({networks: {front: {subnet: '10.1.0.0/33'}}}), 'networks.front', /^10\.1\.0\.0\/33: not a network's subnet/],
	[lab({networks: {front: {subnet: ['10.1.0.0/24', '10.2.0.0/24']}}}), 'networks.front', /^10\.2\.0\.0\/24: more than one subnet of IPv4/],
	[lab({networks: {front: {gateway: '10.1.0.1'}}}), 'networks.front', /^10\.1\.0\.1: a gateway without its subnet/],
	[lab({networks: {front: {gateway: {}}}}), 'networks.front.gateway', /^it is \{\}$/],
	[lab({networks: {front: {ipv6: 'yes'}}}), 'networks.front.ipv6', /^it is "yes"$/],
	[lab({networks: {front: {internal: null}}}), 'networks.front.internal', /^it is null$/],
	[lab({networks: {front: {mtu: '1500'}}}), 'networks.front.mtu', /^it is "1500"$/],
	[lab({router: 'side'}), 'router', /^there is no network side$/],
	[lab({router: ['front', 'side']}), 'router', /^there is no network side$/],
	[lab({router: null}), 'router', /^it is null$/],
	[lab({router: {front: true}}), 'router', /^it is \{"front":true\}$/],
	[lab({router: [1]}), 'router', /^it is \[1\]$/],
	[lab({outbound: 'true'}), 'outbound', /^it is "true"$/],
	[lab({containers: ['db']}), 'containers', /^it is a list$/],
	[lab({containers: 3}), 'containers', /^it is a number$/],
	[lab({containers: {'-db': {}}}), 'containers.-db', /can't be a name$/],
	[lab({containers: {'db-': {}}}), 'containers.db-', /^not a name for a network$/],
	[lab({containers: {db: []}}), 'containers.db', /^it is a list$/],
	[lab({containers: {db: 'busybox'}}), 'containers.db', /^it is a string$/],
	[lab({containers: {db: {image: 'busybox'}}}), 'containers.db.networks', /^it isn't said which networks it is on$/],
	[member({hostnam: 'x'}), 'containers.db', /^unknown option 'hostnam'$/],
	...['name', 'network', 'detach', 'ip', 'ip6', 'macAddress', 'networkAlias', 'rm'].map(option => [member({[option]: 'x'}), 'containers.db', new RegExp(`^unknown option '${option}'$`)] as const),
	[member({image: 3}), 'containers.db.image', /^it is a number$/],
	[member({image: null}), 'containers.db.image', /^it is null$/],
	[member({command: 'sleep 3'}), 'containers.db.command', /^it is "sleep 3"$/],
	[member({command: ['sleep', 3]}), 'containers.db.command', /^it is \["sleep",3\]$/],
	[member({command: null}), 'containers.db.command', /^it is null$/],
	[member({publish: null}), 'containers.db.publish', /^it is null$/],
	[member({label: null}), 'containers.db.label', /^it is null$/],
	[member({networks: null}), 'containers.db.networks', /^it is null$/],
	[member({networks: 'back'}), 'containers.db.networks', /^it is a string$/],
	[member({networks: ['side']}), 'containers.db.networks', /^there is no network side$/],
	[member({networks: ['demo_back']}), 'containers.db.networks', /^there is no network demo_back$/],
	[member({networks: ['back', 'back']}), 'containers.db.networks', /^back stands there twice$/],
	[member({networks: ['back', 3]}), 'containers.db.networks', /^it is \["back",3\]$/],
	[member({networks: {constructor: null}}), 'containers.db.networks', /^there is no network constructor$/],
	[member({networks: {back: '10.2.0.10'}}), 'containers.db.networks.back', /^it is a string$/],
	[member({networks: {back: ['10.2.0.10']}}), 'containers.db.networks.back', /^it is a list$/],
	[member({networks: {back: {addr: 'x'}}}), 'containers.db.networks.back', /^unknown option 'addr'$/],
	[member({networks: {back: {name: 'x'}}}), 'containers.db.networks.back', /^unknown option 'name'$/],
	[member({networks: {back: {ip: 10}}}), 'containers.db.networks.back.ip', /^it is a number$/],
	[member({networks: {back: {ip: null}}}), 'containers.db.networks.back.ip', /^it is null$/],
	[member({networks: {back: {ip: '10.2.0.256'}}}), 'containers.db.networks.back.ip', /^not an address$/],
	[member({networks: {back: {ip: 'fd00::1'}}}), 'containers.db.networks.back.ip', /^not an address$/],
	[member({networks: {back: {ip6: '10.2.0.10'}}}), 'containers.db.networks.back.ip6', /^not an address$/],
	[member({networks: {back: {mac: '01:00:00:00:00:01'}}}), 'containers.db.networks.back.mac', /^it is a group's hardware address$/],
	[member({networks: {back: {alias: null}}}), 'containers.db.networks.back.alias', /^it is null$/],
	[member({networks: {back: {alias: ['x', 3]}}}), 'containers.db.networks.back.alias', /^it is \["x",3\]$/],
	[member({networks: {back: {alias: 'a b'}}}), 'containers.db.networks.back.alias', /^not a name for a network$/],
];

for (const [definition, where, why] of WRONG) {
	test(`refused: ${JSON.stringify(definition).slice(0, 200)} (${where})`, t => {
		const error = t.throws(() => readLab(definition), {instanceOf: ClocheError});
		t.is(error.what, 'the lab can\'t be had');
		t.is(error.where, where);
		t.regex(error.why ?? '', why);
		t.not(error.remedy, undefined, 'it says what to do');
		t.false(error.message.includes('\n'));
	});
}

test('a typing mistake is met by what was meant', t => {
	t.regex(t.throws(() => readLab(lab({contianers: {}}))).message, /did you mean 'containers'\?/);
	t.regex(t.throws(() => readLab(lab({networks: {front: {subent: ''}}}))).message, /did you mean 'subnet'\?/);
	t.regex(t.throws(() => readLab(member({comand: []}))).message, /did you mean 'command'\?/);
	t.regex(t.throws(() => readLab(member({networks: {back: {alais: 'x'}}}))).message, /did you mean 'alias'\?/);
});

test('a container\'s networks: a list, an object, or the only one that there is; in that order, each by its own name', t => {
	const networksOf = (definition: unknown): unknown => readLab(definition).members[0]?.options.network;
	const [front, back] = [{name: 'demo_front', alias: ['db']}, {name: 'demo_back', alias: ['db']}];
	t.deepEqual(networksOf(member({networks: ['back', 'front']})), [back, front]);
	t.deepEqual(networksOf(member({networks: {back: null, front: {}}})), [back, front]);
	t.deepEqual(networksOf(member({networks: {front: {ip: '10.1.0.9', ip6: 'FD00::9', mac: '02-42-AC-11-00-02', alias: ['primary', 'db']}}})),
		[{name: 'demo_front', ip: '10.1.0.9', ip6: 'fd00::9', mac: '02:42:ac:11:00:02', alias: ['db', 'primary']}]);
	t.deepEqual(networksOf(member({networks: {front: {alias: 'primary'}}})), [{...front, alias: ['db', 'primary']}]);
	t.deepEqual(networksOf({name: 'demo', networks: {front: null}, containers: {db: {image: 'busybox'}}}), [front]);
	t.deepEqual(networksOf(member({networks: []})), [], 'on none');
});

test('what isn\'t said: no router, no way out, no containers, names of its own', t => {
	const {name, networks, members} = readLab({networks: {front: null}}, 'found');
	t.is(name, 'found');
	t.deepEqual(members, []);
	t.deepEqual([...networks], [['front', {name: 'found_front', subnets: [], gateways: [], ipv6: false, internal: false, labels: {'cloche.lab': 'found'}, parent: {name: 'found', outbound: false}, routed: false}]]);
	t.is(readLab({name: 'own', networks: {front: null}}, 'found').name, 'own');
});

test('a container is called after its lab, and bears its label beside its own; its host name is its own', t => {
	const [first] = readLab(member({command: ['sleep', '3'], label: {a: 'b'}, publish: 80})).members;
	t.like(first, {name: 'db', image: 'busybox', command: ['sleep', '3']});
	t.like(first?.options, {name: 'demo-db', hostname: 'db', publish: 80});
	t.deepEqual(first?.options.label, ['a=b', 'cloche.lab=demo']);
	t.is(readLab(member({hostname: 'other'})).members[0]?.options.hostname, 'other');
});

test('the router is between all of them, some, or none', t => {
	const routed = (router: unknown): string[] => [...readLab({name: 'demo', networks: {a: null, b: {internal: true}, c: null}, router}).networks].filter(([, network]) => network.routed).map(([name]) => name);
	t.deepEqual(routed(true), ['a', 'b', 'c']);
	t.deepEqual(routed(['c', 'b']), ['b', 'c']);
	t.deepEqual(routed('a'), ['a']);
	t.deepEqual(routed([]), []);
	t.deepEqual(routed(false), []);
});

test('rules: packets pass between those that are routed, and from each to itself', t => {
	const record = (letter: string, members: Partial<NetworkRecord>): NetworkRecord => ({
		version: 1, id: `${letter.repeat(8)}1234`, name: `demo_${letter}`, bridge: `clo${letter.repeat(8)}`, internal: false, mtu: 1500, labels: {}, created: '2026-11-23T00:00:00.000Z',
		subnets: [{subnet: `10.${letter.codePointAt(0) ?? 0}.0.0/24`, gateway: `10.${letter.codePointAt(0) ?? 0}.0.1`}], ...members,
	});
	const text = rulesText([record('a', {routed: true}), record('b', {routed: true, internal: true}), record('c', {})], '01234567');
	const [, within = ''] = /set within \{\n\t\ttype ifname \. ifname\n\t\telements = \{ (.*) \}/.exec(text) ?? [];
	t.deepEqual(within.replaceAll(/"clo(\w)\w{7}"/g, '$1').split(', '), ['a . a', 'a . b', 'b . a', 'b . b', 'c . c']);
	t.regex(text, /elements = \{ 10\.97\.0\.0\/24, 10\.99\.0\.0\/24 \}/, 'an internal one isn\'t masqueraded, routed or not');
	const chain = text.slice(text.indexOf('chain passing'));
	t.true(chain.indexOf('@within accept') < chain.indexOf('@internal drop'), 'the router comes before what closes an internal one');
});
