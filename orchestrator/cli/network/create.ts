/** `cloche network create`. */

import {ClocheError} from '../../base/errors.js';
import {parseLabel} from '../../container/options/life.js';
import {Unacceptable} from '../../container/options/unacceptable.js';
import {tidyAndWarn} from '../../container/store/networks.js';
import {stateRoots} from '../../container/store/roots.js';
import {createNetwork} from '../../network/create.js';
import type {Command} from '../commands.js';
import {print, warn} from '../output.js';
import {listOf, textOf} from '../values.js';

const labelOf = (word: string): readonly [string, string] => {
	try {
		return parseLabel(word);
	} catch (cause) {
		throw cause instanceof Unacceptable ? new ClocheError(`--label ${word}`, {why: cause.why, remedy: `give ${cause.accepted}`}) : cause;
	}
};

const mtuOf = (text: string | undefined): number | undefined => {
	if (text !== undefined && !/^\d{1,9}$/.test(text)) {
		throw new ClocheError(`--mtu ${text}`, {why: 'not a number', remedy: 'give how many bytes, as 1500'});
	}

	return text === undefined ? undefined : Number(text);
};

export const create: Command = {
	table: {
		name: 'network create',
		operands: 'NETWORK',
		summary: 'Make a network: a bridge on this machine, on which containers reach each other by name. Its id is printed.',
		description: [
			'Without --subnet it gets one of the pool 10.89.0.0/16 and what follows (CLOCHE_SUBNETS sets another) that no route of this machine and no other network covers.',
			'The network cloche is made when it is first used.',
		],
		interspersed: true,
		groups: [{title: 'Options', options: [
			{name: 'subnet', type: 'string', multiple: true, value: 'CIDR', doc: 'its addresses, as 10.1.2.0/24: one of IPv4 and one of IPv6 at most'},
			{name: 'gateway', type: 'string', multiple: true, value: 'IP', doc: 'this machine\'s own address on it', default: 'the first of the subnet'},
			{name: 'ipv6', type: 'boolean', doc: 'addresses of IPv6, too: of a subnet of its own, unless one is given'},
			{name: 'internal', type: 'boolean', doc: 'no way out of it'},
			{name: 'label', type: 'string', multiple: true, value: 'KEY[=VALUE]', doc: 'what you want to find it by'},
			{name: 'mtu', type: 'string', value: 'BYTES', doc: 'the largest packet', default: '1500'},
		]}],
		examples: [
			['cloche network create tests', 'any subnet that is free'],
			['cloche network create --subnet 10.1.2.0/24 --internal backend', 'a subnet of your choice, and no way out'],
		],
	},
	async main(operands, values, {root}) {
		const [name, ...more] = operands;
		if (name === undefined || more.length > 0) {
			throw new ClocheError('network create', {why: name === undefined ? 'no name given' : `more than one name: ${operands.join(' ')}`, remedy: 'give one'});
		}

		const mtu = mtuOf(textOf(values['mtu']));
		const roots = stateRoots({root});
		await tidyAndWarn(roots); // What is in its way may be what somebody left who was killed.
		const {record, warnings} = await createNetwork(roots, {
			name,
			subnets: listOf(values['subnet']),
			gateways: listOf(values['gateway']),
			ipv6: values['ipv6'] === true,
			internal: values['internal'] === true,
			labels: Object.fromEntries(listOf(values['label']).map(word => labelOf(word))),
			...(mtu === undefined ? {} : {mtu}),
		});
		for (const warning of warnings) {
			warn(warning);
		}

		print(`${record.id}\n`);
		return 0;
	},
};
